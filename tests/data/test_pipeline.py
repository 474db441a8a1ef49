import numpy as np
import tensorflow as tf

from dcgan_tf.data import pipeline
from dcgan_tf.data.splits import Split


def numbered(count):
    """Images whose every pixel is the image's number; labels the same number."""
    numbers = np.arange(count)
    images = np.zeros((count, 28, 28, 1), int) + numbers[:, None, None, None]
    return Split(tf.constant(images, tf.uint8), tf.constant(numbers, tf.int32))


def epoch_of(batches, number=0):
    """The (images, labels) of the epoch `number`, from 0, as arrays."""
    stream = batches.stream(number * batches.per_epoch).take(batches.per_epoch)
    return list(stream.as_numpy_iterator())


def labels_of(batches, number=0):
    return np.concatenate([labels for _, labels in epoch_of(batches, number)])


def test_batches_are_scaled_and_of_the_promised_types(few):
    for images, labels in pipeline.Batches(few, 16, seed=0).stream().take(3):
        assert images.shape == (16, 28, 28, 1)
        assert images.dtype == tf.float32
        assert labels.dtype == tf.int32
        assert (float(tf.reduce_min(images)), float(tf.reduce_max(images))) == (-1.0, 1.0)


def test_scaling():
    scaled = pipeline.scale(tf.constant([0, 51, 255], tf.uint8)).numpy()
    assert np.allclose(scaled, [-1.0, -0.6, 1.0], atol=1e-6)


def test_the_range_becomes_all_bytes():
    values = np.array([-1.0, -0.996, 0.0, 1.0, 1.001], np.float32)
    assert pipeline.to_uint8(values).tolist() == [0, 1, 128, 255, 255]


def test_every_byte_comes_back():
    every = np.arange(256, dtype=np.uint8)
    scaled = pipeline.scale(tf.constant(every)).numpy()
    assert np.array_equal(pipeline.to_uint8(scaled), every)


def test_an_epoch_has_every_image_at_most_once_and_no_partial_batch():
    batches = pipeline.Batches(numbered(50), 16, seed=0)
    assert batches.per_epoch == 3
    labels = labels_of(batches)
    assert len(labels) == 48
    assert len(set(labels.tolist())) == 48


def test_images_keep_their_labels():
    for images, labels in epoch_of(pipeline.Batches(numbered(50), 16, seed=0)):
        numbers = np.rint((images[:, 0, 0, 0] + 1) * 127.5)
        assert np.array_equal(numbers, labels)


def test_the_order_is_a_function_of_seed_and_epoch():
    orders = {
        (seed, epoch): labels_of(pipeline.Batches(numbered(50), 16, seed=seed), epoch)
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    again = labels_of(pipeline.Batches(numbered(50), 16, seed=1), 1)
    assert np.array_equal(orders[1, 1], again)
    assert len({order.tobytes() for order in orders.values()}) == 4


def test_a_stream_that_starts_within_an_epoch_goes_on_as_the_whole_one():
    batches = pipeline.Batches(numbered(50), 16, seed=0, max_translation=2)
    whole = list(batches.stream().take(8).as_numpy_iterator())
    rest = list(batches.stream(2).take(6).as_numpy_iterator())
    for expected, found in zip(whole[2:], rest, strict=True):
        assert np.array_equal(expected[0], found[0])
        assert np.array_equal(expected[1], found[1])
