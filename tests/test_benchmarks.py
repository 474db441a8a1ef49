"""The arithmetic of the benchmarks; nothing is timed here."""

import json
import math

import keras
import numpy as np
import pytest
from conftest import new_config

from benchmarks import compare, precision, shape, time_to_quality
from dcgan_tf.gans.build import build


def multiplications(layer):
    """Counts those of one image forwards, from the shapes of tensors and kernel."""
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2DTranspose):  # a kernel for each pixel it reads
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):  # and for each that it writes
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    return 0


@pytest.mark.parametrize(
    ("name", "mode", "architecture"),
    [("dcgan", "dcgan", "tf_tutorial"), ("acgan, paired", "acgan", "keras_2018")],
)
def test_the_work_counted_by_hand_is_that_of_the_networks(name, mode, architecture):
    """A network that changed leaves a wrong share of the processor's limit."""
    gan = build(new_config(mode=mode, architecture=architecture))
    generator, first_dense, discriminator, first_convolution = compare.WORK[name]
    by_layer = [multiplications(layer) for layer in gan.generator.layers]
    assert sum(by_layer) == generator
    # An embedding before the first layer wants its gradient by the inputs, too.
    embedded = "label_embedding" in [layer.name for layer in gan.generator.layers]
    assert first_dense == (0 if embedded else next(filter(None, by_layer)))
    by_layer = [multiplications(layer) for layer in gan.discriminator.layers]
    assert sum(by_layer) == discriminator
    assert next(filter(None, by_layer)) == first_convolution


def test_work_and_ratios_by_hand(monkeypatch):
    """A step counts each pass once; ratios are of one turn, not of the medians."""
    # A generator of 100, 10 of them without use for inputs; a discriminator of 7 and 2.
    monkeypatch.setitem(compare.WORK, "toy", (100, 10, 7, 2))
    forwards = by_weights = 100 + 7 + 7
    by_inputs = (100 - 10) + (7 - 2) + (7 - 2) + 7
    assert compare.work("toy", 3) == 2 * 3 * (forwards + by_weights + by_inputs)
    measured = {"dcgan": {"seconds": [1, 2, 4]}, "tutorial": {"seconds": [3, 2, 8]}}
    (ratio,) = compare.ratios(measured)
    assert (ratio["median"], ratio["lowest"], ratio["highest"]) == (2, 1, 3)
    # Distances are of whole gradients, as shares of their mean length.
    exact = [np.array([3.0, 4.0]), np.array([0.0, 15.0])]  # of lengths 5 and 15
    rough = [np.array([3.0, 5.0]), np.array([3.0, 15.0])]  # 1 and 3 away
    assert np.allclose(precision.distances(exact, rough), (10.0, 2.0, np.hypot(3, 11)))


def test_a_curve_has_the_evaluations_of_training_and_the_one_after_it(tmp_path):
    """The evaluation after training is the last point."""
    entries = [
        {"step": 300, "quality/class_accuracy": 0.5, "quality/coverage": 0.25},
        {"step": 600},
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, entries)))
    evaluation = {"of": {"step": 900}, "figures": {"generated": {"coverage": 0.75}}}
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    assert time_to_quality.points(tmp_path, milliseconds=100.0) == [
        (0.5, {"class_accuracy": 0.5, "coverage": 0.25}),
        (1.5, {"coverage": 0.75}),
    ]


TOY = """
import os


def outer():
    import json
    try:
        raise ValueError
    except ValueError:
        raise
"""


def test_the_shape_of_a_checkout_by_hand(tmp_path):
    """Statements are counted by the parser, not by their letters in texts."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "module.py").write_text(TOY + "\nTEXT = 'raise'\n" * 200)
    counts = shape.package_counts(tmp_path)
    assert (counts["raise"], counts["except"]) == (2, 1)
    assert counts["imports inside functions"] == 1
    assert counts["by sub-package"] == {"toy": 410}
    assert counts["files over 300 lines"] == ["toy/module.py (410)"]
