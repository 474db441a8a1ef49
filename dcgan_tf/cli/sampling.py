"""Which images `sample` makes, and the files that it writes them into."""

import dataclasses
import itertools
import math
import pathlib
from collections.abc import Iterable

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.config import class_names, resolve
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
MOST_BYTES = 2_000_000_000  # of images that are held at once
Row = list[int] | None  # classes


def sample(values: FlagValues, run: Run, output: pathlib.Path) -> str:
    """Generates what the flags ask for into `output`; returns what to tell the user."""
    config, note = run.read_config(), ""
    _check_flags(values, config, output)
    row = None  # the classes that stand in a row, or a column each
    if named := _named(values):
        row = class_names.find(named, values[named].value, config.names)
    elif config.conditional and not values.count and values.morph is None:
        row = list(range(config.classes))
        if output.suffix in (".png", ".gif"):
            row = resolve.shown_classes(config.classes)
        if len(row) < config.classes:
            note = (
                f"\n{len(row)} of {config.classes:,} classes are shown; name others by "
                "--classes, or all of them by an --output that is a folder or a .npz"
            )
    is_way = values.interpolate is not None or values.morph is not None
    write = _write_way if is_way else _write_images
    count, step = write(values, run, config, output, row)
    return f"{output}: {count} images, generated at step {step:,}{note}"


def _named(values: FlagValues) -> str:
    """Returns the flag that names the classes in a row, or ""."""
    return next((n for n in ("digits", "classes") if values[n].value is not None), "")


def _check_flags(values: FlagValues, config: Config, output: pathlib.Path) -> None:
    """UsageError for flags that do not go together, or not with the run."""
    names = ("classes", "digits", "per_class", "count", "interpolate", "morph")
    given = {n: f"--{n}={values[n].value}" for n in names if values[n].present}
    rows = [name for name in names[:4] if name in given]
    of_class = [text for name, text in given.items() if name not in names[3:5]]
    way = next((name for name in ("morph", "interpolate") if name in given), "")
    allowed = {"morph": ["count"], "interpolate": ["classes", "digits", "count"]}
    odd_rows = [given[name] for name in rows if way and name not in allowed[way]]
    problem = ""
    if len(rows) > 1:
        problem = f"--{' and --'.join(rows)}: only one of them at a time"
    elif of_class and not config.conditional:
        problem = f"{' '.join(of_class)}: the run has no classes; use --count"
    elif "digits" in given and config.class_names:
        problem = f"{given['digits']}: the run's classes are no digits; use --classes"
    elif way and values.redraw:
        problem = f"--redraw={values.redraw:g}: does not go with --{way}"
    elif odd_rows:
        problem = f"{' '.join(odd_rows)}: does not go with --{way}; use --count"
    elif way == "morph" and len(class_names.find("morph", values.morph, config.names)) < 2:
        problem = f"{given[way]}: name two classes or more, as in --morph=0,1"
    elif (way or values.magnify) and output.suffix not in (".png", ".gif"):
        problem = f"--output={output}: --{way or 'magnify'} writes a .png or .gif"
    elif output.suffix == ".gif" and not way:
        problem = f"--output={output}: a .gif goes with --interpolate or --morph"
    if problem:
        raise errors.UsageError(problem)


def _load(count: int, values: FlagValues, run: Run, output: pathlib.Path) -> TrainedRun:
    """Returns the generator; UsageError where memory does not hold `count` images."""
    config = run.read_config()
    size = count * config.height * config.width * config.channels
    size *= (values.magnify or 1) ** 2
    if output.suffix and size > MOST_BYTES:
        raise errors.UsageError(
            f"--output={output}: would take {size / 1e9:,.1f} GB of memory; name a folder"
        )
    sampling = {name: values[name].value for name in flags.SAMPLING}
    return trained.load(run.folder, ema=values.ema, which=values.which, **sampling)


def _write_images(
    values: FlagValues, run: Run, config: Config, output: pathlib.Path, row: Row
) -> tuple[int, int]:
    """Writes images of latents of their own; returns how many, and the generator's step."""
    count = values.count or UNCONDITIONAL_COUNT
    if row:
        count = len(row) * (1 if _named(values) else values.per_class or PER_CLASS)
    loaded = _load(count, values, run, output)
    classes = row or range(config.classes)
    labels = [classes[index % len(classes)] for index in range(count)]
    blocks = loaded.sample_blocks(labels, seed=values.seed or 0)
    if output.suffix == ".png":
        layout = grids.Layout.of(config, row, math.ceil(math.sqrt(count)))
        grids.write_png(output, _grid(np.concatenate(list(blocks)), layout, values))
    elif output.suffix == ".npz":
        named = {}
        if config.conditional:
            named["labels"] = np.array(labels, np.int32)
            named["class_names"] = np.array(config.names)
        arrays.write(output, images=np.concatenate(list(blocks)), **named)
    else:
        _write_folder(output, itertools.chain.from_iterable(blocks), labels, config)
    return count, loaded.step


def _grid(images: np.ndarray, layout: grids.Layout, values: FlagValues) -> np.ndarray:
    pixels = grids.grid(images, layout.columns)
    if values.magnify == 1:
        return pixels
    return grids.legible(pixels, layout, values.magnify)


def _write_way(
    values: FlagValues, run: Run, config: Config, output: pathlib.Path, row: Row
) -> tuple[int, int]:
    """Writes rows of images between latents or classes, or their columns as a GIF."""
    steps, seed = values.interpolate or STEPS, values.seed or 0
    is_gif = output.suffix == ".gif"
    passes = None  # the classes that the way passes
    if values.morph is not None:
        passes = class_names.find("morph", values.morph, config.names)
    rows = len(row) if row else values.count or ROWS
    stops = len(passes) if passes else STOPS if is_gif else 2
    length = stops * (steps - 1) if is_gif else (stops - 1) * (steps - 1) + 1
    loaded = _load(rows * length, values, run, output)
    if passes:
        images = loaded.morph(passes, steps, seed, count=rows, closed=is_gif)
    else:
        labels = row or [index % config.classes for index in range(rows)]
        images = loaded.interpolate(labels, steps, seed, stops=stops, closed=is_gif)
    if is_gif:
        layout = grids.Layout.of(config, row, min(rows, grids.PLAIN_COLUMNS))
        pictures = [_grid(column, layout, values) for column in images.swapaxes(0, 1)]
        durations = [STEP_MS] * length
        if passes:  # what is no mixture is to be seen
            durations[:: steps - 1] = [HELD_MS] * stops
        atomic_files.write_bytes(output, frames.encode_gif(pictures, durations))
    else:
        layout = grids.Layout.of(config, None, length)
        if passes:  # named over the columns that are no mixture
            titles = [""] * length
            titles[:: steps - 1] = grids.Layout.of(config, passes).titles
            layout = dataclasses.replace(layout, titles=tuple(titles))
        grids.write_png(output, _grid(np.concatenate(images), layout, values))
    return rows * length, loaded.step


def _write_folder(
    folder: pathlib.Path, images: Iterable[np.ndarray], labels: list[int], config: Config
) -> None:
    """Writes a PNG for each image, in a folder for its class, as `train` reads it."""
    names = [class_names.printable(name).replace("/", "_") for name in config.names]
    if len({*names}) < len(names) or any(name.startswith(".") for name in names):
        # Two would become one, or hidden.
        names = [f"{number}_{name}" for number, name in enumerate(names)]
    with atomic_files.replacing(folder, folder=True) as temporary:
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = temporary / names[label] if config.conditional else temporary
            place.mkdir(exist_ok=True)
            path = place / f"image_{index:06d}.png"
            path.write_bytes(grids.encode_png(grids.grid(image[None], columns=1)))
