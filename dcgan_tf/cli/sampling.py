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
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import arrays, atomic_files, errors

PER_CLASS = 10  # images, where nothing else is asked for
ROWS = 10  # of a way between latents or classes
STEPS = 8  # from a class to the next
STOPS = 4  # latents that a GIF passes
STEP_MS, HELD_MS = 100, 500  # a frame of a GIF, and a frame of a single class
UNCONDITIONAL_COUNT = 100
MOST_IMAGES = 1_000_000
MOST_BYTES = 2_000_000_000  # of images that are held at once
LONGEST_NAME = 50  # characters of a class in a file's name, which has at most 255 bytes


@dataclasses.dataclass(frozen=True)
class Request:
    """The images to generate: single ones, or rows of a way between latents or classes.

    labels: the class of each image, or of each row; of a way between classes, as many as
            there are rows
    layout: of their grid, or of each frame of a GIF
    note:   what a user should know of the choice; "" for nothing
    steps:  images from a latent vector or class to the next, both included; None: no way
    passes: the classes that the way passes; None: latents
    """

    labels: list[int]
    layout: grids.Layout
    note: str = ""
    steps: int | None = None
    passes: list[int] | None = None


def sample(values: FlagValues, run: Run, output: pathlib.Path) -> str:
    """Generates what the flags ask for into `output`; returns what to tell the user."""
    asked = request(values, run.read_config(), output)
    loaded = trained.load(run.folder, ema=values.ema, which=values.which)
    count = write(output, loaded, asked, values.seed or 0, values.magnify)
    lines = [f"{output}: {count} images, generated at step {loaded.step:,}", asked.note]
    return "\n".join(line for line in lines if line)


def request(values: FlagValues, config: Config, output: pathlib.Path) -> Request:
    """Returns what the flags ask for; UsageError unless the run's generator can make it."""
    _check_flags(values, config, output)
    row = None
    if values.digits is not None:
        row = _digits(values.digits, config)
    elif values.classes is not None:
        row = resolve.class_numbers("classes", values.classes, config.names)
    if values.interpolate is not None or values.morph is not None:
        return _way(values, config, output, row)
    if row is None and (values.count or not config.conditional):
        count = values.count or UNCONDITIONAL_COUNT
        labels = [index % config.classes for index in range(min(count, MOST_IMAGES + 1))]
        columns = math.ceil(math.sqrt(count))
        found = Request(labels, grids.Layout.of(config, None, columns))
    elif row is None:
        row, note = list(range(config.classes)), ""
        if output.suffix == ".png":
            row, note = _shown(config)
        count = min(values.per_class or PER_CLASS, MOST_IMAGES // len(row) + 1)
        found = Request(row * count, grids.Layout.of(config, row), note)
    else:
        found = Request(row, grids.Layout.of(config, row))
    _check_room(len(found.labels), values, config, output)
    return found


def _shown(config: Config) -> tuple[list[int], str]:
    """Returns the classes that a grid shows, and the note that these are not all."""
    shown = resolve.shown_classes(config.classes)
    note = ""
    if len(shown) < config.classes:
        note = (
            f"{len(shown)} of {config.classes:,} classes are shown; name others by "
            "--classes, or all of them by an --output that is a folder or a .npz"
        )
    return shown, note


def _way(
    values: FlagValues, config: Config, output: pathlib.Path, row: list[int] | None
) -> Request:
    """row: the classes that --classes or --digits names, if any"""
    passes, steps, note = None, values.interpolate or STEPS, ""
    if values.morph is not None:
        passes = resolve.class_numbers("morph", values.morph, config.names)
    elif row is None and config.conditional and not values.count:
        row, note = _shown(config)
    rows = len(row) if row else values.count or ROWS
    is_gif = output.suffix == ".gif"
    stops = len(passes) if passes else STOPS if is_gif else 2
    length = stops * (steps - 1) if is_gif else (stops - 1) * (steps - 1) + 1
    _check_room(rows * length, values, config, output)
    labels = row or [index % config.classes for index in range(rows)]
    if is_gif:
        layout = grids.Layout.of(config, row, min(rows, grids.PLAIN_COLUMNS))
        return Request(labels, layout, note, steps, passes)
    layout = grids.Layout.of(config, None, length)
    if passes:  # named over the columns that are no mixture
        titles = [""] * length
        titles[:: steps - 1] = grids.Layout.of(config, passes).titles
        layout = dataclasses.replace(layout, titles=tuple(titles))
    return Request(labels, layout, note, steps, passes)


def _check_flags(values: FlagValues, config: Config, output: pathlib.Path) -> None:
    """UsageError for flags that do not go together, or not with the run."""
    names = ("classes", "digits", "per_class", "count", "interpolate", "morph")
    given = {n: f"--{n}={values[n].value}" for n in names if values[n].present}
    rows = [name for name in names[:4] if name in given]
    of_class = [text for name, text in given.items() if name not in names[3:5]]
    way = next((name for name in ("morph", "interpolate") if name in given), "")
    allowed = {"morph": ["count"], "interpolate": ["classes", "digits", "count"]}
    odd_rows = [given[name] for name in rows if way and name not in allowed[way]]
    is_grid = output.suffix in (".png", ".gif")
    for is_wrong, line in (
        (len(rows) > 1, f"--{' and --'.join(rows)}: only one of them at a time"),
        (
            of_class and not config.conditional,
            f"{' '.join(of_class)}: the run is of mode {config.mode}, whose generator has "
            "no classes; use --count or --interpolate",
        ),
        (odd_rows, f"{' '.join(odd_rows)}: does not go with --{way}; use --count"),
        (
            way == "morph" and "," not in given[way],
            f"{given.get('morph')}: name two classes or more, as in --morph="
            f"{','.join(config.names[:2])}",
        ),
        (
            (way or values.magnify) and not is_grid,
            f"--output={output}: --magnify, --interpolate and --morph write a .png or .gif",
        ),
        (
            output.suffix == ".gif" and not way,
            f"--output={output}: a .gif goes with --interpolate or --morph",
        ),
    ):
        if is_wrong:
            raise errors.UsageError(line)


def _check_room(
    count: int, values: FlagValues, config: Config, output: pathlib.Path
) -> None:
    """UsageError for more images than can be made, or than memory holds at once."""
    size = count * config.height * config.width * config.channels
    size *= (values.magnify or 1) ** 2
    line = ""
    if count > MOST_IMAGES:
        line = f"{count:,} images: at most {MOST_IMAGES:,} at a time"
    elif output.suffix and size > MOST_BYTES:
        line = (
            f"--output={output}: {count:,} images take {size / 1e9:,.1f} GB of memory; "
            "name a folder, which is written image by image"
        )
    if line:
        raise errors.UsageError(line)


def _digits(text: str, config: Config) -> list[int]:
    """Returns a label for each character; UsageError unless each is a class of the run."""
    is_number = text.isascii() and text.isdecimal()
    if config.class_names or not is_number or int(max(text)) >= config.classes:
        raise errors.UsageError(
            f"--digits={text}: must be digits that are classes of the run; these are "
            f"{', '.join(config.names[:20])}: use --classes, as in --classes="
            f"{','.join(config.names[:3])}"
        )
    return [int(character) for character in text]


def write(
    output: pathlib.Path,
    loaded: TrainedRun,
    request: Request,
    seed: int,
    magnify: int | None,
) -> int:
    """Generates the images, writes them as the suffix says, and returns their number.

    magnify: of a grid; 1: the plain grid; None: what makes it legible
    """
    if request.steps:
        return _write_way(output, loaded, request, seed, magnify)
    blocks = loaded.sample_blocks(request.labels, seed=seed)
    config = loaded.config
    if output.suffix == ".png":
        images = np.concatenate(list(blocks))
        grids.write_png(output, _grid(images, request.layout, magnify))
    elif output.suffix == ".npz":
        classes = {}
        if config.conditional:
            classes["labels"] = np.array(request.labels, np.int32)
            classes["class_names"] = np.array(config.names)
        arrays.write(output, images=np.concatenate(list(blocks)), **classes)
    else:
        _write_folder(output, blocks, request.labels, config)
    return len(request.labels)


def _grid(images: np.ndarray, layout: grids.Layout, magnify: int | None) -> np.ndarray:
    pixels = grids.grid(images, layout.columns)
    return pixels if magnify == 1 else grids.legible(pixels, layout, magnify)


def _write_way(
    output: pathlib.Path,
    loaded: TrainedRun,
    request: Request,
    seed: int,
    magnify: int | None,
) -> int:
    """Writes rows of images as a grid, or their columns as the frames of a GIF."""
    is_gif, rows, passes = output.suffix == ".gif", len(request.labels), request.passes
    if passes:
        images = loaded.morph(passes, request.steps, seed, count=rows, closed=is_gif)
    else:
        stops = STOPS if is_gif else 2
        images = loaded.interpolate(
            request.labels, request.steps, seed, stops=stops, closed=is_gif
        )
    if is_gif:
        pictures = [_grid(i, request.layout, magnify) for i in images.swapaxes(0, 1)]
        durations = [STEP_MS] * len(pictures)
        if passes:  # what is no mixture is to be seen
            durations[:: request.steps - 1] = [HELD_MS] * len(passes)
        atomic_files.write_bytes(output, frames.encode_gif(pictures, durations))
    else:
        grids.write_png(output, _grid(np.concatenate(images), request.layout, magnify))
    return images.shape[0] * images.shape[1]


def _write_folder(
    folder: pathlib.Path, blocks: Iterable[np.ndarray], labels: list[int], config: Config
) -> None:
    """Writes a PNG for each image, in a folder for its class where it has one.

    `train --dataset` reads such a folder.
    """
    names = [re.sub(r"[^\w-]", "_", name)[:LONGEST_NAME] for name in config.names]
    if len(set(names)) < len(names):
        names = [f"{number}_{name}" for number, name in enumerate(names)]
    images = itertools.chain.from_iterable(blocks)
    with atomic_files.replacing_folder(folder) as temporary:
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = temporary / names[label] if config.conditional else temporary
            place.mkdir(exist_ok=True)
            path = place / f"image_{index:06d}.png"
            path.write_bytes(grids.encode_png(grids.grid(image[None], columns=1)))
