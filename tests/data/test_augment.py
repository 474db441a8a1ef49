"""Augmentations whose pixels are known, and their controller."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data import augment as augmentation
from dcgan_tf.data.augment import augment, augment_sometimes, next_probability

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


def test_images_are_augmented_as_often_as_the_probability_says():
    """Moved or not: of a half, half are as they were, but for moves by nothing."""
    images = tf.random.stateless_uniform([4000, 16, 8, 1], [0, 0])
    for probability, policy in ((0.0, "colour"), (0.5, "translation"), (0.8, "cutout")):
        chances = tf.constant(probability)
        changed = augment_sometimes(images, SEED, chances, policy=policy).numpy()
        same = np.mean((changed == images.numpy()).all(axis=(1, 2, 3)))
        still = 1 - probability * 8 / 9  # up to one pixel each way: nine moves
        still *= 1 - probability if policy == "cutout" else 1
        assert same == pytest.approx(still, abs=0.03 * (probability > 0))


def test_a_square_of_half_the_size_is_hidden():
    images = tf.ones([500, 16, 8, 3])
    taken = tf.ones([500])
    centre = tf.fill([500], 0.5)
    hidden = augmentation._with_a_hidden_square(images, centre, centre, taken).numpy()
    rows, columns = (hidden[0, ..., 0] == 0).any(1), (hidden[0, ..., 0] == 0).any(0)
    assert (np.flatnonzero(rows) == range(5, 12)).all()  # around 8, nearer than 4
    assert (np.flatnonzero(columns) == range(3, 6)).all()


def test_colours_change_as_diffaugment_changes_them_and_alpha_does_not():
    """By hand, with a draw of 0.75: + 0.25, times 1.5, times 1.25."""
    image = np.array([[[0.2, 0.5, -0.1, 0.9], [0.0, -0.3, 0.3, -0.9]]], np.float32)
    draw = tf.constant([0.75]), tf.constant([0.1]), tf.constant([1.0])
    colours = image[..., :3]
    grey = colours.mean(axis=-1, keepdims=True)
    expected = {
        augmentation._brighter: colours + 0.25,
        augmentation._saturated: grey + 1.5 * (colours - grey),
        augmentation._contrasted: colours.mean() + 1.25 * (colours - colours.mean()),
    }
    for change, colours_after in expected.items():
        after = change(tf.constant(image[None]), *draw).numpy()[0]
        np.testing.assert_allclose(after[..., :3], colours_after, atol=1e-6)
        np.testing.assert_array_equal(after[..., 3], image[..., 3])
        untouched = change(tf.constant(image[None]), *draw[:2], tf.constant([0.0]))
        np.testing.assert_allclose(untouched.numpy()[0], image, atol=1e-6)


def test_the_controller_holds_the_share_that_is_told_right():
    """100,000 images lead from never to always; it stops at 0 and at 0.8."""
    steps = {(0.0, 0.9): 0.001, (0.5, 0.7): 0.499, (0.0, 0.7): 0.0, (0.8, 1.0): 0.8}
    for (probability, accuracy), expected in steps.items():
        after = next_probability(tf.constant(probability), tf.constant(accuracy), 0.8, 100)
        assert float(after) == pytest.approx(expected, abs=1e-6)
