"""Figures by matplotlib, and the line where it is not installed."""

import sys

import numpy as np
import pytest

from dcgan_tf.reporting import plots
from dcgan_tf.support import errors


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
    figure = plots.embedding(plots.pyplot(), arrays, "title", names)
    figure.savefig(tmp_path / "embedding.png")
    heat_map, after = figure.axes[0], figure.axes[-1]
    ticks = [label.get_text() for label in heat_map.get_yticklabels()]
    expected = [rf"\${number} or \$\$" for number in shown]
    assert ticks == expected
    assert heat_map.get_yticks().tolist() == list(shown)
    assert [text.get_text() for text in after.get_legend().get_texts()] == expected
    points = after.collections[0].get_offsets()
    assert len(points) == 120 * len(shown) // classes


def test_curves_have_a_panel_for_what_the_entries_have():
    """A figure that is not in every entry has points where it is."""
    entries = [
        {"epoch": n, "generator/loss": n * 2.0, "discriminator/loss": 1.0} for n in (1, 2)
    ]
    (losses,) = plots.curves(entries, "a run").axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in losses.lines}
    assert lines == {"discriminator": [[1, 1], [2, 1]], "generator": [[1, 2], [2, 4]]}
    entries[1] |= {"quality/recall": 0.5, "discriminator/class_accuracy_real": 0.25}
    figure = plots.curves(entries, "a run")
    _, accuracies, quality = figure.axes
    assert [line.get_label() for line in accuracies.lines] == ["class real"]
    assert quality.lines[0].get_xydata().tolist() == [[2, 0.5]]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_it_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(errors.UsageError, match=r"run.plot\(\): draws with matplotlib"):
        plots.curves([{"epoch": 1, "generator/loss": 1.0}], "a run")
