"""Images that were read once: uint8 files in a cache folder, which are mapped into memory.

CACHE/<key>/train_images.bin    uint8 [N, H, W, C]
            train_labels.npy    int32 [N]
            test_images.bin, test_labels.npy
            index.json          what the others hold
"""

import contextlib
import dataclasses
import functools
import itertools
import json
import math
import pathlib
from typing import Any

import numpy as np

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.source import Dataset, Source, digest, own_names
from dcgan_tf.datasets.spec import ImageSpec, fits
from dcgan_tf.support import atomic_files, errors
from dcgan_tf.support.progress import bar, say

FORMAT = 1
SPLITS = ("train", "test")
DEFAULT_SIZE = (32, 32)  # where sizes differ, or networks cannot be built for the size
BLOCK = 1_000_000  # pixels
MOST_NAMED = 20  # broken files in an error

Size = tuple[int, int]  # height, width
Index = dict[str, Any]  # what index.json holds


@dataclasses.dataclass(frozen=True)
class Options:
    """How files are read, and where what was read is kept.

    data_dir:       the folder of tensorflow-datasets; None: its own
    cache_dir:      the cache's folder; None: in the user's cache folder
    size, channels: of the images; None: the size that all have in common, if networks can
                    be built for it, and grey where all images are grey
    skip_broken:    go on without pictures that cannot be read
    """

    data_dir: str | None = None
    cache_dir: str | None = None
    size: Size | None = None
    channels: int | None = None
    skip_broken: bool = False


def prepare(source: Source, options: Options) -> Dataset:
    """What the cache holds of a source, which is read first where it holds nothing.

    Raises UsageError where this cannot be trained on, or be kept.
    """
    cache = errors.cache_folder() / "images"
    if options.cache_dir:
        cache = errors.user_path(options.cache_dir, "--cache_dir")
    size, channels = requested = options.size, options.channels
    # A run that goes on asks for what was found when it began, when it asked for less.
    for earlier in itertools.product({None, size}, {None, channels}):
        place = cache / _key(source, *earlier)
        index = _index(place)
        if index and requested in (earlier, (_size(index), index["channels"])):
            return _dataset(source, place, index, options.skip_broken)
    place = cache / _key(source, *requested)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with atomic_files.alone_in(cache, "reads images into") as alone:
            index = _index(place)  # another process may have read it meanwhile
            if index is None:
                if alone:
                    atomic_files.remove_leftovers(cache)  # of a process that was killed
                with atomic_files.replacing_folder(place, overwrite=True) as temporary:
                    index = _read(source, temporary, options)
    except OSError as error:
        raise errors.UsageError(
            f"--cache_dir={cache}: images cannot be kept there "
            f"({errors.first_line(error)}); name another"
        ) from None
    return _dataset(source, place, index, options.skip_broken)


def _key(source: Source, size: Size | None, channels: int | None) -> str:
    return digest(FORMAT, source.key, source.class_names, size, channels)[:32]


def _index(place: pathlib.Path) -> Index | None:
    """The index of a folder of the cache; None where there is none, or files are cut."""
    try:
        index = json.loads((place / "index.json").read_text(encoding="utf-8"))
        files = [(place / f"{split}_images.bin").stat().st_size for split in SPLITS]
    except (OSError, ValueError):
        return None
    return index if files == [math.prod(_shape(index, split)) for split in SPLITS] else None


def _size(index: Index) -> Size:
    return index["height"], index["width"]


def _shape(index: Index, split: str) -> tuple[int, ...]:
    return sum(index["counts"][split]), *_size(index), index["channels"]


def _read(source: Source, place: pathlib.Path, options: Options) -> Index:
    """Reads a source into a new folder; returns its index."""
    size = options.size or source.common_size()
    if options.size is None and not (size and fits(*size)):
        size = DEFAULT_SIZE
    height, width = size
    say(f"reading {source.count:,} images of {source.name}, once, as {height}x{width}")
    written = options.channels or source.channels or 3
    labels: dict[str, list[int]] = {split: [] for split in SPLITS}
    skipped, grey = [], options.channels is None and written == 3
    with contextlib.ExitStack() as stack:
        files = [
            stack.enter_context((place / f"{split}_images.bin").open("wb"))
            for split in SPLITS
        ]
        for item in bar(source.items(size), "reading", source.count):
            if item.image is None:
                skipped.append(item.error)
                continue
            grey = grey and picture.is_grey(item.image)
            files[item.test].write(picture.in_channels(item.image, written).tobytes())
            labels[SPLITS[item.test]].append(item.label)
    for split in SPLITS:
        np.save(place / f"{split}_labels.npy", np.array(labels[split], np.int32))
        if grey:
            _keep_first_channel(place / f"{split}_images.bin")
    index = {
        "source": source.name,
        "height": height,
        "width": width,
        "channels": 1 if grey else written,
        "counts": {
            split: np.bincount(labels[split], minlength=len(source.class_names)).tolist()
            for split in SPLITS
        },
        "skipped": skipped,
    }
    atomic_files.write_json(place / "index.json", index)
    return index


def _keep_first_channel(path: pathlib.Path) -> None:
    """Makes a file of RGB images, all of them grey, one of a single channel."""
    with path.open("rb") as colour, path.with_suffix(".grey").open("wb") as grey:
        while block := colour.read(3 * BLOCK):
            grey.write(block[::3])
    path.with_suffix(".grey").replace(path)


def _dataset(
    source: Source, place: pathlib.Path, index: Index, skip_broken: bool
) -> Dataset:
    """The data set in a folder of the cache; UsageError unless it can be trained on."""
    skipped, counts, names = index["skipped"], index["counts"], source.class_names
    if skipped and not skip_broken:
        listed = "; ".join(skipped[:MOST_NAMED]) + "; ..." * (len(skipped) > MOST_NAMED)
        raise errors.UsageError(
            f"--dataset={source.name}: {len(skipped):,} of {source.count:,} pictures "
            f"cannot be read: {listed}; repair or remove them, or leave them out by "
            "--skip_broken"
        )
    if 0 in counts["train"]:
        label = counts["train"].index(0)
        raise errors.UsageError(
            f"--dataset={source.name}: class {names[label]!r} has no image to train on, "
            f"and {counts['test'][label]} held out; add some, or take it away"
        )
    megabytes = sum(math.prod(_shape(index, split)) for split in SPLITS) / 1e6
    broken = (f"{len(skipped):,} that cannot be read",) if skipped else ()
    return Dataset(
        source.name,
        ImageSpec(*_size(index), index["channels"], len(names)),
        own_names(names),
        counts,
        f"kept in {place} ({megabytes:,.1f} MB)",
        functools.partial(_load, place, index),
        source.notes + broken,
    )


def _load(place: pathlib.Path, index: Index, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, H, W, C], read-only, mapped into memory, and labels int32 [N]."""
    shape = _shape(index, split)
    labels = np.load(place / f"{split}_labels.npy")
    if not shape[0]:
        return np.zeros(shape, np.uint8), labels
    return np.memmap(place / f"{split}_images.bin", np.uint8, "r", shape=shape), labels
