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
from dcgan_tf.reporting import frames, grids
from dcgan_tf.support import arrays, atomic_files, errors

SUFFIXES = (".png", ".npz", ".gif")
PER_CLASS = 10  # images, where nothing else is asked for
ROWS = 10  # of a way between latents or classes
STEPS = 8  # from a class to the next
STOPS = 4  # latents that a GIF passes
STEP_MS, HELD_MS = 100, 500  # a frame of a GIF, and one of a single class
MOST_STEPS = 1_000
UNCONDITIONAL_COUNT = 100
MOST_IMAGES = 1_000_000
MOST_BYTES = 2_000_000_000  # of images that are held at once
LONGEST_NAME = 50  # characters of a class in a file's name, which has at most 255 bytes


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


@dataclasses.dataclass(frozen=True)
class PathRequest:
    """Images on the way between latents or classes: rows of a .png, or a .gif that loops.

    labels:  the class of each row; of a way between classes, as many as there are rows
    classes: that the way passes; None: latents
    steps:   images from one to the next, both included
    layout:  of the whole .png, or of each frame
    note:    as above
    """

    labels: list[int]
    classes: list[int] | None
    steps: int
    layout: grids.Layout
    note: str = ""

    def images(self, loaded, seed: int, *, closed: bool) -> np.ndarray:
        """uint8 [rows, M, H, W, C], by a `runs.trained.TrainedRun`."""
        if self.classes is None:
            stops = STOPS if closed else 2
            more = {"stops": stops, "closed": closed}
            return loaded.interpolate(self.labels, self.steps, seed, **more)
        more = {"count": len(self.labels), "closed": closed}
        return loaded.morph(self.classes, self.steps, seed, **more)


def request(
    values: FlagValues, config: Config, output: pathlib.Path
) -> Request | PathRequest:
    """What the flags ask for; UsageError unless the run's generator can make it."""
    _check_flags(values, config, output)
    row = None
    if values.classes is not None:
        row = _named_classes("classes", values.classes, config)
    elif values.digits is not None:
        row = _digits(values.digits, config)
    if _is_path(values):
        return _path_request(values, config, output, row)
    if row is not None:
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


def _is_path(values: FlagValues) -> bool:
    return values.interpolate is not None or values.morph is not None


def _path_request(
    values: FlagValues, config: Config, output: pathlib.Path, row: list[int] | None
) -> PathRequest:
    """row: the classes that --classes or --digits names, if any"""
    classes, steps, note = None, values.interpolate or STEPS, ""
    if values.morph is not None:
        classes = _named_classes("morph", values.morph, config)
        if len(classes) < 2:
            raise errors.UsageError(
                f"--morph={values.morph}: name two classes or more, as in --morph="
                f"{','.join(config.names[:2])}"
            )
    elif row is None and config.conditional and not values.count:
        row = resolve.shown_classes(config.classes)
        if len(row) < config.classes:
            note = f"{len(row)} of {config.classes:,} classes are shown; name others by "
            note += "--classes"
    labels = row or [index % config.classes for index in range(values.count or ROWS)]
    closed = output.suffix == ".gif"
    stops = len(classes) if classes else STOPS if closed else 2
    length = stops * (steps - 1) if closed else (stops - 1) * (steps - 1) + 1
    _check_count(len(labels) * length, values, config, output)
    if closed:
        columns = min(len(labels), grids.PLAIN_COLUMNS)
        layout = grids.Layout.of(config, row, columns)
        _check_frames(len(labels), length, layout, values, config)
        return PathRequest(labels, classes, steps, layout, note)
    layout = grids.Layout.of(config, None, length)
    if classes:  # named over the columns that are no mixture
        titles = [""] * length
        titles[:: steps - 1] = grids.Layout.of(config, classes).titles
        layout = dataclasses.replace(layout, titles=tuple(titles))
    return PathRequest(labels, classes, steps, layout, note)


def _check_frames(
    count: int, frames: int, layout: grids.Layout, values: FlagValues, config: Config
) -> None:
    """UsageError for a GIF that memory does not hold."""
    blank = np.zeros((count, config.height, config.width, config.channels), np.uint8)
    frame = grids.legible(grids.grid(blank, layout.columns), layout, values.magnify)
    if frame.size * frames > MOST_BYTES:
        raise errors.UsageError(
            f"--output={values.output}: {frames:,} frames of {frame.shape[1]}x"
            f"{frame.shape[0]} pixels take {frame.size * frames / 1e9:,.1f} GB of memory; "
            "take a lower --interpolate or --magnify"
        )


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
    if values.magnify and output.suffix not in (".png", ".gif"):
        raise errors.UsageError(
            f"--magnify={values.magnify}: goes with an --output that is a .png or a .gif"
        )
    if _is_path(values):
        _check_path_flags(values, config, output)
    elif output.suffix == ".gif":
        raise errors.UsageError(
            f"--output={output}: a .gif goes with --interpolate or --morph"
        )


def _check_path_flags(values: FlagValues, config: Config, output: pathlib.Path) -> None:
    name = "interpolate" if values.morph is None else "morph"
    given = f"--{name}={values[name].value}"
    if name == "morph" and not config.conditional:
        raise errors.UsageError(
            f"{given}: the run is of mode {config.mode}, whose generator has no classes; "
            "use --interpolate"
        )
    rows = ("count",) if name == "morph" else ("classes", "digits", "count")
    for other in ("classes", "digits", "per_class"):
        if values[other].present and other not in rows:
            raise errors.UsageError(
                f"--{other}={values[other].value}: does not go with --{name}, whose rows "
                f"are given by --{' or --'.join(rows)}"
            )
    if output.suffix not in (".png", ".gif"):
        raise errors.UsageError(
            f"--output={output}: with --{name} it must end in .png or .gif"
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


def _named_classes(flag: str, text: str, config: Config) -> list[int]:
    try:
        return resolve.class_numbers(text, config.names)
    except ValueError as error:
        raise errors.UsageError(f"--{flag}={text}: {error}") from None


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


def write_path(
    output: pathlib.Path, images: np.ndarray, request: PathRequest, magnify: int | None
) -> None:
    """Writes rows of images, uint8 [rows, M, H, W, C]: as a grid, or M frames of a GIF."""

    def shown(flat: np.ndarray) -> np.ndarray:
        pixels = grids.grid(flat, request.layout.columns)
        return pixels if magnify == 1 else grids.legible(pixels, request.layout, magnify)

    if output.suffix == ".png":
        grids.write_png(output, shown(np.concatenate(images)))
        return
    pictures = [shown(frame) for frame in images.swapaxes(0, 1)]
    durations = [STEP_MS] * len(pictures)
    if request.classes:  # what is no mixture is to be seen
        durations[:: request.steps - 1] = [HELD_MS] * len(request.classes)
    atomic_files.write_bytes(output, frames.encode_gif(pictures, durations))


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
