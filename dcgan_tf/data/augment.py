"""Augmentation: what happens to images before a discriminator sees them."""

import tensorflow as tf

from dcgan_tf.data import replicas


def augment(
    images: tf.Tensor, seed: tf.Tensor, *, max_translation: int = 0, flip: bool = False
) -> tf.Tensor:
    """Translates and mirrors each of images float32 [B, H, W, C] at random, by seed [2].

    Gradients pass through (DiffAugment: Zhao et al. 2020).
    """
    if max_translation:
        images = translate(images, max_translation, seed)
    if flip:
        folded = tf.random.experimental.stateless_fold_in(seed, 1, alg="philox")
        images = mirror(images, folded)
    return images


def translate(images: tf.Tensor, most: int, seed: tf.Tensor) -> tf.Tensor:
    """Moves each of images float32 [B, H, W, C] by up to `most` pixels each way.

    The edge is repeated where pixels come in.
    """
    shape, (_, height, width, _) = [tf.shape(images)[0], 2], images.shape
    draw = tf.random.stateless_uniform
    offsets = replicas.draw(draw, shape, seed, 0, 2 * most + 1, tf.int32) - most
    rows = tf.clip_by_value(offsets[:, :1] + tf.range(height), 0, height - 1)  # [B, H]
    columns = tf.clip_by_value(offsets[:, 1:] + tf.range(width), 0, width - 1)
    moved = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(moved, columns, axis=2, batch_dims=1)


def mirror(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirrors each of images [B, H, W, C] left to right with probability 1/2."""
    shape = [tf.shape(images)[0], 1, 1, 1]
    # Whole numbers, which are the same under XLA.
    coins = replicas.draw(tf.random.stateless_uniform, shape, seed, 0, 2, tf.int32)
    return tf.where(coins == 1, tf.reverse(images, axis=[2]), images)
