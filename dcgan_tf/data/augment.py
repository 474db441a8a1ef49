"""Augmentation: what happens to real images before a discriminator sees them."""

import tensorflow as tf


def translate(images: tf.Tensor, most: int, seed: tf.Tensor) -> tf.Tensor:
    """Images float32 [B, H, W, C] in [-1, 1], each moved by up to `most` pixels each way.

    Black comes in.
    """
    _, height, width, _ = images.shape
    padding = [[0, 0], [most, most], [most, most], [0, 0]]
    padded = tf.pad(images, padding, constant_values=-1.0)
    offsets = tf.random.stateless_uniform(
        [tf.shape(images)[0], 2], seed, 0, 2 * most + 1, dtype=tf.int32
    )
    rows = offsets[:, :1] + tf.range(height)  # [B, H]
    columns = offsets[:, 1:] + tf.range(width)
    moved = tf.gather(padded, rows, axis=1, batch_dims=1)
    return tf.gather(moved, columns, axis=2, batch_dims=1)
