"""What of the benchmarks is arithmetic; nothing is timed here."""

import math

import keras
import numpy as np
import pytest

from benchmarks import compare, precision
from dcgan_tf import gans, settings


def multiplications(layer):
    """Of one image forwards, from the shapes of what goes in, of what comes out, and of
    the kernel.
    """
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2DTranspose):  # a kernel for each pixel it reads
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):  # and for each that it writes
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    return 0


@pytest.mark.parametrize(("name", "mode"), [("dcgan", "dcgan"), ("acgan, paired", "acgan")])
def test_the_work_counted_by_hand_is_that_of_the_networks(name, mode):
    gan = gans.build(settings.new({"mode": mode}, dataset="mnist", classes=10))
    generator, first_dense, discriminator, first_convolution = compare.WORK[name]
    by_layer = [multiplications(layer) for layer in gan.generator.layers]
    assert sum(by_layer) == generator
    # An embedding before the first layer wants its gradient by the inputs, too.
    embedded = "label_embedding" in [layer.name for layer in gan.generator.layers]
    assert first_dense == (0 if embedded else next(filter(None, by_layer)))
    by_layer = [multiplications(layer) for layer in gan.discriminator.layers]
    assert sum(by_layer) == discriminator
    assert next(filter(None, by_layer)) == first_convolution


def test_a_step_is_forwards_and_backwards_as_often_as_it_is_wanted(monkeypatch):
    """Generator of 100, 10 of them without use for inputs; discriminator of 7 and 2."""
    monkeypatch.setitem(compare.WORK, "toy", (100, 10, 7, 2))
    forwards = 100 + 7 + 7
    by_weights = 100 + 7 + 7
    by_inputs = (100 - 10) + (7 - 2) + (7 - 2) + 7
    assert compare.work("toy", 3) == 2 * 3 * (forwards + by_weights + by_inputs)


def test_ratios_are_those_of_the_same_turn():
    measured = {"dcgan": {"seconds": [1, 2, 4]}, "tutorial": {"seconds": [3, 2, 8]}}
    (found,) = compare.ratios(measured)
    assert (found["median"], found["lowest"], found["highest"]) == (2, 1, 3)


def test_the_limit_is_a_product_in_the_same_precision_and_run(monkeypatch):
    monkeypatch.setitem(compare.WORK, "toy", (0, 0, 1, 1))  # 5 of which count two each
    measured = {
        "toy, float32": {
            "batch_size": 10,
            "seconds": [1, 5, 4],
            "batch_seconds": 0.03,
            "call_seconds": 0.01,
        },
        "toy, deterministic": {},
        "matmul, float32": {"seconds": [0.5, 0.25, 1]},
    }
    (found,) = compare.limits(measured)
    assert found["name"] == "toy, float32"
    assert found["gflop/s"] == pytest.approx(100e-9 / 4)
    product = 2 * 2048**3 / 1e9
    assert found["matmul's gflop/s"] == pytest.approx(product / 0.5)
    assert found["at best"] == pytest.approx(product / 0.25)
    assert found["outside"] == pytest.approx(0.01)


def test_a_gradients_distance_is_told_as_a_share_of_its_length():
    exact = [np.array([3.0, 4.0]), np.array([0.0, 15.0])]  # of lengths 5 and 15: 10
    rough = [np.array([3.0, 5.0]), np.array([3.0, 15.0])]  # 1 and 3 away: 2
    apart = np.hypot(3, 11)
    assert np.allclose(precision.distances(exact, rough), (0.2, apart / 10))
