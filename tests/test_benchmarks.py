"""The arithmetic of the benchmarks; nothing is timed here."""

import math

import keras
import numpy as np
import pytest
from conftest import new_config

from benchmarks import compare, precision
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
