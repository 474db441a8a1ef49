import numpy as np
import tensorflow as tf

from dcgan_tf.data import augment


def test_translation_moves_whole_images_by_up_to_the_given_pixels():
    dot = np.full((200, 28, 28, 1), -1, np.float32)
    dot[:, 10, 20] = 1
    moved = augment.translate(tf.constant(dot), 2, tf.constant([1, 2])).numpy()
    assert moved.shape == dot.shape
    _, rows, columns, _ = np.nonzero(moved == 1)
    assert len(rows) == 200
    assert set(rows - 10) == set(columns - 20) == {-2, -1, 0, 1, 2}
    assert (moved == 1).sum() + (moved == -1).sum() == moved.size


def test_images_need_not_be_square_or_grey():
    """What leaves at an edge is lost, and black comes in; channels go together."""
    images = np.zeros((50, 4, 6, 3), np.float32) + np.array([0.1, 0.2, 0.3], np.float32)
    moved = augment.translate(tf.constant(images), 1, tf.constant([1, 2])).numpy()
    assert moved.shape == images.shape
    kept = moved[..., 0] == np.float32(0.1)
    for channel, value in enumerate(np.float32([0.1, 0.2, 0.3])):
        assert np.array_equal(moved[..., channel], np.where(kept, value, -1))
    assert {int(image.sum()) for image in kept} <= {24, 20, 18, 15}
    assert kept[:, 1:-1, 1:-1].all()
