"""Which images `sample` is asked for, and the files that it writes them into."""

import dataclasses
import itertools
import math
import pathlib
import re
from collections.abc import Iterable

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.reporting import images as grids
from dcgan_tf.support import arrays, atomic_files, errors

PER_CLASS = 10  # images, where nothing else is asked for
UNCONDITIONAL_COUNT = 100
MOST_IMAGES = 1_000_000
MOST_BYTES = 2_000_000_000  # of images that are held at once
LONGEST_NAME = 50  # characters of a class in a file's name, which has at most 255 bytes


def check_output(output: pathlib.Path) -> None:
    """UsageError unless `write` can write `output`."""
    if output.suffix not in ("", ".png", ".npz") or output.name in (".png", ".npz"):
        raise errors.UsageError(
            f"--output={output}: must end in .png or .npz, or name a folder"
        )
    if not output.parent.is_dir():
        raise errors.UsageError(f"--output={output}: there is no folder {output.parent}")
    if output.suffix and output.is_dir():
        raise errors.UsageError(f"--output={output}: is a folder; name a file")
    if (
        not output.suffix
        and output.exists()
        and (output.is_file() or any(output.iterdir()))
    ):
        raise errors.UsageError(f"--output={output}: is in the way; name a new folder")


@dataclasses.dataclass(frozen=True)
class Request:
    """The images to generate.

    labels: the class of each
    layout: of their grid
    note:   what a user should know of the choice; "" for nothing
    """

    labels: list[int]
    layout: grids.Layout
    note: str = ""


def request(values: FlagValues, config: Config, output: pathlib.Path) -> Request:
    """What the flags ask for; UsageError unless the run's generator can make it."""
    _check_flags(values, config, output)
    for name, parse in (("classes", _named_classes), ("digits", _digits)):
        if values[name].value is not None:
            row = parse(values[name].value, config)
            _check_count(len(row), values, config, output)
            return Request(row, grids.Layout.of(config, row))
    if values.count or not config.conditional:
        count = values.count or UNCONDITIONAL_COUNT
        _check_count(count, values, config, output)
        columns = math.ceil(math.sqrt(count))
        labels = [index % config.classes for index in range(count)]
        return Request(labels, grids.Layout.of(config, None, columns))
    shown, note = list(range(config.classes)), ""
    if output.suffix == ".png":
        shown = resolve.shown_classes(config.classes)
    if len(shown) < config.classes:
        note = (
            f"{len(shown)} of {config.classes:,} classes are shown; name others by "
            "--classes, or all of them by an --output that is a folder or a .npz"
        )
    per_class = values.per_class or PER_CLASS
    _check_count(per_class * len(shown), values, config, output)
    return Request(shown * per_class, grids.Layout.of(config, shown), note)


def _check_flags(values: FlagValues, config: Config, output: pathlib.Path) -> None:
    """UsageError for flags that do not go together, or not with the run."""
    asked = [n for n in ("classes", "digits", "per_class", "count") if values[n].present]
    if len(asked) > 1:
        raise errors.UsageError(f"--{' and --'.join(asked)}: only one of them at a time")
    for name in asked:
        if name != "count" and not config.conditional:
            raise errors.UsageError(
                f"--{name}={values[name].value}: the run is of mode {config.mode}, whose "
                "generator has no classes; use --count"
            )
    if values.magnify and output.suffix != ".png":
        raise errors.UsageError(
            f"--magnify={values.magnify}: goes with an --output that is a .png"
        )


def _check_count(
    count: int, values: FlagValues, config: Config, output: pathlib.Path
) -> None:
    """UsageError for more images than can be made, or than memory holds at once."""
    if count > MOST_IMAGES:
        raise errors.UsageError(f"{count:,} images: at most {MOST_IMAGES:,} at a time")
    size = count * config.height * config.width * config.channels
    size *= (values.magnify or 1) ** 2
    if output.suffix and size > MOST_BYTES:
        raise errors.UsageError(
            f"--output={output}: {count:,} images take {size / 1e9:,.1f} GB of memory; "
            "name a folder, which is written image by image"
        )


def _named_classes(text: str, config: Config) -> list[int]:
    try:
        return resolve.class_numbers(text, config.names)
    except ValueError as error:
        raise errors.UsageError(f"--classes={text}: {error}") from None


def _digits(text: str, config: Config) -> list[int]:
    """A label for each character; UsageError unless each is a class of the run."""
    if config.class_names:
        raise errors.UsageError(
            f"--digits={text}: the classes of this run are no digits; use --classes, as in "
            f"--classes={','.join(config.names[:3])}"
        )
    if not (text.isascii() and text.isdecimal()) or int(max(text)) >= config.classes:
        raise errors.UsageError(
            f"--digits={text}: must be digits from 0 to {min(config.classes, 10) - 1} only"
        )
    return [int(character) for character in text]


def write(
    output: pathlib.Path,
    blocks: Iterable[np.ndarray],
    request: Request,
    config: Config,
    magnify: int | None,
) -> None:
    """Writes the images that come in `blocks` as the suffix of `output` says.

    magnify: of a grid; 1: the plain grid; None: what makes it legible
    """
    if not output.suffix:
        _write_folder(output, blocks, request.labels, config)
        return
    images = np.concatenate(list(blocks))
    if output.suffix == ".png":
        pixels = grids.grid(images, request.layout.columns)
        if magnify != 1:
            pixels = grids.legible(pixels, request.layout, magnify)
        grids.write_png(output, pixels)
        return
    classes = {}
    if config.conditional:
        classes["labels"] = np.array(request.labels, np.int32)
        classes["class_names"] = np.array(config.names)
    arrays.write(output, images=images, **classes)


def _write_folder(
    folder: pathlib.Path, blocks: Iterable[np.ndarray], labels: list[int], config: Config
) -> None:
    """Writes a PNG for each image, in a folder for its class where it has one.

    As `train --dataset` reads them.
    """
    names = [_file_name(name) for name in config.names]
    if len(set(names)) < len(names):
        names = [f"{number}_{name}" for number, name in enumerate(names)]
    images = itertools.chain.from_iterable(blocks)
    with atomic_files.replacing_folder(folder) as temporary:
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = temporary / names[label] if config.conditional else temporary
            place.mkdir(exist_ok=True)
            path = place / f"image_{index:06d}.png"
            path.write_bytes(grids.encode_png(grids.grid(image[None], columns=1)))


def _file_name(name: str) -> str:
    """A class's name, or its beginning, with _ for all but letters, digits, - and _."""
    return re.sub(r"[^\w-]", "_", name)[:LONGEST_NAME]
