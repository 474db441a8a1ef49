"""Plain grids of images, a run's preview, and the same enlarged for people."""

import dataclasses
import functools
import math
import pathlib
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.support import atomic_files
from dcgan_tf.support.lazy import tensorflow as tf

if TYPE_CHECKING:  # the pages show grids without TensorFlow
    from dcgan_tf.data.pipeline import Split
    from dcgan_tf.gans.gan import Gan

PLAIN_COLUMNS = 10  # of a grid whose columns are no classes
SEPARATOR = 4  # pixels between generated and real images
FONT_SIZES = range(20, 10, -1)  # the largest is taken at which all titles fit
MARGIN = 2  # pixels beside a title
SQUARE = 4  # pixels of a side of what transparent images are shown on


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a plain grid is made of.

    height, width: of each image, in pixels
    columns:       of images, without the columns of real images beside them
    titles:        of the columns; None: they have none
    """

    height: int
    width: int
    columns: int
    titles: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, config: Config, classes: Sequence[int] | None, columns: int = PLAIN_COLUMNS
    ) -> "Layout":
        """Lays out a run's images: a column for each of `classes`, or of no class."""
        if classes is None:
            return cls(config.height, config.width, columns)
        titles = tuple(_title(config.names[number], number) for number in classes)
        return cls(config.height, config.width, len(classes), titles)

    @classmethod
    def of_preview(cls, config: Config) -> "Layout":
        """Returns the layout of a run's frames."""
        return cls.of(config, resolve.preview_labels(config))

    def split(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Returns the plain grid, or both of a frame with real images; [] for neither."""
        (height, width), own = pixels.shape[:2], self.columns * self.width
        if height % self.height or width not in (own, 2 * own + SEPARATOR):
            return []
        return [pixels] if width == own else [pixels[:, :own], pixels[:, -own:]]


def _title(name: str, number: int) -> str:
    """Returns a class's name without accents; its number where the font lacks a letter."""
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain if plain.isascii() and plain.isprintable() and plain else str(number)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """uint8 [N, H, W, C] -> uint8 [rows * H, columns * W], or [..., C]; row by row."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    tiles = np.pad(images, [(0, rows * columns - count), *[(0, 0)] * 3])
    tiles = tiles.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    pixels = tiles.reshape(rows * height, columns * width, channels)
    return pixels[..., 0] if channels == 1 else pixels


def beside(left: np.ndarray, right: np.ndarray, separator: int = SEPARATOR) -> np.ndarray:
    """Joins two grids of one height, uint8 [H, W] or [H, W, C], with a white line."""
    line = np.full_like(left, 255, shape=(len(left), separator, *left.shape[2:]))
    return np.concatenate([left, line, right], axis=1)


def legible(pixels: np.ndarray, layout: Layout, magnify: int | None = None) -> np.ndarray:
    """Enlarges a plain grid or a frame, uint8 [H, W] or [H, W, C], for people.

    Each pixel becomes `magnify` x `magnify` (None: as many as make it easy to see), grey
    lines stand between the images, and the layout's titles over the columns.  RGBA is laid
    on a checkerboard.
    """
    parts = layout.split(on_checkerboard(pixels))
    if not magnify:
        # A grid becomes 560 pixels wide, a row 112 high, a column 64 or as wide as its
        # title; the whole gets at most 2,000 on a side, and 1.3 million in all.
        height, width = parts[0].shape[:2]
        column = min(64, _longest(layout.titles or ("",), FONT_SIZES[-1]))
        least = max(560 / width, 112 / height, column / layout.width)
        width *= len(parts)
        most = min(2_000 // max(height, width), math.isqrt(1_300_000 // (height * width)))
        magnify = max(1, min(math.ceil(least), most))
    first, *real = (_enlarge(part, layout, magnify) for part in parts)
    return beside(first, real[0], SEPARATOR * magnify) if real else first


def on_checkerboard(pixels: np.ndarray) -> np.ndarray:
    """Lays RGBA on white and grey squares, uint8 [H, W, 3]; leaves others as they are."""
    if pixels.shape[2:] != (4,):
        return pixels
    rows, columns = (np.arange(side) // SQUARE for side in pixels.shape[:2])
    squares = np.where((rows[:, None] + columns) % 2, 255, 204)[..., None]
    colours, alpha = pixels[..., :3], pixels[..., 3:] / 255
    return np.rint(alpha * colours + (1 - alpha) * squares).astype(np.uint8)


def _enlarge(pixels: np.ndarray, layout: Layout, times: int) -> np.ndarray:
    """Returns a plain grid with lines between its images, and titles."""
    (height, width), colour = pixels.shape[:2], pixels.shape[2:]
    rows, columns = height // layout.height, width // layout.width
    gap = min(2, times)
    high, wide = layout.height * times + gap, layout.width * times + gap
    tiles = pixels.reshape(rows, layout.height, columns, layout.width, *colour)
    spaced = np.full((rows, high, columns, wide, *colour), 128, np.uint8)
    spaced[:, :-gap, :, :-gap] = tiles.repeat(times, axis=1).repeat(times, axis=3)
    spaced = spaced.reshape(rows * high, columns * wide, *colour)[:-gap, :-gap]
    if layout.titles is None:
        return spaced
    strip = _strip(layout.titles, wide, gap)
    return np.concatenate([np.stack([strip] * 3, axis=2) if colour else strip, spaced])


@functools.lru_cache
def _strip(titles: tuple[str, ...], pitch: int, gap: int) -> np.ndarray:
    """Draws titles for columns that lie `pitch` apart, black on white, uint8 [H, W]."""
    room = pitch - gap
    fitting = (size for size in FONT_SIZES if _longest(titles, size) <= room)
    size = next(fitting, FONT_SIZES[-1])
    font = ImageFont.load_default(size)
    image = Image.new("L", (len(titles) * pitch - gap, round(1.5 * size)), 255)
    drawing = ImageDraw.Draw(image)
    for column, title in enumerate(titles):
        text = title
        for end in range(len(title) - 2, -1, -1):
            if font.getlength(text) <= room - 2 * MARGIN:
                break
            text = f"{title[:end]}…{title[-2:]}"  # of names the ends often differ
        centre = column * pitch + room / 2, image.height / 2
        drawing.text(centre, text, fill=0, font=font, anchor="mm")
    return np.asarray(image)


@functools.lru_cache
def _longest(titles: tuple[str, ...], size: int) -> float:
    """Returns the width of the longest title with its margins, in pixels."""
    return max(map(ImageFont.load_default(size).getlength, titles)) + 2 * MARGIN


def write_png(path: pathlib.Path, pixels: np.ndarray) -> None:
    atomic_files.write_bytes(path, encode_png(pixels))


def encode_png(pixels: np.ndarray) -> bytes:
    return iio.imwrite("<bytes>", pixels, extension=".png")


class Preview:
    """A grid of images from latents that the seed alone decides.

    Where the generator takes a class, a column is a class and a row one latent vector.
    With `preview_real` images of these classes in `split` stand beside the generated ones.
    """

    def __init__(self, gan: "Gan", config: Config, split: "Split"):
        labels = resolve.preview_labels(config)
        self._gan = gan
        self.columns = len(labels or range(PLAIN_COLUMNS))
        count = config.preview_rows * self.columns
        places = tf.range(count) // (self.columns if labels else 1)
        # Training's streams are its steps, from 0.
        self._latents = tf.gather(gan.sample_latents(count, [config.seed, -1]), places)
        self._labels = tf.tile(labels or tf.range(self.columns), [config.preview_rows])
        self._real = None
        if config.preview_real:
            # The first images of each class; black where the class has too few.
            images = np.zeros((count, *split.images.shape[1:]), np.uint8)
            for label in np.unique(self._labels):
                places = np.flatnonzero(self._labels == label)
                numbers = np.flatnonzero(split.labels == label)[: len(places)]
                images[places[: len(numbers)]] = split.take(numbers)
            self._real = grid(images, self.columns)

    def generate(self) -> np.ndarray:
        """Returns uint8 [rows * columns, H, W, C], as the generator is now."""
        return self._gan.generate(self._latents, self._labels)

    def render(self, generated: np.ndarray) -> np.ndarray:
        """Returns the plain grid, as `grid` makes it; wider with real images."""
        pixels = grid(generated, self.columns)
        return pixels if self._real is None else beside(pixels, self._real)
