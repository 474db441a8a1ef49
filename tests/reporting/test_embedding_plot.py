import numpy as np
import pytest

from dcgan_tf.reporting import embedding_plot


@pytest.mark.parametrize(("classes", "shown"), [(3, [0, 1, 2]), (40, range(0, 40, 2))])
def test_twenty_classes_are_named_and_have_points(tmp_path, classes, shown):
    """A $ in a name is no formula."""
    rng = np.random.default_rng(0)
    arrays = {
        "table": rng.normal(size=(classes, 8)),
        "kept": rng.random((classes, 8)),
        "points": rng.normal(size=(2, 120, 2)),
        "labels": np.arange(120) % classes,
    }
    names = [f"${number} or $$" for number in range(classes)]
    figure = embedding_plot.draw(embedding_plot.pyplot(), arrays, "title", names)
    figure.savefig(tmp_path / "embedding.png")
    heat_map, after = figure.axes[0], figure.axes[-1]
    ticks = [label.get_text() for label in heat_map.get_yticklabels()]
    expected = [rf"\${number} or \$\$" for number in shown]
    assert ticks == expected
    assert heat_map.get_yticks().tolist() == list(shown)
    assert [text.get_text() for text in after.get_legend().get_texts()] == expected
    points = after.collections[0].get_offsets()
    assert len(points) == 120 * len(shown) // classes
