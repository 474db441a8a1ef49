"""A run's frames, the plain grids in its samples/: their files, thinning, and their GIF."""

import io
import math
import pathlib
import re
from collections.abc import Sequence

import imageio.v3 as iio
import numpy as np
from PIL import Image

from dcgan_tf.reporting import grids
from dcgan_tf.support import atomic_files

MOST_FRAMES = 100  # of a GIF
MOST_PIXELS = 40_000_000  # of all frames of a GIF
TOLERANCE = 16  # levels by which a colour in a GIF may be off


def path_of(samples: pathlib.Path, unit: str, number: int) -> pathlib.Path:
    """Returns the file of the frame of an epoch or a step, which `unit` names."""
    return samples / f"{unit}_{number:04d}.png"


def paths(samples: pathlib.Path) -> dict[int, pathlib.Path]:
    """Returns the files of the frames in samples/, by epoch (or step), in its order."""
    frames = {
        int(match[1]): path
        for path in samples.glob("*.png")
        if (match := re.fullmatch(r"(?:epoch|step)_(\d+)", path.stem))
    }
    return dict(sorted(frames.items()))


def read(path: pathlib.Path) -> np.ndarray | None:
    """Reads a frame, uint8 [H, W] or [H, W, C]; None where it is absent or damaged."""
    try:
        return iio.imread(path, plugin="pillow")
    except (OSError, SyntaxError, ValueError):
        return None


def spacing(newest: int, *, every: int, keep: int) -> int:
    """Returns what the numbers of the frames that stay, at most `keep`, are multiples of.

    `every` is what the frames' numbers rise by.  The spacing depends on the newest number
    alone, so that a run that was killed keeps the same frames.
    """
    while math.ceil(newest / every) + 1 > keep:
        every *= 2
    return every


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
    path: pathlib.Path, samples: pathlib.Path, layout: grids.Layout, most: int = MOST_FRAMES
) -> None:
    """Writes at most `most` frames, evenly chosen and legible, as a GIF that loops."""
    files = list(paths(samples).values())
    last = read(files[-1]) if files else None
    if last is None or not layout.split(last):
        return
    room = max(1, MOST_PIXELS // math.prod(grids.legible(last, layout).shape[:2]))
    shown: list[np.ndarray] = []
    for place in evenly(len(files), min(most, room)):
        frame = read(files[place])
        if frame is None or frame.shape != last.shape:
            continue
        if shown:
            # Changes that are hardly seen would fill the file.
            far = abs(frame.astype(np.int16) - shown[-1]) > TOLERANCE
            far = far.any(axis=-1, keepdims=True) if frame.ndim == 3 else far
            frame = np.where(far, frame, shown[-1])
        shown.append(frame)
    durations = [1500, *[150] * (len(shown) - 2), 1500][: len(shown)]
    content = encode_gif([grids.legible(frame, layout) for frame in shown], durations)
    atomic_files.write_bytes(path, content)


def encode_gif(shown: Sequence[np.ndarray], durations: list[int]) -> bytes:
    """Encodes frames of one shape, uint8 [H, W] or [H, W, C], as a GIF that loops.

    durations: of each frame, in ms; GIF counts in units of 10 ms
    """
    shown = [*map(grids.on_checkerboard, shown)]
    if shown[0].ndim == 3:
        # One palette, fitted to three frames, is that of all: colours do not flicker.
        some = np.concatenate([shown[place] for place in evenly(len(shown), 3)])
        plain = Image.Dither.NONE
        palette = Image.fromarray(some).quantize(128, dither=plain)
        images = [
            Image.fromarray(frame).quantize(palette=palette, dither=plain)
            for frame in shown
        ]
    else:
        # Each of 256 levels becomes the nearest of 32.
        levels = (np.rint(np.linspace(0, 31, 256)) * 255 / 31).astype(np.uint8)
        images = [Image.fromarray(levels[frame]) for frame in shown]
    first, *rest = images
    gif = io.BytesIO()
    first.save(gif, "GIF", save_all=True, append_images=rest, duration=durations, loop=0)
    return gif.getvalue()


def evenly(count: int, most: int) -> np.ndarray:
    """Chooses at most `most` of the places 0 to count - 1, evenly, with both ends."""
    return np.unique(np.linspace(count - 1, 0, min(count, most)).round().astype(int))
