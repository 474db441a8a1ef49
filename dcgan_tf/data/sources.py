"""Which data set, and where it lies.

Nothing here imports TensorFlow for the names that are known, so that a wrong name or a host
that does not answer is told at once.
"""

import contextlib
import dataclasses
import http.client
import os
import pathlib
import threading
import urllib.request

from dcgan_tf.config.presets import AUTO, DIGITS
from dcgan_tf.data.spec import ImageSpec
from dcgan_tf.support import errors, tf_setup

MNIST = ImageSpec(28, 28, 1, classes=10)  # and what is of its form
ANSWER_SECONDS = 4  # how long a host may take to answer


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A labelled data set."""

    name: str
    size: int | None  # images in its training split, where known before it is loaded
    spec: ImageSpec
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
        return f"{self.name}, {size} training images, {self.spec.classes} classes, {place}"


# Sets of 60,000 training images in 10 classes that need no asking: a file of the download.
_KNOWN = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
    "kmnist": "http://codh.rois.ac.jp/kmnist/dataset/kmnist/train-labels-idx1-ubyte.gz",
}
TEST_DIGITS = 297


def find(name: str, data_dir: str | None) -> Dataset:
    """The data set called `name`, or for "auto" mnist if it is within reach, else digits.

    It may still have to be downloaded.
    Raises UsageError for a name that nobody knows, for what cannot be trained on, and for
    what is neither prepared nor within reach.
    """
    folder = data_folder(data_dir)
    if data_dir and not folder.is_dir():
        raise errors.UsageError(
            f"--data_dir={data_dir}: is no folder; make it first, or name another"
        )
    if name == DIGITS:
        return Dataset(DIGITS, 1797 - TEST_DIGITS, MNIST)
    if name == AUTO:
        mnist = _known("mnist", folder)
        return mnist if mnist.prepared or _answers(mnist.url) else find(DIGITS, None)
    found = _known(name, folder) if name in _KNOWN else _ask_tfds(name, folder)
    if not found.prepared and not _answers(found.url):
        raise errors.UsageError(
            f"--dataset={name}: not prepared in {folder} and its host does not answer; "
            "name its folder by --data_dir, or begin a run with --dataset=digits"
        )
    return found


def data_folder(data_dir: str | None) -> pathlib.Path:
    """tensorflow-datasets' folder: `data_dir`, else TFDS_DATA_DIR, else its own default."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    name = "--data_dir" if data_dir else "TFDS_DATA_DIR"
    return errors.user_path(data_dir or default, name)


def _known(name: str, folder: pathlib.Path) -> Dataset:
    return Dataset(name, 60_000, MNIST, _KNOWN[name], folder, is_prepared(name, folder))


def is_prepared(name: str, folder: pathlib.Path) -> bool:
    """Whether tensorflow-datasets has prepared `name` in `folder`."""
    return any(folder.glob(f"{name}/[0-9]*/{name}-train.*"))


def _ask_tfds(name: str, folder: pathlib.Path) -> Dataset:
    """What tensorflow-datasets says of `name`; UsageError if it cannot be trained on."""
    tf_setup.start()  # takes seconds, and is for foreign names only
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
    if shape != MNIST.shape or classes is None:
        raise errors.UsageError(
            f"--dataset={name}: images are {shape}, classes {classes}; this package "
            f"trains on labelled images of {MNIST.shape}, such as mnist"
        )
    size = builder.info.splits["train"].num_examples if builder.info.splits else None
    url = next(iter(builder.url_infos or {}), None)
    spec = ImageSpec(*shape, classes)
    return Dataset(name, size, spec, url, folder, builder.is_prepared())


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
