"""One picture: decoded upright, in 8 bits, of one size, on white or with its alpha."""

import contextlib
import hashlib
import pathlib
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from dcgan_tf.datasets.spec import Item, Target, is_held_out


def sizes(files: Iterable[pathlib.Path | BinaryIO]) -> Counter[tuple[int, int]]:
    """Counts each (height, width), as header and EXIF say, of files that are pictures."""
    counts = Counter[tuple[int, int]]()
    for file in files:
        # Pillow's readers raise a dozen kinds on damaged files.
        with contextlib.suppress(Exception), Image.open(file) as image:
            # Of a PNG without EXIF Pillow decodes the whole picture to look for it.
            known = image.format != "PNG" or "exif" in image.info
            turned = known and image.getexif().get(0x0112, 1) >= 5
            counts[image.size if turned else image.size[::-1]] += 1
    return counts


def decode(file: pathlib.Path | BinaryIO, target: Target) -> np.ndarray:
    """Decodes a picture file to uint8 [H, W, 3] or [H, W, 4]; raises what Pillow raises.

    The first frame of an animation counts.  EXIF turns the picture, and 16 bits become 8.
    """
    with Image.open(file) as image:
        # Large JPEGs are decoded at a fraction of their size, at least twice the target's.
        image.draft(None, (2 * max(target.size), 2 * max(target.size)))
        image.load()
        return _fit(_in_colour(ImageOps.exif_transpose(image), target.alpha), target)


def fitted(image: np.ndarray, target: Target) -> np.ndarray:
    """uint8 [H, W] or [H, W, C] -> [H, W] or [H, W, 3], or with alpha [H, W, 4]."""
    if image.shape[2:] == (1,):
        image = image[..., 0]
    picture = Image.fromarray(image)
    if picture.mode == "RGBA":
        picture = _in_colour(picture, target.alpha)
    return _fit(picture, target)


def item(image: np.ndarray, label: int, test: bool | None, target: Target) -> Item:
    """Fits an image uint8 [H, W] or [H, W, C]; it decides a `test` of None."""
    if test is None:
        test = is_held_out(hashlib.sha256(image.tobytes()).hexdigest())
    return Item(fitted(image, target), label, test)


def _fit(image: Image.Image, target: Target) -> np.ndarray:
    """Resizes what `target.fit` keeps of a picture, and puts it onto white.

    Pillow resizes RGBA premultiplied, so that hidden colours do not show at edges.
    """
    height, width = target.size
    if image.size != (width, height):
        scales = image.width / width, image.height / height
        scale = max(scales) if target.fit == "pad" else min(scales)
        wide, high = min(image.width, width * scale), min(image.height, height * scale)
        left, top = (image.width - wide) / 2, (image.height - high) / 2
        method = Image.Resampling.BOX if scale > 1 else Image.Resampling.BICUBIC
        if target.resample == "nearest":
            method = Image.Resampling.NEAREST
        inner = max(1, round(wide / scale)), max(1, round(high / scale))
        image = image.resize(inner, method, box=(left, top, left + wide, top + high))
    if image.size != (width, height):
        canvas = Image.new(image.mode, (width, height), "#fff0")  # alpha 0, if there is any
        canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
        image = canvas
    pixels = np.array(image)
    if image.mode == "RGBA":
        pixels[pixels[..., 3] == 0, :3] = 255  # a network would learn what nobody sees
    return pixels


def _in_colour(image: Image.Image, alpha: bool) -> Image.Image:
    """Returns a picture in RGBA, or on white in RGB."""
    if image.mode.startswith(("I", "F")):  # whole numbers of 16 or 32 bits, or floats
        values = np.asarray(image)
        if image.mode == "F" or not 0 <= values.min() <= values.max() <= 65_535:
            raise ValueError(f"has pixels {image.mode}, which do not fit into 16 bits")
        # 32 bits hold what 8 or 16 bits would.
        if values.dtype.itemsize == 2 or values.max() > 255:
            values = np.round(values / 257)
        image = Image.fromarray(values.astype(np.uint8))
    if alpha:
        return image.convert("RGBA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def in_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """uint8 [H, W] or [H, W, C] with 1, 3 or 4 channels; grey is ITU-R 601's luma."""
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return np.asarray(Image.fromarray(image).convert(mode))
