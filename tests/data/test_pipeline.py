"""The batches of a run: which images, in which order and range; their fingerprint."""

import gc
import hashlib

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data import pipeline
from dcgan_tf.data.pipeline import Batches, Split


def numbered(labels):
    """Images whose every pixel is the image's row."""
    rows = np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    return Split(tf.constant(np.tile(rows, (1, 4, 4, 1))), tf.constant(labels, tf.int32))


FIFTY = numbered(np.arange(50))
IMBALANCED = numbered([0] * 20 + [1] * 7 + [2] * 3)


def rows_of(batches, epochs):
    """The rows of the epochs, in order: int [epochs, per_epoch * B]."""
    stream = batches.stream(epochs.start * batches.per_epoch)
    taken = stream.take(len(epochs) * batches.per_epoch).as_numpy_iterator()
    values = np.array([images[:, 0, 0, 0] for images, _ in taken])
    return np.rint((values + 1) * 127.5).astype(int).reshape(len(epochs), -1)


def test_scaling_and_back():
    """Catches images that lose a grey level on their way through a run."""
    scaled = pipeline.scale(tf.constant([0, 51, 255], tf.uint8)).numpy()
    assert np.allclose(scaled, [-1.0, -0.6, 1.0], atol=1e-6)
    values = np.array([-1.0, -0.996, 0.0, 1.0, 1.001], np.float32)
    assert pipeline.to_uint8(values).tolist() == [0, 1, 128, 255, 255]
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(pipeline.to_uint8(pipeline.scale(every).numpy()), every)


def test_an_epoch_has_every_image_at_most_once_and_no_partial_batch():
    batches = Batches(FIFTY, 16, seed=0)
    (rows,) = rows_of(batches, range(1))
    assert (batches.per_epoch, len(set(rows))) == (3, 48)
    for images, labels in batches.stream().take(3):
        assert (images.shape, images.dtype) == ((16, 4, 4, 1), tf.float32)
        assert np.array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5), labels)


@pytest.mark.parametrize("class_balance", ["data", "uniform"])
def test_the_order_is_a_function_of_seed_and_epoch(class_balance):
    """Catches a resumed run that sees other images than one that was not stopped."""
    orders = []
    for seed in (0, 1):
        batches = Batches(IMBALANCED, 10, seed=seed, class_balance=class_balance)
        both = rows_of(batches, range(2))
        assert np.array_equal(rows_of(batches, range(1, 2)), both[1:])
        orders += map(tuple, both)
    assert len(set(orders)) == 4


def test_uniform_batches_repeat_an_image_only_when_its_class_is_through():
    batches = Batches(IMBALANCED, 30, seed=0, class_balance="uniform")
    epochs = rows_of(batches, range(20))
    for epoch in epochs:
        counts = np.bincount(epoch, minlength=30)
        assert [counts[:20].sum(), counts[20:27].sum(), counts[27:].sum()] == [10, 10, 10]
        assert set(counts[:20]) == {0, 1}  # ten of twenty
        assert set(counts[20:27]) == {1, 2}  # seven ten times
        assert set(counts[27:]) == {3, 4}
        classes = np.digitize(epoch, [20, 27])
        assert not np.array_equal(classes, np.arange(30) % 3), "not in turns"
    assert set(epochs.ravel()) == set(range(30))  # others in each epoch
    assert len({tuple(epoch) for epoch in epochs}) == 20


def test_a_stream_goes_on_as_the_whole_one_and_files_make_the_same_batches(tmp_path, few):
    """Catches an order, or translations, that begin anew with a resumed run."""
    path = tmp_path / "images.bin"
    path.write_bytes(few.images.numpy().tobytes())
    mapped = Split(np.memmap(path, np.uint8, "r", shape=(48, 28, 28, 1)), few.labels)
    assert mapped.fingerprint() == few.fingerprint()
    options = {"seed": 1, "max_translation": 2, "flip": True}
    whole = list(Batches(few, 16, **options).stream().take(6))
    for split in (few, mapped):
        rest = Batches(split, 16, **options).stream(2).take(4)
        for batch, expected in zip(rest, whole[2:], strict=True):
            assert all(map(np.array_equal, batch, expected))


def test_a_fingerprint_tells_of_images_labels_and_order(few):
    """Catches a change for which all runs would be refused, or changed data taken."""
    images, labels = few.images.numpy(), few.labels.numpy()
    each = [
        hashlib.sha256(image.tobytes() + np.int32(label).tobytes()).digest()
        for image, label in zip(images, labels, strict=True)
    ]
    fingerprint = {
        "images": 48,
        "shape": [28, 28, 1],
        "sha256": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
        "content_hash": hashlib.sha256(b"".join(sorted(each))).hexdigest(),
    }
    assert few.fingerprint() == fingerprint
    turned = Split(few.images[::-1], few.labels[::-1]).fingerprint()
    assert turned.pop("sha256") != fingerprint.pop("sha256")
    assert turned == fingerprint
    moved = Split(few.images, tf.roll(few.labels, 1, 0)).fingerprint()
    assert moved["content_hash"] != fingerprint["content_hash"]


def graphs():
    """Counts the graphs of functions that are in memory."""
    gc.collect()
    return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())


def test_nothing_of_the_batches_outlives_a_run(few):
    """Catches graphs that trainings leave, and a tuner that a stopped run waits for."""
    stream, counts = Batches(few, 16, seed=0).stream(), []
    assert stream.options().autotune.enabled is False
    for _ in range(3):
        next(iter(Batches(few, 16, seed=0).stream()))
        counts.append(graphs())
    assert counts[1] == counts[2]
