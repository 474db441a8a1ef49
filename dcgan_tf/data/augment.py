"""Augmentation: what happens to images before a discriminator sees them."""

import tensorflow as tf

from dcgan_tf.data import replicas


def augment(
    images: tf.Tensor, seed: tf.Tensor, *, max_translation: int = 0, flip: bool = False
) -> tf.Tensor:
    """Moves and mirrors each of images float32 [B, H, W, C] at random, by seed [2].

    max_translation: the most pixels each way; the edge is repeated where pixels come in
    flip:            mirrors left to right with probability 1/2

    Gradients pass through (DiffAugment: Zhao et al. 2020).
    """
    (_, height, width, _), count = images.shape, tf.shape(images)[0]

    def integers(columns: int, seed: tf.Tensor, end: int) -> tf.Tensor:
        uniform = tf.random.stateless_uniform
        return replicas.draw(uniform, [count, columns], seed, 0, end, tf.int32)

    if max_translation:
        offsets = integers(2, seed, 2 * max_translation + 1) - max_translation
        rows = tf.clip_by_value(offsets[:, :1] + tf.range(height), 0, height - 1)  # [B, H]
        columns = tf.clip_by_value(offsets[:, 1:] + tf.range(width), 0, width - 1)
        images = tf.gather(images, rows, axis=1, batch_dims=1)
        images = tf.gather(images, columns, axis=2, batch_dims=1)
    if flip:  # by whole numbers, which are the same under XLA
        folded = tf.random.experimental.stateless_fold_in(seed, 1, alg="philox")
        coins = integers(1, folded, 2)[:, :, None, None]
        images = tf.where(coins == 1, tf.reverse(images, axis=[2]), images)
    return images
