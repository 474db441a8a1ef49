"""Images that were read once: uint8 files in a cache folder, which are mapped into memory.

CACHE/<key>/train_images.bin    uint8 [N, H, W, C]
            train_labels.npy    int32 [N]
            test_images.bin, test_labels.npy
            index.json          what the others hold, and their hashes
"""

import dataclasses
import itertools
import json
import pathlib
import warnings
from collections import Counter
from collections.abc import Mapping

import numpy as np
from PIL import Image

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.spec import (
    LEAST_SIZE,
    SQUARES,
    Dataset,
    ImageSpec,
    Source,
    Target,
    digest,
    doublings,
    own_names,
)
from dcgan_tf.support import atomic_files, errors
from dcgan_tf.support.progress import bar, say

FORMAT = 2
SPLITS = ("train", "test")
USUAL_MOST = 64  # pixels of a side, where a user requests no size
LEAST_BRIGHT = 32  # grey level that some pixel of sound images has


@dataclasses.dataclass(frozen=True)
class Options:
    """How files are read, and where what was read is kept."""

    data_dir: str | None = None  # the folder of tensorflow-datasets; None: its own
    cache_dir: str | None = None  # the cache's folder; None: in the user's cache folder
    # (height, width); None: as `_usual_size` has it
    size: tuple[int, int] | None = None
    channels: int | None = None  # None: grey where all images are grey
    fit: str = "crop"  # as `Target` has it
    resample: str = "smooth"
    skip_broken: bool = False  # whether to go on without pictures that cannot be read
    labelled: bool = False  # whether to go on without those of a folder that have no class
    is_new: bool = True  # whether to ask which of nested folders are the classes


def prepare(source: Source, options: Options) -> Dataset:
    """Returns what the cache holds of a source, which is read where it holds nothing."""
    cache = pathlib.Path(options.cache_dir or errors.cache_folder() / "images").expanduser()
    requested = options.size, options.channels

    def place(*requested: object) -> pathlib.Path:
        way = *requested, options.fit, options.resample
        return cache / digest(FORMAT, source.key, source.class_names, *way)[:32]

    def kept() -> Dataset | None:
        # A run that goes on requests what was found when it began, when it requested less.
        for earlier in itertools.product({None, options.size}, {None, options.channels}):
            folder = place(*earlier)
            if index := _index(folder):
                read_as = (index["height"], index["width"]), index["channels"]
                fits = requested in (earlier, read_as)
                if fits and atomic_files.is_intact(folder, index["sha256"]):
                    return _dataset(source, folder, index, options.skip_broken)
        return None

    if dataset := kept():
        return dataset
    with atomic_files.naming(f"--cache_dir={cache}"):
        cache.mkdir(parents=True, exist_ok=True)
    line = f"waiting for another process that reads images into {cache}"
    with atomic_files.lock(cache, waiting=line) as alone:
        if kept() is None:  # or another process has read it meanwhile
            if alone:
                atomic_files.remove_leftovers(cache)  # of a process that was killed
            made = atomic_files.replacing(place(*requested), folder=True, overwrite=True)
            with made as temporary, warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                _read(source, temporary, options)
    return kept()


def _index(place: pathlib.Path) -> dict | None:
    """Returns the index of a folder in the cache; None where there is none to read."""
    try:
        return json.loads((place / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _read(source: Source, place: pathlib.Path, options: Options) -> None:
    """Reads a source into a new folder."""
    sizes = source.sizes()
    height, width = options.size or _usual_size(sizes, options.fit)
    say(f"reading {source.count:,} images of {source.name}, once, as {width}x{height}")
    channels = options.channels or source.channels or 3
    labels: tuple[list[int], list[int]] = [], []
    skipped, grey = [], options.channels is None and channels == 3
    looks, first_labels = Counter[str](), dict[int, int]()  # by the hash of an image
    paths = [place / f"{split}_images.bin" for split in SPLITS]
    target = Target((height, width), options.fit, options.resample, alpha=channels == 4)
    with paths[0].open("wb") as train, paths[1].open("wb") as test:
        for image, label, is_test, error in bar(
            source.items(target), "reading", source.count
        ):
            if image is None:
                skipped.append(error)
                continue
            grey = grey and (image.ndim == 2 or bool((image[..., :1] == image).all()))
            pixels = picture.in_channels(image, channels)
            content = pixels.tobytes()
            looks["highest"] = max(looks["highest"], int(pixels.max()))
            looks["plain"] += int((pixels == pixels[0, 0]).all())
            looks["twice"] += first_labels.setdefault(hash(content), label) != label
            (test if is_test else train).write(content)
            labels[is_test].append(label if len(source.class_names) > 1 else 0)
    counts = {}
    for split, numbers, path in zip(SPLITS, labels, paths, strict=True):
        counts[split] = np.bincount(numbers, minlength=len(source.class_names)).tolist()
        np.save(place / f"{split}_labels.npy", np.array(numbers, np.int32))
        if grey:  # the first of three equal channels is kept
            single = path.with_suffix(".grey")
            with path.open("rb") as colour, single.open("wb") as file:
                while block := colour.read(3_000_000):
                    file.write(block[::3])
            single.replace(path)
    index = {"source": source.name, "height": height, "width": width}
    index |= {"channels": 1 if grey else channels, "counts": counts, "skipped": skipped}
    index |= {"warnings": _odd(looks, counts), "sha256": atomic_files.hashes(place)}
    index["fitting"] = _fitting(sizes, target)
    atomic_files.write_json(place / "index.json", index)


def _usual_size(sizes: Counter[tuple[int, int]], fit: str) -> tuple[int, int]:
    """Returns the size that all images have, if networks can be built for it.

    Else it returns the largest square, up to USUAL_MOST, that 90 % of the images fill: by
    their short sides, or where they are padded by their long sides.
    """
    if len(sizes) == 1 and doublings(*(common := next(iter(sizes)))):
        return common
    sides = sorted((max if fit == "pad" else min)(size) for size in sizes.elements())
    filled = min(sides[len(sides) // 10], USUAL_MOST) if sides else LEAST_SIZE
    side = max(side for side in SQUARES if side <= max(filled, LEAST_SIZE))
    return side, side


def _fitting(sizes: Counter[tuple[int, int]], target: Target) -> list[str]:
    """Says what images of other sizes lose or gain, and which flags change it."""
    if not sizes.keys() - {target.size}:
        return []
    height, width = target.size
    heights, widths = zip(*sizes, strict=True)
    now = f"all are {widths[0]}x{heights[0]}"
    if len(sizes) > 1:
        ends = (dict.fromkeys((min(of), max(of))) for of in (widths, heights))
        wide, high = (" to ".join(map(str, pair)) for pair in ends)
        now = f"they are {wide} pixels wide and {high} high"
    others = sum(n for (high, wide), n in sizes.items() if high * width != wide * height)
    done, other = {"crop": ("cropped", "pad"), "pad": ("padded", "crop")}[target.fit]
    how_many = f"{others:,} " if len(sizes) > 1 else ""
    shaped = f"{how_many}{done} to a square, " if others else ""
    flags = f"--image_size or --fit={other}" if others else "--image_size"
    return [f"{now}: {shaped}all resized to {width}x{height} (change this by {flags})"]


def _odd(looks: Mapping[str, int], counts: Mapping[str, list[int]]) -> list[str]:
    """Returns what is odd about images, which were counted as they were read."""
    train, test = (sum(counts[split]) for split in SPLITS)
    lines = {
        f"no pixel is above {looks['highest']} of 255": looks["highest"] < LEAST_BRIGHT,
        f"{looks['plain']:,} of {train + test:,} images have a single colour": (
            10 * looks["plain"] > train + test
        ),
        f"{looks['twice']:,} images are equal to one of another class": looks["twice"],
        "no image is held out, so nothing can be measured": not test,
    }
    return [line for line, is_so in lines.items() if is_so]


def _dataset(source, place: pathlib.Path, index: dict, skip_broken: bool) -> Dataset:
    """Returns the data set in a folder; UsageError unless it can be trained on."""
    skipped, counts, names = index["skipped"], index["counts"], source.class_names
    listed = errors.listed(skipped, separator="; ")
    if skipped and not skip_broken:
        raise errors.UsageError(
            f"--dataset={source.name}: {len(skipped):,} of {source.count:,} pictures "
            f"cannot be read: {listed}; repair or remove them, or leave them out by "
            "--skip_broken"
        )
    if 0 in counts["train"]:
        label = counts["train"].index(0)
        raise errors.UsageError(
            f"--dataset={source.name}: no image of {names[label]!r} to train on; add some"
        )
    spec = ImageSpec(index["height"], index["width"], index["channels"], len(names))

    def read(split: str) -> tuple[np.ndarray, np.ndarray]:
        shape = sum(counts[split]), *spec.shape
        path, labels = place / f"{split}_images.bin", np.load(place / f"{split}_labels.npy")
        if not shape[0]:  # an empty file cannot be mapped
            return np.zeros(shape, np.uint8), labels
        return np.memmap(path, np.uint8, "r", shape=shape), labels

    megabytes = sum((place / f"{s}_images.bin").stat().st_size for s in SPLITS) / 1e6
    notes = [*index["fitting"]]
    notes += [f"{len(skipped):,} that cannot be read: {listed}"] if skipped else []
    return Dataset(
        source.name,
        spec,
        own_names(names),
        counts,
        f"kept in {place} ({megabytes:,.1f} MB)",
        read,
        (*source.notes, *notes),
        tuple(index["warnings"]),
    )
