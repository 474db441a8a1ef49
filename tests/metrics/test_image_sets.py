"""Which images are measured, and which are the reference rows."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.metrics import image_sets
from dcgan_tf.metrics.image_sets import Images


def numbered(labels):
    """A split whose images are their own numbers."""
    numbers = np.arange(len(labels), dtype=np.uint8)
    return Split(tf.constant(numbers.reshape(-1, 1, 1, 1)), tf.constant(labels, tf.int32))


def numbers(images):
    return images[:].reshape(-1).tolist()


@pytest.mark.parametrize(
    ("counts", "total", "shares"),
    [
        ([980, 1135, 10], 2125, [980, 1135, 10]),
        ([1, 1, 1], 10, [4, 3, 3]),
        # Quotas 4.7, 3.8 and 1.5: those cut by 0.8 and 0.7 are rounded up.
        ([47, 38, 15], 10, [5, 4, 1]),
        ([5, 0, 5], 3, [2, 0, 1]),
        ([7], 4, [4]),
    ],
)
def test_shares_are_those_of_the_largest_remainder(counts, total, shares):
    assert image_sets.in_proportion(np.array(counts), total).tolist() == shares


def test_all_test_images_count_unless_there_are_too_many(monkeypatch):
    """Then classes are as often as in all; an even step of 2 would meet one class alone."""
    test = numbered([0, 1] * 50)
    assert numbers(image_sets.of_test(test)) == list(range(100))
    monkeypatch.setattr(image_sets, "MOST_TEST_IMAGES", 50)
    some = image_sets.of_test(test)
    assert np.bincount(some.labels).tolist() == [25, 25]
    assert test.labels.numpy()[numbers(some)].tolist() == some.labels.tolist()
    assert image_sets.spread(Images(test.array()), 4).tolist() == [0, 25, 50, 75]


def test_the_reference_rows_follow_the_test_images():
    train, like = numbered([2, 0, 0, 1, 2, 2]), np.array([0, 2, 2, 2])
    real = image_sets.real(train, like, 4)
    assert (real.labels.tolist(), numbers(real)) == ([2, 0, 2, 2], [0, 1, 4, 5])
    assert numbers(image_sets.real(train, like, 3)) == [0, 1, 4]  # spread over the class
    # Of class 0 there are two: more images would have too few of it.
    assert (
        image_sets.real(train, np.array([0, 0, 2, 2, 2]), 50).labels.tolist().count(0) == 2
    )
    assert len(image_sets.real(train, np.array([0, 0, 0, 2]), 50)) == 2
    # Of the last class no image is held out.
    assert numbers(image_sets.real(train, np.array([0, 1]), 3)) == [1, 2, 3]
    memorised = image_sets.memorised(train, like, 8)
    assert numbers(memorised) == [1, 1, 0, 0, 0, 0, 0, 0]
    assert memorised.labels.tolist() == [0, 0, 2, 2, 2, 2, 2, 2]
    # Without classes ten images are memorised.
    memorised = image_sets.memorised(numbered([0] * 20), np.zeros(5, int), 30)
    assert numbers(memorised) == list(range(0, 20, 2)) * 3
