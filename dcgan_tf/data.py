"""The tf.data pipeline: an epoch of batches, in an order that (seed, epoch) decides."""

import numpy as np
import tensorflow as tf

from dcgan_tf.datasets import Split


class Batches:
    """Epochs of (images float32 [B, 28, 28, 1] in [-1, 1], labels int32 [B]).

    The images stay in memory once, as uint8: a batch is gathered, then scaled.
    """

    def __init__(self, split: Split, batch_size: int, *, seed: int, shift: int = 0):
        self._images = tf.constant(split.images)
        self._labels = tf.constant(split.labels)
        self._batch_size = batch_size
        self._seed = seed
        self._shift = shift
        self.per_epoch = len(split.labels) // batch_size  # the partial last is dropped

    def epoch(self, number: int, start: int = 0) -> tf.data.Dataset:
        """The epoch's batches from position `start` on, every image at most once."""
        order = np.random.default_rng([self._seed, number]).permutation(len(self._labels))
        rows = order[: self.per_epoch * self._batch_size].reshape(self.per_epoch, -1)
        seeds = np.random.default_rng([self._seed, number, 1]).integers(
            2**31, size=(self.per_epoch, 2)
        )
        return (
            tf.data.Dataset.from_tensor_slices((rows[start:], seeds[start:]))
            .map(self._batch, num_parallel_calls=2)
            .prefetch(2)
        )

    def _batch(self, rows, seed):
        images = scaled(tf.gather(self._images, rows))
        if self._shift:
            images = shifted(images, self._shift, seed)
        return images, tf.gather(self._labels, rows)


def scaled(images: tf.Tensor) -> tf.Tensor:
    """uint8 in [0, 255] -> float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def shifted(images: tf.Tensor, most: int, seed: tf.Tensor) -> tf.Tensor:
    """Each image [28, 28, 1] moved by up to `most` pixels each way; black comes in."""
    padding = [[0, 0], [most, most], [most, most], [0, 0]]
    padded = tf.pad(images, padding, constant_values=-1.0)
    offsets = tf.random.stateless_uniform(
        [tf.shape(images)[0], 2], seed, 0, 2 * most + 1, dtype=tf.int32
    )
    rows = offsets[:, :1] + tf.range(28)  # [B, 28]
    columns = offsets[:, 1:] + tf.range(28)
    moved = tf.gather(padded, rows, axis=1, batch_dims=1)
    return tf.gather(moved, columns, axis=2, batch_dims=1)
