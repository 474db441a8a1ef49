import numpy as np
import tensorflow as tf

from dcgan_tf import data, datasets


def numbered(count):
    """Images whose every pixel is the image's number; labels the same number."""
    numbers = np.arange(count)
    images = np.zeros((count, 28, 28, 1), np.uint8) + numbers[:, None, None, None]
    return datasets.Split(images.astype(np.uint8), numbers.astype(np.int32))


def labels_of(epoch):
    return np.concatenate([labels for _, labels in epoch.as_numpy_iterator()])


def test_batches_are_scaled_and_of_the_promised_types(few):
    batches = data.Batches(few, 16, seed=0)
    for images, labels in batches.epoch(1):
        assert images.shape == (16, 28, 28, 1)
        assert images.dtype == tf.float32
        assert labels.dtype == tf.int32
        assert (float(tf.reduce_min(images)), float(tf.reduce_max(images))) == (-1.0, 1.0)


def test_scaling():
    scaled = data.scaled(tf.constant([0, 51, 255], tf.uint8)).numpy()
    assert np.allclose(scaled, [-1.0, -0.6, 1.0], atol=1e-6)


def test_an_epoch_has_every_image_at_most_once_and_no_partial_batch():
    batches = data.Batches(numbered(50), 16, seed=0)
    assert batches.per_epoch == 3
    labels = labels_of(batches.epoch(1))
    assert len(labels) == 48
    assert len(set(labels.tolist())) == 48


def test_images_keep_their_labels():
    for images, labels in data.Batches(numbered(50), 16, seed=0).epoch(1):
        numbers = np.rint((images.numpy()[:, 0, 0, 0] + 1) * 127.5)
        assert np.array_equal(numbers, labels)


def test_the_order_is_a_function_of_seed_and_epoch():
    orders = {
        (seed, epoch): labels_of(data.Batches(numbered(50), 16, seed=seed).epoch(epoch))
        for seed in (0, 1)
        for epoch in (1, 2)
    }
    again = labels_of(data.Batches(numbered(50), 16, seed=1).epoch(2))
    assert np.array_equal(orders[1, 2], again)
    assert len({order.tobytes() for order in orders.values()}) == 4


def test_an_epoch_can_start_within():
    batches = data.Batches(numbered(50), 16, seed=0, shift=2)
    whole = list(batches.epoch(1).as_numpy_iterator())
    rest = list(batches.epoch(1, start=2).as_numpy_iterator())
    assert len(rest) == 1
    assert np.array_equal(rest[0][0], whole[2][0])
    assert np.array_equal(rest[0][1], whole[2][1])


def test_shifts_move_whole_images_by_up_to_the_given_pixels():
    dot = np.full((200, 28, 28, 1), -1, np.float32)
    dot[:, 10, 20] = 1
    moved = data.shifted(tf.constant(dot), 2, tf.constant([1, 2])).numpy()
    assert moved.shape == dot.shape
    _, rows, columns, _ = np.nonzero(moved == 1)
    assert len(rows) == 200
    assert set(rows - 10) == set(columns - 20) == {-2, -1, 0, 1, 2}
    assert (moved == 1).sum() + (moved == -1).sum() == moved.size
