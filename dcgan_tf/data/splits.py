"""A data set's images and labels, in memory once."""

import dataclasses
import hashlib

import tensorflow as tf

from dcgan_tf.data.sources import Dataset
from dcgan_tf.support import errors


@dataclasses.dataclass(frozen=True)
class Split:
    """images uint8 [N, H, W, C], labels int32 [N]: tensors that batches are gathered from.

    They are never made from arrays of the same size, which would double their memory.
    """

    images: tf.Tensor
    labels: tf.Tensor

    def fingerprint(self) -> dict[str, object]:
        """Number and shape of the images, and hashes of images and labels.

        sha256: in their order; content_hash: in whatever order
        """
        count, *shape = self.images.shape
        found = hashlib.sha256(self.images.numpy())
        found.update(self.labels.numpy())
        return {
            "images": count,
            "shape": shape,
            "sha256": found.hexdigest(),
            "content_hash": self.content_hash(),
        }

    def content_hash(self) -> str:
        """A hash of the labelled images in whatever order."""
        pairs = zip(self.images.numpy(), self.labels.numpy(), strict=True)
        each = [hashlib.sha256(x.tobytes() + y.tobytes()).digest() for x, y in pairs]
        return hashlib.sha256(b"".join(sorted(each))).hexdigest()


def load(dataset: Dataset, split: str) -> Split:
    """The "train" or the "test" split; downloads it first where it is not prepared.

    Raises RunError if that fails.
    """
    if dataset.folder is None:
        from dcgan_tf.data import digits  # scikit-learn takes a second to import

        images, labels = digits.load(split)
        return Split(tf.constant(images), tf.constant(labels))
    import tensorflow_datasets as tfds  # which takes a second to import, too

    try:
        builder = tfds.builder(dataset.name, data_dir=dataset.folder)
        if dataset.prepared and not builder.is_prepared():
            raise ValueError("is of another version than this tensorflow-datasets reads")
        builder.download_and_prepare()
        if split not in builder.info.splits:
            raise ValueError(f"it has no {split} split to compare with")
        tensors = builder.as_dataset(split=split, batch_size=-1)
        if tensors["image"].dtype != tf.uint8:
            raise ValueError(
                f"its images are {tensors['image'].dtype.name}, not uint8 from 0 to 255"
            )
    except Exception as error:  # of a dozen kinds: network, disk, checksums, TensorFlow
        raise errors.RunError(
            f"--dataset={dataset.name} could not be read from {dataset.folder}: "
            f"{errors.first_line(error)}"
        ) from error
    return Split(tensors["image"], tf.cast(tensors["label"], tf.int32))
