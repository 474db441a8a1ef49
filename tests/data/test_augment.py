"""Translations and flips, whose pixels are known."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.augment import augment

SEED = tf.constant([1, 2])


@pytest.mark.parametrize("most", [1, 2])
def test_images_are_moved_whole_and_what_comes_in_repeats_the_edge(most):
    """Catches translations that swap height and width, or reach less far than they say."""
    image = np.arange(4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3)
    images = tf.repeat(image[None], 300, axis=0)
    moved = augment(images, SEED, max_translation=most).numpy()
    padded = np.pad(image, [(most, most), (most, most), (0, 0)], mode="edge")
    offsets = range(2 * most + 1)
    possible = {padded[y : y + 4, x : x + 6].tobytes() for y in offsets for x in offsets}
    assert {image.tobytes() for image in moved} == possible


def test_a_flip_mirrors_about_half_of_the_images_whole():
    images = np.zeros((400, 2, 3, 1), "float32")
    images[:, :, 0] = 1
    mirrored = augment(tf.constant(images), SEED, flip=True).numpy()
    left = mirrored[:, 0, 0, 0] == 1
    assert (mirrored[left] == images[left]).all()
    assert (mirrored[~left] == images[~left, :, ::-1]).all()
    assert 150 < left.sum() < 250


def test_gradients_pass_through_to_the_pixels_that_are_seen():
    """Without them the generator would learn nothing with --augment_fakes."""
    images = tf.Variable(tf.zeros([8, 6, 6, 3]))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(augment(images, SEED, max_translation=2, flip=True))
    gradient = tape.gradient(total, images).numpy()
    # Each pixel that is seen counts once for each place where it is seen.
    assert gradient.sum(axis=(1, 2, 3)).tolist() == [6 * 6 * 3] * 8
