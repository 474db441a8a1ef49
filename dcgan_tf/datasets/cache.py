"""Images that were read once: uint8 files in a cache folder, which are mapped into memory.

CACHE/<key>/train_images.bin    uint8 [N, H, W, C]
            train_labels.npy    int32 [N]
            test_images.bin, test_labels.npy
            index.json          what the others hold
"""

import contextlib
import dataclasses
import itertools
import json
import pathlib
import shutil
from collections.abc import Callable, Iterator

import numpy as np

from dcgan_tf.datasets.source import Item, Source, digest
from dcgan_tf.support import arrays, atomic_files, errors
from dcgan_tf.support.progress import bar, say

FORMAT = 1
MOST_BYTES = 100_000_000  # of index.json
SPLITS = ("train", "test")
BLOCK = 4096  # images
MOST_NAMED = 20  # broken files in an error

Size = tuple[int, int]  # height, width


@dataclasses.dataclass(frozen=True)
class Entry:
    """What was read of a source.

    counts: images of each class, by split; skipped: "file: why" of what could not be read
    """

    folder: pathlib.Path
    size: Size
    channels: int
    counts: dict[str, list[int]]
    skipped: list[str]

    def images(self, split: str) -> np.ndarray:
        """uint8 [N, H, W, C], read-only, mapped into memory."""
        shape = (sum(self.counts[split]), *self.size, self.channels)
        if not shape[0]:
            return np.zeros(shape, np.uint8)
        return np.memmap(self._images(split), np.uint8, "r", shape=shape)

    def labels(self, split: str) -> np.ndarray:
        return np.load(self.folder / f"{split}_labels.npy", allow_pickle=False)

    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir())

    def is_whole(self) -> bool:
        size = self.size[0] * self.size[1] * self.channels
        return all(
            self._images(split).stat().st_size == size * sum(self.counts[split])
            and len(self.labels(split)) == sum(self.counts[split])
            for split in SPLITS
        )

    def _images(self, split: str) -> pathlib.Path:
        return self.folder / f"{split}_images.bin"


def folder(cache_dir: str | None) -> pathlib.Path:
    """Where images are kept: `cache_dir`, else in the user's cache folder."""
    if cache_dir:
        return errors.user_path(cache_dir, "--cache_dir")
    return errors.cache_folder() / "images"


def prepare(
    source: Source,
    cache: pathlib.Path,
    *,
    size: Size | None,
    channels: int | None,
    choose_size: Callable[[Size | None], Size],
    skip_broken: bool,
) -> Entry:
    """The entry of a source, which is read first where the cache has none.

    size, channels: of the images; None: `choose_size` of what all have in common, and grey
    where all are grey
    skip_broken: go on without pictures that cannot be read; else they are a UsageError that
    lists them
    """
    # A run that goes on asks for what was found when it began, when it asked for less.
    for options in itertools.product({None, size}, {None, channels}):
        found = _read(cache / _key(source, *options))
        if found and (
            options == (size, channels) or (found.size, found.channels) == (size, channels)
        ):
            return _checked(source, found, skip_broken)
    place = cache / _key(source, size, channels)
    with _locked(cache):
        found = _read(place)  # another process may have read it meanwhile
        if not found:
            size = size or choose_size(source.common_size())
            found = _make(source, place, size, channels, skip_broken)
    return _checked(source, found, skip_broken)


def _key(source: Source, size: Size | None, channels: int | None) -> str:
    return digest(FORMAT, source.key, source.class_names, size, channels)[:32]


def _read(place: pathlib.Path) -> Entry | None:
    """The entry in a folder; None where there is none, or it is damaged."""
    try:
        held = json.loads(atomic_files.read_text(place / "index.json", MOST_BYTES))
        entry = Entry(
            place,
            (held["height"], held["width"]),
            held["channels"],
            held["counts"],
            held["skipped"],
        )
        return entry if entry.is_whole() else None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


@contextlib.contextmanager
def _locked(cache: pathlib.Path) -> Iterator[None]:
    """One process reads images into a cache at a time; others wait for it."""
    with contextlib.ExitStack() as stack:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            lock = atomic_files.alone_in(cache, "reads images into")
            if stack.enter_context(lock):
                atomic_files.remove_leftovers(cache)  # of a process that was killed
        except OSError as error:
            raise _not_writable(cache, error) from None
        yield


def _not_writable(cache: pathlib.Path, error: OSError) -> errors.UsageError:
    return errors.UsageError(
        f"--cache_dir={cache}: images cannot be kept there ({error.strerror}); name another"
    )


def _make(
    source: Source,
    place: pathlib.Path,
    size: Size,
    channels: int | None,
    skip_broken: bool,
) -> Entry:
    """Reads a source into a new entry."""
    # Grey images without a known number of channels are written twice.
    most = source.count * size[0] * size[1] * (channels or source.channels or 4)
    free = shutil.disk_usage(place.parent).free
    if free < most:
        raise errors.UsageError(
            f"--cache_dir={place.parent}: its disk has {free / 1e6:,.0f} MB left, "
            f"{source.name} may need {most / 1e6:,.0f}; make room, or name another"
        )
    say(
        f"reading {source.count:,} images of {source.name}, once, as "
        f"{size[0]}x{size[1]} pixels"
    )
    try:
        with atomic_files.replacing_folder(place, overwrite=True) as temporary:
            entry = _write(source, temporary, size, channels)
            if entry.skipped and not skip_broken:
                raise _broken(source, entry.skipped)
        entry = dataclasses.replace(entry, folder=place)
        if not entry.is_whole():
            raise OSError(0, "what was written there is not what was read")
        return entry
    except OSError as error:
        raise _not_writable(place.parent, error) from None


def _write(source: Source, place: pathlib.Path, size: Size, channels: int | None) -> Entry:
    written = channels or source.channels or 3
    labels: dict[str, list[int]] = {split: [] for split in SPLITS}
    skipped, grey = [], True
    with contextlib.ExitStack() as stack:
        files = {
            split: stack.enter_context((place / f"{split}_images.bin").open("wb"))
            for split in SPLITS
        }
        for item in bar(source.items(size), "reading", source.count):
            if item.image is None:
                skipped.append(f"{item.place}: {item.error}")
                continue
            split = SPLITS[item.test]
            grey = grey and _is_grey(item)
            files[split].write(_with_channels(item.image, written).tobytes())
            labels[split].append(item.label)
    counts = {
        split: np.bincount(found, minlength=len(source.class_names)).tolist()
        for split, found in labels.items()
    }
    for split, found in labels.items():
        np.save(place / f"{split}_labels.npy", np.array(found, np.int32))
    entry = Entry(place, size, written, counts, skipped)
    if grey and written == 3 and channels is None and any(labels.values()):
        entry = _squeezed(entry)
    index = {
        "format": FORMAT,
        "source": source.name,
        "height": size[0],
        "width": size[1],
        "channels": entry.channels,
        "class_names": source.class_names,
        "counts": counts,
        "skipped": skipped,
    }
    atomic_files.write_json(place / "index.json", index)
    return entry


def _is_grey(item: Item) -> bool:
    image = item.image
    return image.ndim == 2 or bool((image[..., :1] == image).all())


def _with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3] with 1 or 3 channels; grey is ITU-R 601's luma."""
    if channels == 3:
        return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=-1)
    if image.ndim == 2:
        return image
    weights = np.array([19_595, 38_470, 7_471])  # of 65,536, as Pillow has them
    return ((image.astype(np.int64) @ weights + 32_768) >> 16).astype(np.uint8)


def _squeezed(entry: Entry) -> Entry:
    """The same with one channel of three, all of them alike."""
    grey = dataclasses.replace(entry, channels=1)
    for split in SPLITS:
        path, images = entry._images(split), entry.images(split)
        with path.with_suffix(".grey").open("wb") as file:
            for rows in arrays.blocks(len(images), BLOCK):
                file.write(images[rows, ..., 0].tobytes())
        path.with_suffix(".grey").replace(path)
    return grey


def _checked(source: Source, entry: Entry, skip_broken: bool) -> Entry:
    """The entry; UsageError unless it can be trained on."""
    if entry.skipped and not skip_broken:
        raise _broken(source, entry.skipped)
    for name, count, held in zip(
        source.class_names, entry.counts["train"], entry.counts["test"], strict=True
    ):
        if not count:
            raise errors.UsageError(
                f"--dataset={source.name}: class {name!r} has no image to train on, and "
                f"{held} held out; add some, or take it away"
            )
    return entry


def _broken(source: Source, skipped: list[str]) -> errors.UsageError:
    named = "; ".join(skipped[:MOST_NAMED])
    more = f"; and {len(skipped) - MOST_NAMED:,} more" if skipped[MOST_NAMED:] else ""
    return errors.UsageError(
        f"--dataset={source.name}: {len(skipped):,} of {source.count:,} pictures cannot be "
        f"read: {named}{more}; repair or remove them, or leave them out by --skip_broken"
    )
