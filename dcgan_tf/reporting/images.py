"""Grids of images, PNG frames of the training, and the GIF made of them."""

import math
import pathlib

import imageio.v3 as iio
import numpy as np
from PIL import Image

from dcgan_tf.support import atomic_files

FRAME_MS = 150  # GIF counts in units of 10 ms
HELD_MS = 1500  # the first and the last frame
MOST_FRAMES = 100
MOST_PIXELS = 20_000_000  # of a frame that is read
SEPARATOR = 4  # pixels


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """uint8 [N, H, W, 1] -> uint8 [rows * H, columns * W], row by row, the rest black."""
    count, height, width, _ = images.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height, width), np.uint8)
    tiles[:count] = images[..., 0]
    tiles = tiles.reshape(rows, columns, height, width)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two grids of one height, uint8 [H, W], with a white line between them."""
    line = np.full((len(left), SEPARATOR), 255, np.uint8)
    return np.concatenate([left, line, right], axis=1)


def write_png(path: pathlib.Path, pixels: np.ndarray) -> None:
    with atomic_files.replacing(path) as temporary:
        iio.imwrite(temporary, pixels)


def frame_file(samples: pathlib.Path, unit: str, number: int) -> pathlib.Path:
    return samples / f"{unit}_{number:04d}.png"


def frames(samples: pathlib.Path) -> dict[int, pathlib.Path]:
    """The frames in a run's samples/, by epoch (or step), in its order."""
    found = {}
    for path in samples.glob("*_*.png"):
        unit, _, number = path.stem.partition("_")
        if unit in ("epoch", "step") and number.isdecimal():
            found[int(number)] = path
    return dict(sorted(found.items()))


def remove_frames(samples: pathlib.Path, *, beyond: int) -> None:
    """Deletes the frames of epochs (or steps) after `beyond`."""
    for number, path in frames(samples).items():
        if number > beyond:
            path.unlink()


def spacing(newest: int, *, every: int, kept: int) -> int:
    """The multiples that frames of a run stay of, so that at most `kept` do.

    `every` is what their numbers rise by.  It depends on the newest's number alone, so
    that a run that was killed keeps the same frames; the newest stays whatever it is.
    """
    found = every
    while math.ceil(newest / found) + 1 > kept:
        found *= 2
    return found


def thin_frames(samples: pathlib.Path, *, every: int, kept: int) -> None:
    """Deletes frames until at most `kept` stay: the newest, and others evenly spaced."""
    found = frames(samples)
    newest = max(found)
    multiple = spacing(newest, every=every, kept=kept)
    for number, path in found.items():
        # Until there are too many, those of an earlier interval stay, too.
        if multiple > every and number % multiple and number != newest:
            path.unlink()


def write_gif(path: pathlib.Path, samples: pathlib.Path, most: int | None = None) -> None:
    """The frames in the order of their numbers: at most `most`, evenly, in a loop.

    most: MOST_FRAMES if it is None.

    A frame that is damaged, or of another size than the newest, is left out; without any
    there is no GIF.
    """
    found = list(frames(samples).values())
    places = np.linspace(0, len(found) - 1, most or MOST_FRAMES)
    chosen = np.unique(places.round().astype(int))
    read = [read_frame(found[index]) for index in chosen if found]
    whole = [frame for frame in read if frame is not None]
    if not whole:
        return
    pixels = [frame for frame in whole if frame.shape == whole[-1].shape]
    durations = [FRAME_MS] * len(pixels)
    durations[0] = durations[-1] = HELD_MS
    with atomic_files.replacing(path) as temporary:
        # Pillow wants no list for a single frame.
        duration = durations if len(durations) > 1 else HELD_MS
        iio.imwrite(temporary, pixels, duration=duration, loop=0)


def read_frame(path: pathlib.Path) -> np.ndarray | None:
    """A frame, uint8 [H, W]; None where it is absent, damaged or no frame of ours."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        if math.prod(iio.improps(path, plugin="pillow").shape) > MOST_PIXELS:
            return None
        frame = iio.imread(path, plugin="pillow")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return frame if frame.ndim == 2 and frame.dtype == np.uint8 else None
