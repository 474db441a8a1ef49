"""The tf.data pipeline: batches without end, in an order that seed and step decide."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from dcgan_tf.data.augment import augment
from dcgan_tf.datasets.spec import Dataset
from dcgan_tf.support import errors

MOST_IN_MEMORY = 200_000_000  # bytes of images; more of them stay in their file


@dataclasses.dataclass(frozen=True)
class Split:
    """images uint8 [N, H, W, C], labels int32 [N]: what batches are gathered from."""

    images: tf.Tensor | np.memmap
    labels: tf.Tensor

    def take(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the images [B, H, W, C] of rows [B], in a graph as well."""
        if isinstance(self.images, tf.Tensor):
            return tf.gather(self.images, rows)
        images = tf.numpy_function(lambda chosen: self.images[chosen], [rows], tf.uint8)
        return tf.ensure_shape(images, [*rows.shape, *self.images.shape[1:]])

    def array(self) -> np.ndarray:
        """Returns the images as a read-only array of the same memory."""
        return np.asarray(self.images)

    def fingerprint(self, files_hash: str = "") -> dict[str, object]:
        """Returns number and shape of the images, and a hash of files, else of pixels."""
        count, *shape = self.images.shape
        if files_hash:
            return {"images": count, "shape": shape, "files_hash": files_hash}
        ordered = hashlib.sha256(self.array().data)
        ordered.update(self.labels.numpy())
        hashes = {"sha256": ordered.hexdigest(), "content_hash": self.content_hash()}
        return {"images": count, "shape": shape, **hashes}

    def fingerprint_as(
        self, before: Mapping[str, object] | None, dataset: Dataset, trained: pathlib.Path
    ) -> dict[str, object]:
        """Returns the fingerprint; UsageError unless it is `before`, that of a run."""
        # Runs of version 0.3 have that of the pixels, as a version of Pillow decodes them.
        of_files = before is None or "files_hash" in before
        now = self.fingerprint(dataset.files_hash if of_files else "")
        if before not in (None, now):
            counts = f"{before['images']:,} images then, {now['images']:,} now"
            if before["images"] == now["images"]:
                counts = "as many images, and files of other names or contents"
            raise errors.UsageError(
                f"--dataset: {dataset} is not what {trained} was trained on ({counts}); "
                "name the folder of its data, or another --run_dir"
            )
        return now

    def content_hash(self) -> str:
        """Returns a hash of the labelled images in whatever order."""
        pairs = zip(self.array(), self.labels.numpy(), strict=True)
        each = [hashlib.sha256(x.tobytes() + y.tobytes()).digest() for x, y in pairs]
        return hashlib.sha256(b"".join(sorted(each))).hexdigest()


def load(dataset: Dataset, split: str) -> Split:
    """Returns the "train" or the "test" split; downloads it where it is not prepared."""
    images, labels = dataset.read(split)
    if not isinstance(images, np.memmap) or images.nbytes <= MOST_IN_MEMORY:
        images = tf.constant(images)
    return Split(images, tf.constant(labels, tf.int32))


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
        """Returns batches without end; (seed, epoch) decide the order of an epoch."""
        epoch, position = divmod(step, self.per_epoch)
        # Not Dataset.counter, whose function TensorFlow keeps for good.
        rows = tf.data.Dataset.range(epoch, tf.int64.max).flat_map(
            lambda number: tf.data.Dataset.from_tensor_slices(self._order(number))
        )
        options = tf.data.Options()
        # Its thread looks up every minute: a run that is stopped would wait for it.
        options.autotune.enabled = False
        batches = rows.skip(position).enumerate(start=step).map(self._batch).prefetch(2)
        return batches.with_options(options)

    def _order(self, epoch):
        """Returns the rows of each batch of an epoch: int32 [per_epoch, B]."""
        shuffled = {"data": _shuffled, "uniform": _balanced}[self.class_balance]
        order = shuffled(self.split.labels, [self.seed, epoch])
        shape = [self.per_epoch, self.batch_size]
        return tf.reshape(order[: self.per_epoch * self.batch_size], shape)

    def _batch(self, step, rows):
        images, seed = scale(self.split.take(rows)), tf.stack([self.seed, step])
        images = augment(images, seed, max_translation=self.max_translation, flip=self.flip)
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
