"""The tf.data pipeline: batches without end, in an order that seed and step decide."""

import dataclasses

import numpy as np
import tensorflow as tf

from dcgan_tf.data.augment import augment
from dcgan_tf.data.splits import Split


@dataclasses.dataclass(frozen=True)
class Batches:
    """Batches of (images float32 [B, H, W, C] in [-1, 1], labels int32 [B]).

    The images stay uint8: a batch is gathered, then scaled.

    max_translation, flip: see `augment`
    class_balance: "data": an epoch has every image at most once; "uniform": as many images,
                   every class equally often
    """

    split: Split
    batch_size: int
    _: dataclasses.KW_ONLY
    seed: int
    max_translation: int = 0
    flip: bool = False
    class_balance: str = "data"

    @property
    def per_epoch(self) -> int:
        """The batches of an epoch, without a partial last one."""
        return len(self.split.labels) // self.batch_size

    def stream(self, step: int = 0) -> tf.data.Dataset:
        """Returns the batches of a run from its `step` on, without end.

        The order of an epoch is a function of (seed, epoch).
        """
        epoch, position = divmod(step, self.per_epoch)
        rows = tf.data.Dataset.counter(epoch).flat_map(
            lambda number: tf.data.Dataset.from_tensor_slices(self._order(number))
        )
        return rows.skip(position).enumerate(start=step).map(self._batch).prefetch(2)

    def _order(self, epoch):
        """Returns the rows of each batch of an epoch: int32 [per_epoch, B]."""
        shuffled = {"data": _shuffled, "uniform": _balanced}[self.class_balance]
        order = shuffled(self.split.labels, [self.seed, epoch])
        shape = [self.per_epoch, self.batch_size]
        return tf.reshape(order[: self.per_epoch * self.batch_size], shape)

    def _batch(self, step, rows):
        options = {"max_translation": self.max_translation, "flip": self.flip}
        images = scale(self.split.take(rows))
        images = augment(images, tf.stack([self.seed, step]), **options)
        return images, tf.gather(self.split.labels, rows)


def _shuffled(labels: tf.Tensor, seed) -> tf.Tensor:
    """Returns all rows in a random order: int32 [N]."""
    draw = tf.random.stateless_uniform
    return tf.argsort(draw([len(labels)], seed, None, None, tf.int64, alg="philox"))


def _balanced(labels: tf.Tensor, seed) -> tf.Tensor:
    """Returns as many rows, every class equally often, in a random order: int32 [N].

    Of a large class each epoch leaves out other images.  Images of a small class come
    several times, none a second time before all have come once.
    """
    mixed = _shuffled(labels, seed)
    by_class = tf.gather(mixed, tf.argsort(tf.gather(labels, mixed), stable=True))
    counts = tf.math.bincount(labels)
    starts = tf.cumsum(counts, exclusive=True)
    rounds = -(-len(labels) // len(counts))  # of one image of each class
    chosen = starts + tf.range(rounds)[:, None] % counts  # [rounds, classes]
    rows = tf.gather(by_class, tf.reshape(chosen, [-1])[: len(labels)])
    again = tf.random.experimental.stateless_fold_in(seed, 1, alg="philox")
    return tf.gather(rows, _shuffled(rows, again))


def scale(images: tf.Tensor) -> tf.Tensor:
    """uint8 in [0, 255] -> float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_uint8(images: np.ndarray) -> np.ndarray:
    """float32 in [-1, 1] -> uint8 in [0, 255], rounded."""
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)
