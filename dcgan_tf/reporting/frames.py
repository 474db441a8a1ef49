"""A run's frames, the plain grids in its samples/: their files, thinning, and their GIF."""

import io
import math
import pathlib
from collections.abc import Iterable, Iterator, Sequence

import imageio.v3 as iio
import numpy as np
from PIL import Image

from dcgan_tf.reporting import grids
from dcgan_tf.reporting.grids import Layout
from dcgan_tf.support import atomic_files

FRAME_MS, HELD_MS = 150, 1500  # of a GIF's frame; of its first and its last one
MOST_FRAMES = 100  # of a GIF
MOST_PIXELS = 40_000_000  # of all frames of a GIF
COLOURS = 128  # of a GIF in colour
# The nearest of 32 levels for each of 256, in a GIF in grey.
GREYS = (np.rint(np.linspace(0, 31, 256)) * 255 / 31).astype(np.uint8)
TOLERANCE = 16  # levels by which a colour in a GIF may be off
NO_DITHER = Image.Dither.NONE


def path_of(samples: pathlib.Path, unit: str, number: int) -> pathlib.Path:
    """Returns the file of the frame of an epoch or a step, which `unit` names."""
    return samples / f"{unit}_{number:04d}.png"


def paths(samples: pathlib.Path) -> dict[int, pathlib.Path]:
    """Returns the files of the frames in samples/, by epoch (or step), in its order."""
    frames = {}
    for path in samples.glob("*_*.png"):
        unit, _, number = path.stem.partition("_")
        if unit in ("epoch", "step") and number.isdecimal():
            frames[int(number)] = path
    return dict(sorted(frames.items()))


def newest(samples: pathlib.Path) -> pathlib.Path | None:
    return next(reversed(paths(samples).values()), None)


def read(path: pathlib.Path) -> np.ndarray | None:
    """Reads a frame, uint8 [H, W] or [H, W, 3]; None where it is absent or damaged."""
    try:
        return iio.imread(path, plugin="pillow")
    except (OSError, SyntaxError, ValueError):
        return None


def spacing(newest: int, *, every: int, keep: int) -> int:
    """Returns what the numbers of the frames that stay, at most `keep`, are multiples of.

    `every` is what the frames' numbers rise by.  The spacing depends on the newest number
    alone, so that a run that was killed keeps the same frames.
    """
    multiple = every
    while math.ceil(newest / multiple) + 1 > keep:
        multiple *= 2
    return multiple


def thin(samples: pathlib.Path, *, every: int, keep: int) -> None:
    """Deletes frames until at most `keep` stay: the newest, and others evenly spaced."""
    frames = paths(samples)
    newest = max(frames)
    multiple = spacing(newest, every=every, keep=keep)
    for number, path in frames.items():
        # Frames of an earlier interval stay until there are too many.
        if multiple > every and number % multiple and number != newest:
            path.unlink()


def write_gif(
    path: pathlib.Path, samples: pathlib.Path, layout: Layout, most: int = MOST_FRAMES
) -> None:
    """Writes the frames, made legible, as a GIF that loops; at most `most`, evenly chosen.

    A frame of another size than the newest one is left out.  Without frames there is no
    GIF.  Grey levels and colours may be off by some levels, for the file's size.
    """
    files = list(paths(samples).values())
    last = read(files[-1]) if files else None
    if last is None or not layout.split(last):
        return
    room = max(1, MOST_PIXELS // math.prod(grids.legible(last, layout).shape[:2]))
    chosen = (read(files[place]) for place in _evenly(len(files), min(most, room)))
    alike = (frame for frame in chosen if np.shape(frame) == last.shape)
    shown = [grids.legible(frame, layout) for frame in _steadied(alike)]
    durations = [FRAME_MS] * len(shown)
    durations[0] = durations[-1] = HELD_MS
    atomic_files.write_bytes(path, encode_gif(shown, durations))


def encode_gif(shown: Sequence[np.ndarray], durations: list[int]) -> bytes:
    """Encodes frames of one shape, uint8 [H, W] or [H, W, 3], as a GIF that loops.

    durations: of each frame, in ms; GIF counts in units of 10 ms
    """
    if shown[0].ndim == 3:
        coloured = [Image.fromarray(frame) for frame in shown]
        palette = _palette(coloured)
        images = [image.quantize(palette=palette, dither=NO_DITHER) for image in coloured]
    else:
        images = [Image.fromarray(GREYS[frame]) for frame in shown]
    first, *rest = images
    content = io.BytesIO()
    # Pillow wants no list for a single frame.
    duration = durations if rest else durations[0]
    first.save(content, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
    return content.getvalue()


def _palette(images: list[Image.Image]) -> Image.Image:
    """Fits one palette to three frames, for all, so that colours do not flicker."""
    some = [np.asarray(images[place]) for place in _evenly(len(images), 3)]
    return Image.fromarray(np.concatenate(some)).quantize(COLOURS, dither=NO_DITHER)


def _evenly(count: int, most: int) -> np.ndarray:
    """Chooses at most `most` of the places 0 to count - 1, evenly, with both ends."""
    return np.unique(np.linspace(count - 1, 0, min(count, most)).round().astype(int))


def _steadied(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yields the frames without changes that are hardly seen, which would fill the file.

    A pixel changes once it is more than TOLERANCE levels from what is shown of it.
    """
    shown = None
    for frame in frames:
        if shown is not None:
            far = abs(frame.astype(np.int16) - shown) > TOLERANCE
            far = far.any(axis=-1, keepdims=True) if frame.ndim == 3 else far
            frame = np.where(far, frame, shown)
        shown = frame
        yield shown
