"""Translations and flips, whose pixels are known."""

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


def test_images_need_not_be_square_or_grey_and_what_comes_in_repeats_the_edge():
    image = np.arange(4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3)
    images = np.repeat(image[None], 50, axis=0)
    moved = augment.translate(tf.constant(images), 1, tf.constant([1, 2])).numpy()
    padded = np.pad(image, [(1, 1), (1, 1), (0, 0)], mode="edge")
    possible = {padded[y : y + 4, x : x + 6].tobytes() for y in range(3) for x in range(3)}
    assert {image.tobytes() for image in moved} == possible


def test_a_flip_mirrors_about_half_of_the_images_whole():
    images = np.zeros((400, 2, 3, 1), "float32")
    images[:, :, 0] = 1
    mirrored = augment.mirror(tf.constant(images), tf.constant([1, 2])).numpy()
    left = mirrored[:, 0, 0, 0] == 1
    assert (mirrored[left] == images[left]).all()
    assert (mirrored[~left] == images[~left, :, ::-1]).all()
    assert 150 < left.sum() < 250


def test_gradients_pass_through_to_the_pixels_that_are_seen():
    """Without them the generator would learn nothing with --augment_fakes."""
    images = tf.random.stateless_normal([8, 6, 6, 3], [3, 4])
    with tf.GradientTape() as tape:
        tape.watch(images)
        seen = augment.augment(images, tf.constant([1, 2]), max_translation=2, flip=True)
        total = tf.reduce_sum(seen)
    gradient = tape.gradient(total, images).numpy()
    # Each pixel that is seen counts once for each place where it is seen.
    assert gradient.sum(axis=(1, 2, 3)).tolist() == [6 * 6 * 3] * 8
