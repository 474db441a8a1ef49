import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data import splits
from dcgan_tf.datasets import sources


@pytest.fixture(scope="module")
def held_out():
    return splits.load(sources.find("digits"), "test")


def test_digits_are_1500_and_297_of_all_classes(digits, held_out):
    assert digits.images.shape == (1500, 28, 28, 1)
    assert sources.find("digits").size == 1500
    assert held_out.images.shape == (297, 28, 28, 1)
    for split in (digits, held_out):
        assert split.images.dtype == tf.uint8
        assert split.labels.dtype == tf.int32
        assert np.bincount(split.labels).min() > 0.08 * len(split.labels)
    trained, tested = (
        {image.tobytes() for image in split.images.numpy()} for split in (digits, held_out)
    )
    assert not trained & tested


def test_digits_lie_as_mnists_do(digits):
    """In a 20x20 box, with the centre of mass in the middle, to a pixel."""
    ink = digits.images[..., 0].numpy().astype(float)
    weight = ink.sum(axis=(1, 2))
    for axis in (1, 2):
        sums = ink.sum(axis=axis)
        inked = sums > 0
        extent = 28 - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1)
        assert extent.max() <= 20
        centre = (sums * np.arange(28)).sum(axis=1) / weight
        assert abs(centre - 13.5).max() <= 0.5 + 1e-9


def test_digits_keep_their_ink(digits, held_out):
    """Enlarged from 8x8 to 20x20, all of them have (20 / 8)^2 times the ink."""
    from sklearn.datasets import load_digits

    both = (digits, held_out)
    ink = sum(split.images.numpy().sum(dtype=float) for split in both) / 255
    original = load_digits().images.sum() / 16
    assert ink / original == pytest.approx((20 / 8) ** 2, rel=0.02)
