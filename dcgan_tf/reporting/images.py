"""Plain grids of images, the same enlarged for people, the frames and the GIF of them."""

import dataclasses
import functools
import io
import math
import pathlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.support import atomic_files

PLAIN_COLUMNS = 10  # where a column is no class
SEPARATOR = 4  # pixels between generated and real images
LEAST_WIDTH = 560  # of an enlarged grid, in pixels
LEAST_HEIGHT = 112  # of a single row
LEAST_COLUMN = 64  # where a name stands over it, unless the name is short
MOST_WIDTH = 2_000  # and height, of a grid that is enlarged
MOST_AREA = 1_300_000  # pixels of a grid that is enlarged, and of a GIF
GAP, GAP_LEVEL = 2, 128  # pixels between enlarged images, and their grey level
FONT_SIZES = range(20, 10, -1)  # the largest is taken at which all titles fit
MARGIN = 2  # pixels beside a title

FRAME_MS = 150
HELD_MS = 1500  # the first and the last frame
MOST_FRAMES, GOOD_FRAMES, LEAST_FRAMES = 100, 20, 3
MOST_PIXELS = 80_000_000  # of a frame that is read; Pillow warns of more
MOST_GIF_PIXELS = 40_000_000  # of all frames of a GIF
MOST_GIF_BYTES = 1_000_000
COLOURS = 128  # of a GIF in colour
# Of a GIF in grey: the nearest of 32 levels for each of 256.
GREYS = (np.rint(np.linspace(0, 31, 256)) * 255 / 31).astype(np.uint8)
TOLERANCE = 16  # levels by which a colour in a GIF may be off
NO_DITHER = Image.Dither.NONE
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a plain grid is made of.

    height, width: of each image, in pixels
    columns:       of images, without those of real images beside them
    titles:        what stands over the columns; None: nothing
    """

    height: int
    width: int
    columns: int
    titles: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, config: Config, classes: Sequence[int] | None, columns: int = PLAIN_COLUMNS
    ) -> "Layout":
        """Of a run's images: a column for each of `classes`, or columns of no class."""
        if classes is None:
            return cls(config.height, config.width, columns)
        names = config.names
        titles = tuple(_title(names[number], number) for number in classes)
        return cls(config.height, config.width, len(titles), titles)

    @classmethod
    def of_preview(cls, config: Config) -> "Layout":
        """Of the frames of a run."""
        return cls.of(
            config, resolve.preview_labels(config) if config.conditional else None
        )

    def split(self, pixels: np.ndarray) -> list[np.ndarray]:
        """The plain grid; of a frame with real images both grids; [] if it is neither."""
        height, width = pixels.shape[:2]
        grid_width = self.columns * self.width
        if height % self.height or width not in (grid_width, 2 * grid_width + SEPARATOR):
            return []
        if width == grid_width:
            return [pixels]
        return [pixels[:, :grid_width], pixels[:, -grid_width:]]


def _title(name: str, number: int) -> str:
    """A class's name, without accents; its number where Pillow's font lacks a letter."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(letter)
    )
    return plain if plain.isascii() and plain.isprintable() and plain else str(number)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """uint8 [N, H, W, C] -> uint8 [rows * H, columns * W], row by row, the rest black.

    [rows * H, columns * W, 3] where C is 3.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height, width, channels), np.uint8)
    tiles[:count] = images
    tiles = tiles.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    pixels = tiles.reshape(rows * height, columns * width, channels)
    return pixels[..., 0] if channels == 1 else pixels


def beside(left: np.ndarray, right: np.ndarray, separator: int = SEPARATOR) -> np.ndarray:
    """Two grids of one height, uint8 [H, W] or [H, W, 3], with a white line between."""
    line = np.full_like(left, 255, shape=(len(left), separator, *left.shape[2:]))
    return np.concatenate([left, line, right], axis=1)


def legible(pixels: np.ndarray, layout: Layout, magnify: int | None = None) -> np.ndarray:
    """A plain grid or a frame, uint8 [H, W] or [H, W, 3], made larger for people.

    Each pixel becomes `magnify` x `magnify` (None: as many as make it easy to see), grey
    lines stand between the images, and the layout's titles over the columns.  ValueError
    where the pixels are no grid of this layout.
    """
    parts = layout.split(pixels)
    if not parts:
        raise ValueError(f"pixels {pixels.shape} are no grid of {layout}")
    times = magnify or _magnification(parts, layout)
    first, *real = (_enlarge(part, layout, times) for part in parts)
    return beside(first, real[0], SEPARATOR * times) if real else first


def _magnification(parts: list[np.ndarray], layout: Layout) -> int:
    """The least that makes images and titles easy to see, within the bounds above."""
    height, width = parts[0].shape[:2]
    column = min(LEAST_COLUMN, _longest(layout.titles or ("",), FONT_SIZES[-1]))
    least = max(LEAST_WIDTH / width, LEAST_HEIGHT / height, column / layout.width)
    most = min(
        MOST_WIDTH // max(height, width * len(parts)),
        math.isqrt(MOST_AREA // (height * width * len(parts))),
    )
    return max(1, min(math.ceil(least), most))


def _enlarge(pixels: np.ndarray, layout: Layout, times: int) -> np.ndarray:
    """A plain grid with lines between its images, and titles."""
    (height, width), colour = pixels.shape[:2], pixels.shape[2:]
    rows, columns = height // layout.height, width // layout.width
    gap = min(GAP, times)
    high, wide = layout.height * times + gap, layout.width * times + gap
    tiles = pixels.reshape(rows, layout.height, columns, layout.width, *colour)
    spaced = np.full((rows, high, columns, wide, *colour), GAP_LEVEL, np.uint8)
    spaced[:, :-gap, :, :-gap] = tiles.repeat(times, axis=1).repeat(times, axis=3)
    spaced = spaced.reshape(rows * high, columns * wide, *colour)[:-gap, :-gap]
    if layout.titles is None:
        return spaced
    strip = _strip(layout.titles, wide, gap)
    if colour:
        strip = np.repeat(strip[..., None], 3, axis=2)
    return np.concatenate([strip, spaced])


@functools.lru_cache
def _strip(titles: tuple[str, ...], pitch: int, gap: int) -> np.ndarray:
    """Titles over columns that lie `pitch` apart, black on white, uint8 [H, W]."""
    room = pitch - gap
    fitting = (size for size in FONT_SIZES if _longest(titles, size) <= room)
    size = next(fitting, FONT_SIZES[-1])
    font = ImageFont.load_default(size)
    image = Image.new("L", (len(titles) * pitch - gap, round(1.5 * size)), 255)
    drawing = ImageDraw.Draw(image)
    for column, title in enumerate(titles):
        centre = column * pitch + room / 2, image.height / 2
        text = _cut(title, font, room - 2 * MARGIN)
        drawing.text(centre, text, fill=0, font=font, anchor="mm")
    return np.asarray(image)


@functools.lru_cache
def _longest(titles: tuple[str, ...], size: int) -> float:
    """The width of the longest title with its margins, in pixels."""
    font = ImageFont.load_default(size)
    return max(font.getlength(title) for title in titles) + 2 * MARGIN


def _cut(title: str, font: Font, room: float) -> str:
    """The title, or its beginning and its end, where names often differ."""
    if font.getlength(title) <= room:
        return title
    head, tail = title[:-2], title[-2:]
    while head and font.getlength(f"{head}…{tail}") > room:
        head = head[:-1]
    return f"{head}…{tail}"


def write_png(path: pathlib.Path, pixels: np.ndarray) -> None:
    atomic_files.write_bytes(path, encode_png(pixels))


def encode_png(pixels: np.ndarray) -> bytes:
    """The content of a PNG file: imageio leaves open what it could not write itself."""
    return iio.imwrite("<bytes>", pixels, extension=".png")


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


def newest_frame(samples: pathlib.Path) -> pathlib.Path | None:
    return next(reversed(frames(samples).values()), None)


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


def write_gif(
    path: pathlib.Path, samples: pathlib.Path, layout: Layout, most: int = MOST_FRAMES
) -> None:
    """The frames, made legible, in the order of their numbers, in a loop.

    most: how many at most, evenly chosen; fewer, and made less large, where the file would
          be larger than MOST_GIF_BYTES

    A frame that is damaged, or of another size than the newest, is left out; without any
    there is no GIF.  Grey levels and colours may be off by some levels.
    """
    found = list(frames(samples).values())
    newest = next(_sound_frames(reversed(found), layout), None)
    if newest is None:
        return
    times = _magnification(layout.split(newest), layout)
    room = MOST_GIF_PIXELS // math.prod(legible(newest, layout, times).shape[:2])
    count = max(LEAST_FRAMES, min(len(found), most, room))
    while True:
        chosen = (found[place] for place in _evenly(len(found), count))
        sound = (f for f in _sound_frames(chosen, layout) if f.shape == newest.shape)
        shown = [legible(frame, layout, times) for frame in _steadied(sound)]
        if not shown:
            return
        # Pillow wants no list for a single frame.
        middle = [FRAME_MS] * (len(shown) - 2)
        durations = [HELD_MS, *middle, HELD_MS] if len(shown) > 1 else HELD_MS
        content = encode_gif(shown, durations)
        if len(content) <= MOST_GIF_BYTES or (count <= LEAST_FRAMES and times == 1):
            break
        fewer = max(LEAST_FRAMES, 9 * count * MOST_GIF_BYTES // (10 * len(content)))
        if fewer < min(count, GOOD_FRAMES) and times > 1:
            times -= 1
        else:
            count = fewer
    atomic_files.write_bytes(path, content)


def encode_gif(shown: Sequence[np.ndarray], durations: int | list[int]) -> bytes:
    """The content of a GIF that loops: frames of one shape, uint8 [H, W] or [H, W, 3].

    durations: in ms, of each frame or of all; GIF counts in units of 10 ms
    """
    if shown[0].ndim == 3:
        coloured = [Image.fromarray(frame) for frame in shown]
        palette = _palette(coloured)
        pictures = [one.quantize(palette=palette, dither=NO_DITHER) for one in coloured]
    else:
        pictures = [Image.fromarray(GREYS[frame]) for frame in shown]
    first, *rest = pictures
    more = {"save_all": True, "append_images": rest, "duration": durations, "loop": 0}
    content = io.BytesIO()
    first.save(content, "GIF", **more)
    return content.getvalue()


def _evenly(count: int, most: int) -> np.ndarray:
    """At most `most` of the places 0 to count - 1, evenly chosen, with both ends."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _sound_frames(paths: Iterable[pathlib.Path], layout: Layout) -> Iterator[np.ndarray]:
    """Those that are whole, and grids of the layout."""
    read = (read_frame(path) for path in paths)
    return (frame for frame in read if frame is not None and layout.split(frame))


def _steadied(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames, without changes that are hardly seen, which fill the file.

    A pixel changes once it is more than TOLERANCE levels from what is shown of it.
    """
    shown = None
    for frame in frames:
        if shown is not None:
            far = abs(frame.astype(np.int16) - shown) > TOLERANCE
            if frame.ndim == 3:
                far = far.any(axis=-1, keepdims=True)
            frame = np.where(far, frame, shown)
        shown = frame
        yield shown


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """One palette for all frames, so that colours do not flicker; fitted to three."""
    some = [pictures[place] for place in _evenly(len(pictures), 3)]
    montage = Image.fromarray(np.concatenate([np.asarray(one) for one in some]))
    return montage.quantize(COLOURS, dither=NO_DITHER)


def read_frame(path: pathlib.Path) -> np.ndarray | None:
    """A frame, uint8 [H, W] or [H, W, 3]; None: absent, damaged or no frame of ours."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        if math.prod(iio.improps(path, plugin="pillow").shape[:2]) > MOST_PIXELS:
            return None
        frame = iio.imread(path, plugin="pillow")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    ours = frame.dtype == np.uint8 and (frame.ndim == 2 or frame.shape[2:] == (3,))
    return frame if ours else None
