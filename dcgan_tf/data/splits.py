"""A data set's images and labels: in memory once, or mapped into it from a file."""

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

from dcgan_tf.datasets import prepared
from dcgan_tf.datasets.sources import Dataset
from dcgan_tf.support import arrays, errors

MOST_IN_MEMORY = 200_000_000  # bytes of images; more of them stay in their file
BLOCK = 10_000  # images


@dataclasses.dataclass(frozen=True)
class Split:
    """images uint8 [N, H, W, C], labels int32 [N]: what batches are gathered from.

    The labels are a tensor, and so are the images, or an array that is mapped into memory.
    They are never made from arrays of the same size, which would double their memory.
    """

    images: tf.Tensor | np.memmap
    labels: tf.Tensor

    def take(self, rows: tf.Tensor) -> tf.Tensor:
        """The images [B, H, W, C] of rows [B], in a graph as well."""
        if isinstance(self.images, tf.Tensor):
            return tf.gather(self.images, rows)
        found = tf.numpy_function(lambda chosen: self.images[chosen], [rows], tf.uint8)
        return tf.ensure_shape(found, [*rows.shape, *self.images.shape[1:]])

    def array(self) -> np.ndarray:
        """The images as a read-only array of the same memory."""
        return np.asarray(self.images)

    def fingerprint(self) -> dict[str, object]:
        """Number and shape of the images, and hashes of images and labels.

        sha256: in their order; content_hash: in whatever order
        """
        images = self.array()
        count, *shape = images.shape
        found = hashlib.sha256()
        for rows in arrays.blocks(count, BLOCK):
            found.update(np.ascontiguousarray(images[rows]).data)
        found.update(self.labels.numpy())
        return {
            "images": count,
            "shape": shape,
            "sha256": found.hexdigest(),
            "content_hash": self.content_hash(),
        }

    def content_hash(self) -> str:
        """A hash of the labelled images in whatever order."""
        pairs = zip(self.array(), self.labels.numpy(), strict=True)
        each = [hashlib.sha256(x.tobytes() + y.tobytes()).digest() for x, y in pairs]
        return hashlib.sha256(b"".join(sorted(each))).hexdigest()


def load(dataset: Dataset, split: str) -> Split:
    """The "train" or the "test" split; downloads it first where it is not prepared.

    Raises RunError if that fails.
    """
    if dataset.entry:
        images = dataset.entry.images(split)
        labels = tf.constant(dataset.entry.labels(split), tf.int32)
        if images.nbytes <= MOST_IN_MEMORY:
            images = tf.constant(images)
        return Split(images, labels)
    if dataset.folder is None:
        from dcgan_tf.datasets import digits  # scikit-learn takes a second to import

        images, labels = digits.load(split)
        return Split(tf.constant(images), tf.constant(labels))
    import tensorflow_datasets as tfds  # which takes a second to import, too

    try:
        builder = tfds.builder(dataset.name, data_dir=dataset.folder)
        if dataset.prepared and not builder.is_prepared():
            raise ValueError("is of another version than this tensorflow-datasets reads")
        builder = prepared.download(dataset.name, dataset.folder)
        tensors = builder.as_dataset(split=split, batch_size=-1)
    except Exception as error:  # of a dozen kinds: network, disk, checksums, TensorFlow
        raise errors.RunError(
            f"--dataset={dataset.name} could not be read from {dataset.folder}: "
            f"{errors.first_line(error)}"
        ) from error
    return Split(tensors["image"], tf.cast(tensors["label"], tf.int32))
