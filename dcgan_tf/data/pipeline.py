"""The tf.data pipeline: batches without end, in an order that seed and step decide."""

import numpy as np
import tensorflow as tf

from dcgan_tf.data.augment import augment
from dcgan_tf.data.splits import Split


class Batches:
    """Batches of (images float32 [B, H, W, C] in [-1, 1], labels int32 [B]).

    The images stay uint8: a batch is gathered, then scaled.

    class_balance: "data": an epoch has every image at most once; "uniform": as many images,
                   every class equally often
    max_translation, flip: see `augment`
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        *,
        seed: int,
        max_translation: int = 0,
        flip: bool = False,
        class_balance: str = "data",
    ):
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._augmentation = {"max_translation": max_translation, "flip": flip}
        self._shuffled = {"data": _shuffled, "uniform": _balanced}[class_balance]
        self.per_epoch = len(split.labels) // batch_size  # the partial last is dropped

    def stream(self, step: int = 0) -> tf.data.Dataset:
        """The batches of a run from its `step` on, without end.

        The order of an epoch is a function of (seed, epoch).
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
        used = self.per_epoch * self._batch_size
        order = self._shuffled(self._split.labels, [self._seed, epoch])[:used]
        return tf.reshape(order, [self.per_epoch, self._batch_size])

    def _batch(self, step, rows):
        images = scale(self._split.take(rows))
        images = augment(images, tf.stack([self._seed, step]), **self._augmentation)
        return images, tf.gather(self._split.labels, rows)


def _shuffled(labels: tf.Tensor, seed) -> tf.Tensor:
    """All rows in a random order: int32 [N]."""
    keys = tf.random.stateless_uniform(
        [len(labels)], seed, None, None, tf.int64, alg="philox"
    )
    return tf.argsort(keys)


def _balanced(labels: tf.Tensor, seed) -> tf.Tensor:
    """As many rows, every class equally often, in a random order: int32 [N].

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
