"""The fingerprint of a run's data, by which changed data are refused."""

import hashlib

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.pipeline import Split


def of(split, rows):
    return Split(tf.gather(split.images, rows), tf.gather(split.labels, rows))


def test_a_fingerprint_is_that_of_earlier_versions(few):
    """Catches a change for which all runs would be refused."""
    images, labels = few.images.numpy(), few.labels.numpy()
    each = sorted(
        hashlib.sha256(image.tobytes() + np.int32(label).tobytes()).digest()
        for image, label in zip(images, labels, strict=True)
    )
    assert few.fingerprint() == {
        "images": 48,
        "shape": [28, 28, 1],
        "sha256": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
        "content_hash": hashlib.sha256(b"".join(each)).hexdigest(),
    }


@pytest.mark.parametrize("name", ["sha256", "content_hash"])
def test_a_fingerprint_tells_of_images_labels_and_order(few, name):
    before = few.fingerprint()[name]
    for other in (
        of(few, np.arange(47)),
        of(few, [0, *range(47)]),
        Split(few.images, tf.roll(few.labels, 1, 0)),
        Split(255 - few.images, few.labels),
    ):
        assert other.fingerprint()[name] != before
    turned = of(few, np.arange(48)[::-1]).fingerprint()[name]
    assert (turned == before) == (name == "content_hash")
