"""Which images `sample` is asked for, and the files that it writes them into."""

import math
import pathlib

import imageio.v3 as iio
import numpy as np
from absl.flags import FlagValues

from dcgan_tf.config.schema import Config
from dcgan_tf.reporting import images as grids
from dcgan_tf.support import arrays, atomic_files, errors

MOST_IMAGES = 1_000_000


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


def requested_labels(values: FlagValues, config: Config) -> tuple[list[int], int]:
    """The labels of the images to generate, and the columns of their grid."""
    given = [n for n in ("digits", "per_class", "count") if values[n].present]
    if len(given) > 1:
        raise errors.UsageError(f"--{' and --'.join(given)}: only one of them at a time")
    for name in ("digits", "per_class"):
        if values[name].present and not config.conditional:
            raise errors.UsageError(
                f"--{name}={values[name].value}: the run is of mode {config.mode}, whose "
                "generator has no classes; use --count"
            )
    if values.digits is not None:
        return _digits(values.digits, config), len(values.digits)
    per_class = values.per_class or (None if values.count else 10)
    count = values.count or per_class * config.classes
    columns = config.classes if per_class else math.ceil(math.sqrt(count))
    if count > MOST_IMAGES:
        raise errors.UsageError(f"{count:,} images: at most {MOST_IMAGES:,} at a time")
    return [index % config.classes for index in range(count)], columns


def _digits(text: str, config: Config) -> list[int]:
    """A label for each character; UsageError unless each is a class of the run."""
    if not (text.isascii() and text.isdecimal()) or int(max(text)) >= config.classes:
        raise errors.UsageError(
            f"--digits={text}: must be digits from 0 to {min(config.classes, 10) - 1} only"
        )
    return [int(character) for character in text]


def write(
    output: pathlib.Path, images: np.ndarray, labels: list[int] | None, columns: int
) -> None:
    """Writes images as the suffix of `output` says; `labels` None: there are none."""
    if output.suffix == ".png":
        grids.write_png(output, grids.grid(images, columns))
    elif output.suffix == ".npz":
        named = {} if labels is None else {"labels": np.array(labels, np.int32)}
        arrays.write(output, images=images, **named)
    else:
        _write_folder(output, images, labels)


def _write_folder(
    folder: pathlib.Path, images: np.ndarray, labels: list[int] | None
) -> None:
    """Writes a PNG for each image, its class in its name where it has one."""
    with atomic_files.replacing_folder(folder) as temporary:
        for index, image in enumerate(images):
            ending = "" if labels is None else f"_class_{labels[index]}"
            iio.imwrite(temporary / f"image_{index:06d}{ending}.png", image[..., 0])
