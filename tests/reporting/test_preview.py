"""Which latents and classes lie where in a grid, by a generator that shows them."""

import types

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.reporting.preview import Preview


def generate(latents, labels):
    """Images of 2x3 pixels in two levels: the first latent's, and the class."""
    images = np.zeros((len(latents), 2, 3, 1), np.uint8)
    images[:, 0] = np.clip(100 * latents[:, :1] + 100, 0, 255)[..., None]
    images[:, 1] = np.asarray(labels)[:, None, None]
    return images


GAN = types.SimpleNamespace(
    sample_latents=lambda count, seed: tf.random.stateless_normal([count, 5], seed),
    generate=generate,
)


def preview(labels, rows, seed=3, real=None):
    config = types.SimpleNamespace(seed=seed, preview_rows=rows, preview_real=bool(real))
    return Preview(GAN, config, labels, real)


def levels(made):
    """The latents' levels and the classes in the grid, [rows, columns] each."""
    pixels = made.render(made.generate())
    return pixels[::2, ::3], pixels[1::2, ::3]


def test_columns_are_classes_and_rows_are_latents():
    latents, classes = levels(preview([7, 1, 7], rows=4))
    assert classes.tolist() == [[7, 1, 7]] * 4
    assert (latents == latents[:, :1]).all()
    assert len(np.unique(latents[:, 0])) == 4


def test_without_labels_every_image_has_latents_of_its_own():
    made = preview(None, rows=4)
    assert made.generate().shape == (40, 2, 3, 1)
    assert levels(made)[0].shape == (4, 10)
    assert len(np.unique(made._latents, axis=0)) == 40


@pytest.mark.parametrize("seed", [3, 4])
def test_the_latents_are_the_same_as_ever(seed):
    """By hand: the frames of before must be those of today; a seed has its own."""
    made = preview([0, 1], rows=10, seed=seed)
    expected = tf.random.stateless_normal([20, 5], [seed, -1])
    assert np.array_equal(made._latents, np.repeat(expected[:10], 2, axis=0))


def test_real_images_of_the_same_classes_stand_beside():
    """The first of each class in the rows' order; black where a class has too few."""
    images = np.zeros((6, 2, 3, 1), np.uint8)
    images += np.arange(10, 16, dtype=np.uint8)[:, None, None, None]
    real = Split(tf.constant(images), tf.constant([1, 0, 1, 1, 2, 1]))
    made = preview([0, 1], rows=3, real=real)
    pixels = made.render(made.generate())
    assert pixels.shape == (3 * 2, 2 * 3 + 4 + 2 * 3)
    assert (pixels[:, 6:10] == 255).all()
    expected = [[11, 10], [0, 12], [0, 13]]
    assert pixels[::2, 10::3].tolist() == pixels[1::2, 12::3].tolist() == expected
