"""Which data set, where it lies, and its images: uint8, in memory once.

Nothing here imports TensorFlow before images are read, so that a wrong name or a host
that does not answer is told at once.
"""

import contextlib
import dataclasses
import http.client
import os
import pathlib
import threading
import urllib.request
from typing import TYPE_CHECKING

import numpy as np

from dcgan_tf import engine, errors
from dcgan_tf.recipes import AUTO, DIGITS

if TYPE_CHECKING:
    import tensorflow as tf

IMAGE_SHAPE = (28, 28, 1)
ANSWER_SECONDS = 4  # how long a host may take to answer


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A labelled data set of 28x28x1 images."""

    name: str
    size: int | None  # images in its training split, where known before it is loaded
    classes: int
    url: str | None = None  # a file of the download; None: nothing to download
    folder: pathlib.Path | None = None  # where tensorflow-datasets keeps or will keep it
    prepared: bool = True

    def __str__(self) -> str:
        if self.folder is None:
            place = "bundled with scikit-learn"
        elif self.prepared:
            place = f"in {self.folder}"
        else:
            place = f"to be downloaded into {self.folder}"
        size = f"{self.size:,}" if self.size else "?"
        return f"{self.name}, {size} training images, {self.classes} classes, {place}"


@dataclasses.dataclass(frozen=True)
class Split:
    """images uint8 [N, 28, 28, 1], labels int32 [N]: tensors, which batches gather from.

    They are never made from arrays of the same size, which would double their memory.
    """

    images: "tf.Tensor"
    labels: "tf.Tensor"


# Sets of 60,000 training images in 10 classes that need no asking: a file of the download.
_KNOWN = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
    "kmnist": "http://codh.rois.ac.jp/kmnist/dataset/kmnist/train-labels-idx1-ubyte.gz",
}
DIGITS_HELD_OUT = 297


def find(name: str, data_dir: str | None) -> Dataset:
    """The data set called `name`, or for "auto" mnist if it is within reach, else digits.

    It may still have to be downloaded.
    Raises UsageError for a name that nobody knows, for what cannot be trained on, and for
    what is neither prepared nor within reach.
    """
    folder = data_folder(data_dir)
    if name == DIGITS:
        return Dataset(DIGITS, 1797 - DIGITS_HELD_OUT, 10)
    if name == AUTO:
        mnist = _known("mnist", folder)
        return mnist if mnist.prepared or _answers(mnist.url) else find(DIGITS, None)
    found = _known(name, folder) if name in _KNOWN else _asked(name, folder)
    if not found.prepared and not _answers(found.url):
        raise errors.UsageError(
            f"--dataset={name}: not prepared in {folder} and its host does not answer; "
            "name its folder by --data_dir, or begin a run with --dataset=digits"
        )
    return found


def data_folder(data_dir: str | None) -> pathlib.Path:
    """tensorflow-datasets' folder: `data_dir`, else TFDS_DATA_DIR, else its own default."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return pathlib.Path(data_dir or default).expanduser()


def _known(name: str, folder: pathlib.Path) -> Dataset:
    return Dataset(name, 60_000, 10, _KNOWN[name], folder, is_prepared(name, folder))


def is_prepared(name: str, folder: pathlib.Path) -> bool:
    """Whether tensorflow-datasets has prepared `name` in `folder`."""
    return any(folder.glob(f"{name}/[0-9]*/{name}-train.*"))


def _asked(name: str, folder: pathlib.Path) -> Dataset:
    """What tensorflow-datasets says of `name`; UsageError if it cannot be trained on."""
    engine.start()  # takes seconds, and is for foreign names only
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    if name.split("/")[0] not in known:
        near = errors.near_matches(name, [AUTO, DIGITS, *known])
        raise errors.UsageError(f"--dataset={name}: there is no such data set{near}")
    try:
        builder = tfds.builder(name, data_dir=folder)
    except (ValueError, tfds.core.registered.DatasetNotFoundError) as error:
        reason = errors.first_line(error)
        raise errors.UsageError(f"--dataset={name}: {reason}") from None
    features = {name: builder.info.features[name] for name in builder.info.features}
    shape = getattr(features.get("image"), "shape", None)
    classes = getattr(features.get("label"), "num_classes", None)
    if shape != IMAGE_SHAPE or classes is None:
        raise errors.UsageError(
            f"--dataset={name}: images are {shape}, classes {classes}; this package "
            f"trains on labelled images of {IMAGE_SHAPE}, such as mnist"
        )
    size = builder.info.splits["train"].num_examples if builder.info.splits else None
    url = next(iter(builder.url_infos or {}), None)
    return Dataset(name, size, classes, url, folder, builder.is_prepared())


def _answers(url: str | None) -> bool:
    """Whether the host gives the file, within ANSWER_SECONDS."""
    if url is None:
        return True  # nobody knows whom to ask
    answered, asked = threading.Event(), threading.Event()

    def ask():
        request = urllib.request.Request(url, method="HEAD")
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            urllib.request.urlopen(request, timeout=ANSWER_SECONDS),
        ):
            answered.set()
        asked.set()

    # In a thread of its own, because the look-up of a host's name heeds no timeout.
    threading.Thread(target=ask, daemon=True).start()
    asked.wait(ANSWER_SECONDS)
    return answered.is_set()


def load(dataset: Dataset, split: str) -> Split:
    """The "train" or the "test" split; downloads it first where it is not prepared.

    Raises RunError if that fails.
    """
    if dataset.folder is None:
        return _digits(split)
    import tensorflow as tf
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(dataset.name, data_dir=dataset.folder)
        if dataset.prepared and not builder.is_prepared():
            raise ValueError("is of another version than this tensorflow-datasets reads")
        builder.download_and_prepare()
        if split not in builder.info.splits:
            raise ValueError(f"it has no {split} split to compare with")
        tensors = builder.as_dataset(split=split, batch_size=-1)
    except Exception as error:  # of a dozen kinds: network, disk, checksums, TensorFlow
        raise errors.RunError(
            f"--dataset={dataset.name} could not be read from {dataset.folder}: "
            f"{errors.first_line(error)}"
        ) from error
    return Split(tensors["image"], tf.cast(tensors["label"], tf.int32))


def _digits(split: str) -> Split:
    """scikit-learn's 8x8 digits, made 28x28 as MNIST was made.

    A 20x20 box, moved so that the ink's centre of mass is the image's centre (LeCun et
    al. 1998, section III.A).  Every sixth or so, 297 in all, is held out.
    """
    import tensorflow as tf
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    held_out = np.zeros(len(digits.images), bool)
    held_out[np.linspace(0, len(held_out) - 1, DIGITS_HELD_OUT).astype(int)] = True
    chosen = held_out if split == "test" else ~held_out
    images = np.zeros((chosen.sum(), *IMAGE_SHAPE), np.uint8)
    for image, small in zip(images, digits.images[chosen], strict=True):
        grey = Image.fromarray((small * 255 / 16).astype(np.uint8))
        box = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC), np.float64)
        offsets = [_centred(box.sum(axis=other)) for other in (1, 0)]
        rows, columns = (slice(offset, offset + 20) for offset in offsets)
        image[rows, columns, 0] = box
    return Split(tf.constant(images), tf.constant(digits.target[chosen], tf.int32))


def _centred(ink: np.ndarray) -> int:
    """The offset among 28 rows of 20 rows of ink that puts their mass in the middle."""
    centre = np.average(np.arange(20), weights=ink)
    return int(np.clip(round(13.5 - centre), 0, 8))
