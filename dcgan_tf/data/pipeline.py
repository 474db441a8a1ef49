"""The tf.data pipeline: batches without end, in an order that seed and step decide."""

import numpy as np
import tensorflow as tf

from dcgan_tf.data import augment
from dcgan_tf.data.splits import Split


class Batches:
    """Batches of (images float32 [B, H, W, C] in [-1, 1], labels int32 [B]).

    The images stay in memory once, as uint8: a batch is gathered, then scaled.
    """

    def __init__(
        self, split: Split, batch_size: int, *, seed: int, max_translation: int = 0
    ):
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._max_translation = max_translation
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
        images = scale(tf.gather(self._split.images, rows))
        if self._max_translation:
            seed = tf.stack([self._seed, step])
            images = augment.translate(images, self._max_translation, seed)
        return images, tf.gather(self._split.labels, rows)


def scale(images: tf.Tensor) -> tf.Tensor:
    """uint8 in [0, 255] -> float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_uint8(images: np.ndarray) -> np.ndarray:
    """float32 in [-1, 1] -> uint8 in [0, 255], rounded."""
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)
