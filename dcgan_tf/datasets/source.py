"""The data set that a name stands for, and where it lies."""

import dataclasses
import os
import pathlib

from dcgan_tf.config.presets import AUTO, DIGITS, MNIST_LIKE
from dcgan_tf.datasets import cache, folder, npz, packaged
from dcgan_tf.datasets.cache import Options
from dcgan_tf.datasets.spec import NO_CLASSES, Dataset
from dcgan_tf.support import errors

LEAST_HELD_OUT = 6  # images: five nearest neighbours of one
MOST_CLASSES = 1000
DEFAULTS = Options()


def find(name: str, options: Options = DEFAULTS) -> Dataset:
    """Returns the data set that `settled` named; UsageError if it cannot be trained on."""
    data_dir = data_folder(options.data_dir)
    if name == AUTO:
        name = "mnist" if packaged.mnist_is_within_reach(data_dir) else DIGITS
    if options.size in (None, (28, 28)) and options.channels in (None, 1):
        if name == DIGITS:
            return packaged.digits()
        if name in MNIST_LIKE:
            return packaged.mnist_like(name, data_dir)
    elif name == DIGITS:
        raise errors.UsageError("--dataset=digits: has images of 28x28x1 alone")
    if not is_own(name):
        source = packaged.find(name, data_dir)
    else:
        path = _readable(pathlib.Path(name))
        is_file, reading = path.is_file(), (options.labelled, options.is_new)
        source = npz.find(path) if is_file else folder.find(path, *reading)
    if (classes := len(source.class_names)) > MOST_CLASSES:
        notes = *source.notes, f"without classes, because {classes:,} are over 1,000"
        source = dataclasses.replace(source, class_names=NO_CLASSES, notes=notes)
    dataset = cache.prepare(source, options)
    return dataclasses.replace(dataset, files_hash=source.key if is_own(name) else "")


def has_classes(name: str, data_dir: str | None) -> bool:
    """Says whether the images that `settled` named have two classes or more.

    Classes of a folder count if most of its pictures have one.
    """
    if name in (AUTO, DIGITS, *MNIST_LIKE):
        return True
    if not is_own(name):
        classes = len(packaged.find(name, data_folder(data_dir)).class_names)
    elif (path := _readable(pathlib.Path(name))).is_file():
        classes = len(npz.find(path).class_names)
    else:
        files, _ = folder.listed(path, labelled=True, is_new=False)
        everything, _ = folder.listed(path, labelled=False, is_new=False)
        mostly = 2 * len(files) > len(everything)
        classes = len({file.class_name for file in files}) if mostly else 1
    return 1 < classes <= MOST_CLASSES


def is_own(name: str) -> bool:
    """Says whether a run's data set is a folder or file: its name is its absolute path."""
    return name.startswith("/")


def short_name(name: str) -> str:
    """Returns a data set's name as it is shown: of a path the last part."""
    return pathlib.PurePath(name).name if is_own(name) else name


def _readable(path: pathlib.Path) -> pathlib.Path:
    """Returns the path; UsageError where no images can lie."""
    if not (path.is_dir() or (path.is_file() and path.suffix == ".npz")):
        raise errors.UsageError(
            f"--dataset={path}: is no folder or .npz; name where it lies, unpacked"
        )
    return path


def settled(name: str, data_dir: str | None) -> str:
    """Returns what --dataset means here: the name of a set, or an absolute path.

    A run keeps it, and nothing is guessed a second time.  A name that both have is the
    set's.  UsageError where neither has it; no host is asked, and no TensorFlow imported.
    """
    path, looks_so = pathlib.Path(name).expanduser(), name.startswith((".", "/", "~"))
    prepared = (data_folder(data_dir) / name).rglob("dataset_info.json")
    if name in (AUTO, DIGITS, *MNIST_LIKE) or (not looks_so and any(prepared)):
        return name
    if looks_so or path.suffix == ".npz" or path.exists():
        return str(_readable(path).absolute())
    packaged.check_known(name)
    return name


def check_outside(name: str, path: pathlib.Path, flag: str) -> None:
    """UsageError where what `--flag=path` writes would become part of a run's images."""
    path = path.resolve()
    if is_own(name) and pathlib.Path(name).resolve() in (path, *path.parents):
        raise errors.UsageError(
            f"--{flag}={path}: lies in the data, {name}, and would be read as a part of "
            "it; name another place, to which what lies here may be moved"
        )


def moved_to(name: str, given: str | None, data_dir: str | None) -> str | None:
    """Returns the path --dataset gives, where the files of `name` lie now; or None."""
    path = settled(given, data_dir) if given and is_own(name) else ""
    return path if is_own(path) else None


def data_folder(data_dir: str | None) -> pathlib.Path:
    """Returns tensorflow-datasets' folder: `data_dir`, TFDS_DATA_DIR, or its default."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    folder = pathlib.Path(data_dir or default).expanduser()
    if data_dir and not folder.is_dir():
        raise errors.UsageError(
            f"--data_dir={data_dir}: is no folder; make it first, or name another"
        )
    return folder


def check_held_out(dataset: Dataset, asking: str) -> None:
    """UsageError where too few images are held out for what `--asking` measures."""
    if dataset.held_out < LEAST_HELD_OUT:
        raise errors.UsageError(
            f"--{asking}: {dataset.name} has {dataset.held_out} held-out images, too few "
            f"to measure by; it needs {LEAST_HELD_OUT} or more"
        )
