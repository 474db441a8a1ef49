"""The data set that a name stands for, and where it lies."""

import os
import pathlib

from dcgan_tf.config.presets import AUTO, DIGITS, MNIST_LIKE
from dcgan_tf.datasets import cache, folder, npz, packaged
from dcgan_tf.datasets.cache import Options
from dcgan_tf.datasets.spec import Dataset
from dcgan_tf.support import errors

LEAST_HELD_OUT = 6  # images: five nearest neighbours of one
DEFAULTS = Options()


def find(name: str, options: Options = DEFAULTS) -> Dataset:
    """Returns the data set `name`; for "auto" mnist if it is within reach, else digits.

    A folder or a .npz is read into the cache, once; a name may still have to be downloaded.
    UsageError for a name that nobody knows, for what cannot be trained on, and for what is
    neither prepared nor within reach.
    """
    data_dir = data_folder(options.data_dir)
    if options.data_dir and not data_dir.is_dir():
        raise errors.UsageError(
            f"--data_dir={options.data_dir}: is no folder; make it first, or name another"
        )
    if name == AUTO:
        name = "mnist" if packaged.mnist_is_within_reach(data_dir) else DIGITS
    if options.size in (None, (28, 28)) and options.channels in (None, 1):
        if name == DIGITS:
            return packaged.digits()
        if name in MNIST_LIKE:
            return packaged.mnist_like(name, data_dir)
    elif name == DIGITS:
        raise errors.UsageError("--dataset=digits: has images of 28x28x1 alone")
    if path := own_path(name):
        source = npz.find(path) if path.is_file() else folder.find(path)
    else:
        source = packaged.find(name, data_dir)
    if (classes := len(source.class_names)) > 1000:
        raise errors.UsageError(f"--dataset={name}: has {classes:,} classes, over 1,000")
    return cache.prepare(source, options)


def is_own(name: str) -> bool:
    """Says whether a run's data set is a folder or file: its name is its absolute path."""
    return name.startswith("/")


def short_name(name: str) -> str:
    """Returns a data set's name as it is shown: of a path the last part."""
    return pathlib.PurePath(name).name if is_own(name) else name


def own_path(name: str) -> pathlib.Path | None:
    """Returns the absolute path of an own folder or file; None for another data set.

    UsageError for what looks like a path and is none.
    """
    if name in (AUTO, DIGITS, *MNIST_LIKE):
        return None
    path = pathlib.Path(name).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix == ".npz"):
        return path.absolute()
    if path.exists() or name.startswith((".", "/", "~")) or path.suffix == ".npz":
        raise errors.UsageError(
            f"--dataset={name}: there is no such folder or .npz; name where it lies"
        )
    return None


def data_folder(data_dir: str | None) -> pathlib.Path:
    """Returns tensorflow-datasets' folder: `data_dir`, TFDS_DATA_DIR, or its default."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return pathlib.Path(data_dir or default).expanduser()


def moved_to(name: str, given: str | None) -> str | None:
    """Returns the path that --dataset gives, where the files of data set `name` lie now.

    None where the data set has no files of its own, or --dataset gives no path.
    """
    path = own_path(given) if given and is_own(name) else None
    return str(path) if path else None


def check_held_out(dataset: Dataset, asking: str) -> None:
    """UsageError where too few images are held out for what `--asking` measures."""
    if dataset.held_out < LEAST_HELD_OUT:
        raise errors.UsageError(
            f"--{asking}: {dataset.name} has {dataset.held_out} held-out images, too few "
            f"to measure by; it needs {LEAST_HELD_OUT} or more"
        )
