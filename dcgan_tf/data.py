"""The tf.data pipeline: batches without end, in an order that seed and step decide."""

import tensorflow as tf

from dcgan_tf.datasets import Split


class Batches:
    """Batches of (images float32 [B, 28, 28, 1] in [-1, 1], labels int32 [B]).

    The images stay in memory once, as uint8: a batch is gathered, then scaled.
    """

    def __init__(self, split: Split, batch_size: int, *, seed: int, shift: int = 0):
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._shift = shift
        self.per_epoch = len(split.labels) // batch_size  # the partial last is dropped

    def stream(self, step: int = 0) -> tf.data.Dataset:
        """The batches of a run from its `step` on, without end.

        An epoch has every image at most once, in an order that (seed, epoch) decides.
        """
        epoch, position = divmod(step, self.per_epoch)
        return (
            tf.data.Dataset.counter(epoch)
            .flat_map(
                lambda number: tf.data.Dataset.from_tensor_slices(self._order(number))
            )
            .skip(position)
            .enumerate(start=step)
            .map(self._batch)
            .prefetch(2)
        )

    def _order(self, epoch):
        """The rows of each batch of an epoch: int32 [per_epoch, B]."""
        keys = tf.random.stateless_uniform(
            [len(self._split.labels)], [self._seed, epoch], None, None, tf.int64
        )
        used = self.per_epoch * self._batch_size
        return tf.reshape(tf.argsort(keys)[:used], [self.per_epoch, self._batch_size])

    def _batch(self, step, rows):
        images = scaled(tf.gather(self._split.images, rows))
        if self._shift:
            images = shifted(images, self._shift, tf.stack([self._seed, step]))
        return images, tf.gather(self._split.labels, rows)


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
