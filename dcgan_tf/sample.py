"""Draws images with a run's generator.

    python -m dcgan_tf.sample --digits=2026
    python -m dcgan_tf.sample --run=checkpoints/cgan --per_class=10

Without --run by the generator that comes with the repository.  A run may be finished,
stopped or still training.  Every image has noise of its own.
"""

import math
import pathlib
import sys

import imageio.v3 as iio
import numpy as np
from absl import flags

from dcgan_tf import command, engine, errors, files, pictures
from dcgan_tf.config import Config
from dcgan_tf.runs import Run

MOST_IMAGES = 1_000_000
# Of the checkout, wherever one works: an installation that is not --editable has none.
PRETRAINED = pathlib.Path(__file__).parents[1] / "checkpoints" / "pretrained" / "acgan"


def define_flags() -> flags.FlagValues:
    values = flags.FlagValues()
    command.define_string(
        values, "run", "folder of the run.  Default: checkpoints/pretrained/acgan"
    )
    command.define_string(values, "digits", "draw these digits in a row, as 2026")
    command.define_integer(
        values,
        "per_class",
        "draw so many images of each class, a column each.  Default: 10",
    )
    command.define_integer(values, "count", "draw so many images, of the classes in turn")
    command.define_integer(
        values, "seed", "of the noise.  Default: 0", lowest=0, highest=2**31 - 1
    )
    command.define_choice_of_generator(values)
    command.define_string(
        values,
        "output",
        "what to write: a grid (.png), arrays images uint8 [N, 28, 28, 1] and labels "
        "int32 [N] (.npz), or a new folder of PNG files (no ending).  "
        "Default: sample.png",
    )
    return values


def main(values: flags.FlagValues) -> None:
    if values.run is None and not PRETRAINED.is_dir():
        raise errors.UsageError(
            "--run: must name a run; the default comes with the repository alone (pip "
            "install --editable .)"
        )
    run = Run.existing(PRETRAINED if values.run is None else values.run)
    output = pathlib.Path(values.output or "sample.png").expanduser()
    check_output(output)
    config = run.read_config()
    labels, columns = wanted(values, config)

    engine.start()
    from dcgan_tf import trained  # which imports TensorFlow

    loaded = trained.load(run.folder, averaged=values.averaged, which=values.which)
    images = loaded.sample(labels, seed=values.seed or 0)
    write(output, images, labels if config.conditional else None, columns)
    print(f"{output}: {len(images)} images, drawn at step {loaded.step:,}")


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


def wanted(values: flags.FlagValues, config: Config) -> tuple[list[int], int]:
    """The labels of the images to draw, and the columns of their grid."""
    asked = [n for n in ("digits", "per_class", "count") if values[n].present]
    if len(asked) > 1:
        raise errors.UsageError(f"--{' and --'.join(asked)}: only one of them at a time")
    if values.per_class and not config.conditional:
        raise errors.UsageError(
            f"--per_class={values.per_class}: the run is of mode {config.mode}, which "
            "draws what it likes; use --count"
        )
    if values.digits is not None:
        return digits(values.digits, config), len(values.digits)
    per_class = values.per_class or (None if values.count else 10)
    count = values.count or per_class * config.classes
    columns = config.classes if per_class else math.ceil(math.sqrt(count))
    if count > MOST_IMAGES:
        raise errors.UsageError(f"{count:,} images: at most {MOST_IMAGES:,} at a time")
    return [index % config.classes for index in range(count)], columns


def digits(text: str, config: Config) -> list[int]:
    """A label for each character; UsageError unless each is a class of the run."""
    if not config.conditional:
        raise errors.UsageError(
            f"--digits={text}: the run is of mode {config.mode}, which draws what it "
            "likes; use --count"
        )
    if not (text.isascii() and text.isdecimal()) or int(max(text)) >= config.classes:
        raise errors.UsageError(
            f"--digits={text}: must be digits from 0 to {min(config.classes, 10) - 1} only"
        )
    return [int(character) for character in text]


def write(
    output: pathlib.Path, images: np.ndarray, labels: list[int] | None, columns: int
) -> None:
    """Writes the images as the ending of `output` says; `labels` None: there are none."""
    if output.suffix == ".png":
        pictures.write_png(output, pictures.grid(images, columns))
    elif output.suffix == ".npz":
        named = {} if labels is None else {"labels": np.array(labels, np.int32)}
        with files.replacing(output) as path:
            np.savez_compressed(path, images=images, **named)
    else:
        write_folder(output, images, labels)


def write_folder(
    folder: pathlib.Path, images: np.ndarray, labels: list[int] | None
) -> None:
    """Writes a PNG for each image, its class in its name where it has one."""
    with files.replacing_folder(folder) as temporary:
        for index, image in enumerate(images):
            ending = "" if labels is None else f"_class_{labels[index]}"
            iio.imwrite(temporary / f"image_{index:06d}{ending}.png", image[..., 0])


if __name__ == "__main__":
    sys.exit(command.run(main, define_flags(), __doc__))
