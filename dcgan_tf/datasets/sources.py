"""Which data set, and where it lies.

Nothing here imports TensorFlow for the names that are known and for files, so that a wrong
name or a host that does not answer is refused at once.
"""

import contextlib
import dataclasses
import http.client
import os
import pathlib
import threading
import urllib.request
from collections.abc import Mapping
from types import MappingProxyType

from dcgan_tf.config.presets import AUTO, DIGITS, MNIST_LIKE
from dcgan_tf.datasets import cache, folder, npz
from dcgan_tf.datasets.cache import Entry
from dcgan_tf.datasets.folder import printable
from dcgan_tf.datasets.source import Source
from dcgan_tf.datasets.spec import ImageSpec, fits
from dcgan_tf.support import errors, tf_setup

MNIST = ImageSpec(28, 28, 1, classes=10)  # and what is of its form
DEFAULT_SIZE = (32, 32)  # where sizes differ, or networks cannot be built for the size
MOST_CLASSES = 1000
ANSWER_SECONDS = 4  # how long a host may take to answer


@dataclasses.dataclass(frozen=True)
class Options:
    """How files are read, and where what was read is kept.

    size, channels: of the images; None: as they are
    """

    data_dir: str | None = None
    cache_dir: str | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None
    skip_broken: bool = False


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set.

    size:        images in its training split, where known before it is loaded
    spec:        of its images; of 1 class: without classes
    class_names: None where they are numbers from 0
    url:         a file of the download; None: nothing to download
    folder:      where tensorflow-datasets keeps or will keep it
    entry:       what was read of it into the cache, if it is not one of the names that are
                 loaded whole
    files:       the sha256 of each of its files, by its name there
    notes:       what else a user should know of it
    """

    name: str
    size: int | None
    spec: ImageSpec
    class_names: tuple[str, ...] | None = None
    url: str | None = None
    folder: pathlib.Path | None = None
    prepared: bool = True
    entry: Entry | None = None
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def held_out(self) -> int | None:
        """Its held-out images, where their number is known before they are loaded."""
        return sum(self.entry.counts["test"]) if self.entry else None

    def __str__(self) -> str:
        if self.entry:
            return (
                f"{self.name}, {self.size:,} training images and {self.held_out():,} held "
                f"out, {self.spec}, {_classes(self.spec.classes)}, kept in "
                f"{self.entry.folder} ({self.entry.bytes() / 1e6:,.1f} MB)"
            )
        if self.folder is None:
            place = "bundled with scikit-learn"
        elif self.prepared:
            place = f"in {self.folder}"
        else:
            place = f"to be downloaded into {self.folder}"
        size = f"{self.size:,}" if self.size else "?"
        return f"{self.name}, {size} training images, {self.spec.classes} classes, {place}"


def _classes(count: int) -> str:
    return f"{count:,} classes" if count > 1 else "no classes"


# Sets of 60,000 training images in 10 classes that need no asking: a file of the download,
# and the names of their classes.
_KNOWN = {
    "mnist": (
        "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
        None,
    ),
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
    ),
    "kmnist": (
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/train-labels-idx1-ubyte.gz",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
}
TEST_DIGITS = 297


def find(
    name: str,
    options: Options = Options(),
    *,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Dataset:
    """The data set called `name`, or for "auto" mnist if it is within reach, else digits.

    A folder or a .npz is read into the cache, once; a name may still have to be downloaded.

    files: of the run that goes on with it; what changed since is a UsageError

    Raises UsageError for a name that nobody knows, for what cannot be trained on, and for
    what is neither prepared nor within reach.
    """
    data_dir = data_folder(options.data_dir)
    if options.data_dir and not data_dir.is_dir():
        raise errors.UsageError(
            f"--data_dir={options.data_dir}: is no folder; make it first, or name another"
        )
    if path := own_path(name):
        return _read_own(path, options, files)
    if name == AUTO:
        mnist = _known("mnist", data_dir)
        name = mnist.name if mnist.prepared or _answers(mnist.url) else DIGITS
    as_it_is = options.size in (None, (28, 28)) and options.channels in (None, 1)
    if name == DIGITS:
        if not as_it_is:
            raise errors.UsageError("--dataset=digits: has images of 28x28x1 alone")
        return Dataset(DIGITS, 1797 - TEST_DIGITS, MNIST)
    if name in _KNOWN and as_it_is:
        found = _known(name, data_dir)
        _check_reach(name, data_dir, found.prepared, found.url)
        return found
    return _read_prepared(name, data_dir, options)


def is_own(name: str) -> bool:
    """Whether a run's data set of that name is a folder or file: its absolute path."""
    return name.startswith("/")


def short_name(name: str) -> str:
    """A data set's name as it is shown: of a folder or file the last part of its path."""
    return pathlib.PurePath(name).name if is_own(name) else name


def own_path(name: str) -> pathlib.Path | None:
    """The absolute path of a folder or file of images, if `name` is that of one.

    UsageError for what looks like a path and is none.
    """
    if name in (AUTO, DIGITS, *MNIST_LIKE):
        return None
    path = errors.user_path(name, "--dataset")
    if printable(path) != str(path):
        raise errors.UsageError(
            f"--dataset={printable(path)}: has letters that are not UTF-8; rename it"
        )
    if path.is_dir() or (path.is_file() and path.suffix == ".npz"):
        return path.absolute()
    if path.exists():
        raise errors.UsageError(
            f"--dataset={name}: is neither a folder of pictures nor a .npz of arrays"
        )
    if name.startswith((".", "/", "~")) or path.suffix == ".npz":
        raise errors.UsageError(
            f"--dataset={name}: there is no such folder or file; name where it lies"
        )
    return None


def _read_own(path: pathlib.Path, options: Options, files: Mapping[str, str]) -> Dataset:
    source = npz.find(path) if path.is_file() else folder.find(path)
    if not files:
        return _read(source, options)
    if not _unchanged(files, source.files):
        raise errors.UsageError(
            f"--dataset={path}: {_changes(files, source.files)} since the run began; put "
            "back what was there, or begin another run with another --run_dir"
        )
    # What could not be read when the run began cannot be read now.
    return _read(source, dataclasses.replace(options, skip_broken=True))


def _unchanged(then: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether the files are those of before; a single one may have another name."""
    if len(then) == len(now) == 1:
        return set(then.values()) == set(now.values())
    return then == now


def _changes(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """ "2 files added (as cats/a.png), 1 altered (as b.png)"."""
    kinds = {
        "added": now.keys() - then.keys(),
        "removed": then.keys() - now.keys(),
        "altered": {name for name in then.keys() & now.keys() if then[name] != now[name]},
    }
    return ", ".join(
        f"{len(names):,} file{'s' * (len(names) > 1)} {kind} (as {printable(min(names))})"
        for kind, names in kinds.items()
        if names
    )


def _read(source: Source, options: Options) -> Dataset:
    """What is read of a source, now or before."""

    def choose_size(common: tuple[int, int] | None) -> tuple[int, int]:
        return common if common and fits(*common) else DEFAULT_SIZE

    if len(source.class_names) > MOST_CLASSES:
        raise errors.UsageError(
            f"--dataset={source.name}: has {len(source.class_names):,} classes; at most "
            f"{MOST_CLASSES:,} can be trained"
        )
    entry = cache.prepare(
        source,
        cache.folder(options.cache_dir),
        size=options.size,
        channels=options.channels,
        choose_size=choose_size,
        skip_broken=options.skip_broken,
    )
    names = source.class_names
    numbers = tuple(str(number) for number in range(len(names)))
    broken = (f"{len(entry.skipped):,} that cannot be read",) if entry.skipped else ()
    return Dataset(
        source.name,
        sum(entry.counts["train"]),
        ImageSpec(*entry.size, entry.channels, len(names)),
        None if names in (numbers, ("",)) else names,
        entry=entry,
        files=source.files,
        notes=source.notes + broken,
    )


def data_folder(data_dir: str | None) -> pathlib.Path:
    """tensorflow-datasets' folder: `data_dir`, else TFDS_DATA_DIR, else its own default."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    name = "--data_dir" if data_dir else "TFDS_DATA_DIR"
    return errors.user_path(data_dir or default, name)


def _known(name: str, data_dir: pathlib.Path) -> Dataset:
    url, class_names = _KNOWN[name]
    prepared = is_prepared(name, data_dir)
    return Dataset(name, 60_000, MNIST, class_names, url, data_dir, prepared)


def is_prepared(name: str, data_dir: pathlib.Path) -> bool:
    """Whether tensorflow-datasets has prepared `name` in `data_dir`."""
    return any(data_dir.glob(f"{name}/[0-9]*/{name}-train.*"))


def _read_prepared(name: str, data_dir: pathlib.Path, options: Options) -> Dataset:
    """What tensorflow-datasets has under a name, or can download."""
    tf_setup.start()  # takes seconds, and is for foreign names only
    import tensorflow_datasets as tfds

    from dcgan_tf.datasets import prepared

    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (ValueError, tfds.core.registered.DatasetNotFoundError) as error:
        known = tfds.list_builders(with_community_datasets=False)
        if name.split("/")[0] in known:
            reason = errors.first_line(error)
            raise errors.UsageError(f"--dataset={name}: {reason}") from None
        near = errors.near_matches(name, [AUTO, DIGITS, *known])
        raise errors.UsageError(
            f"--dataset={name}: there is no such data set, folder or file{near}"
        ) from None
    url = next(iter(getattr(builder, "url_infos", None) or {}), None)
    _check_reach(name, data_dir, builder.is_prepared(), url)
    try:
        source = prepared.find(name, prepared.download(name, data_dir))
        return _read(source, options)
    except errors.UsageError:
        raise
    except Exception as error:  # of a dozen kinds: network, disk, checksums, TensorFlow
        raise errors.RunError(
            f"--dataset={name} could not be read from {data_dir}: "
            f"{errors.first_line(error)}"
        ) from error


def _check_reach(
    name: str, data_dir: pathlib.Path, prepared: bool, url: str | None
) -> None:
    if not prepared and not _answers(url):
        raise errors.UsageError(
            f"--dataset={name}: not prepared in {data_dir} and its host does not answer; "
            "name its folder by --data_dir, or begin a run with --dataset=digits"
        )


def _answers(url: str | None) -> bool:
    """Whether the host gives the file, within ANSWER_SECONDS."""
    if url is None:
        return True  # nobody knows whom to ask
    answered, done = threading.Event(), threading.Event()

    def ask():
        request = urllib.request.Request(url, method="HEAD")
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            urllib.request.urlopen(request, timeout=ANSWER_SECONDS),
        ):
            answered.set()
        done.set()

    # In a thread of its own, because the look-up of a host's name heeds no timeout.
    threading.Thread(target=ask, daemon=True).start()
    done.wait(ANSWER_SECONDS)
    return answered.is_set()
