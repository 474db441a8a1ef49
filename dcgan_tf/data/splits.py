"""A data set's images and labels: in memory once, or mapped into it from a file."""

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

from dcgan_tf.datasets.source import Dataset

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

    def fingerprint(self) -> dict[str, object]:
        """Returns number and shape of the images, hashes in their order and in any."""
        count, *shape = self.images.shape
        ordered = hashlib.sha256(self.array().data)
        ordered.update(self.labels.numpy())
        hashes = {"sha256": ordered.hexdigest(), "content_hash": self.content_hash()}
        return {"images": count, "shape": shape, **hashes}

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
