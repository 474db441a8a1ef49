"""One picture: decoded upright, on white, made square or not at all, in 8 bits."""

import hashlib
import pathlib

import numpy as np
from PIL import Image, ImageOps

from dcgan_tf.datasets.spec import Item, is_held_out


def upright_size(file: pathlib.Path) -> tuple[int, int] | None:
    """Returns (height, width) as header and EXIF say; None where the file is no picture."""
    try:
        with Image.open(file) as image:
            turned = image.getexif().get(0x0112, 1) >= 5
            return image.size if turned else image.size[::-1]
    except Exception:  # Pillow's readers raise a dozen kinds on damaged files
        return None


def decode(file: pathlib.Path, size: tuple[int, int]) -> np.ndarray:
    """Decodes a picture file to uint8 [H, W, 3] of `size`; raises what Pillow raises.

    The first frame of an animation counts.  EXIF turns the picture, alpha is laid on white,
    and 16 bits become 8.
    """
    with Image.open(file) as image:
        # Large JPEGs are decoded at a fraction of their size, at least twice `size`.
        image.draft(None, (2 * max(size), 2 * max(size)))
        image.load()
        return _fit(_in_rgb(ImageOps.exif_transpose(image)), size)


def fitted(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W] or [H, W, C], C 1, 3 or (alpha) 4 -> [H, W] or [H, W, 3] of `size`."""
    if image.shape[2:] == (1,):
        image = image[..., 0]
    picture = Image.fromarray(image)
    return _fit(_in_rgb(picture) if picture.mode == "RGBA" else picture, size)


def item(image: np.ndarray, label: int, test: bool | None, size: tuple[int, int]) -> Item:
    """Fits an image uint8 [H, W] or [H, W, C] to `size`; it decides a `test` of None."""
    if test is None:
        test = is_held_out(hashlib.sha256(image.tobytes()).hexdigest())
    return Item(fitted(image, size), label, test)


def _fit(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Resizes the largest centred part of `size`'s shape to `size`: (height, width)."""
    height, width = size
    if (image.height, image.width) != size:
        scale = min(image.height / height, image.width / width)
        left = (image.width - width * scale) / 2
        top = (image.height - height * scale) / 2
        box = (left, top, left + width * scale, top + height * scale)
        method = Image.Resampling.BOX if scale > 1 else Image.Resampling.BICUBIC
        image = image.resize((width, height), method, box=box)
    return np.asarray(image)


def _in_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # whole numbers of 16 or 32 bits, or floats
        values = np.asarray(image)
        if image.mode == "F" or not 0 <= values.min() <= values.max() <= 65_535:
            raise ValueError(f"has pixels {image.mode}, which do not fit into 16 bits")
        # 32 bits hold what 8 or 16 bits would.
        if values.dtype.itemsize == 2 or values.max() > 255:
            values = np.round(values / 257)
        image = Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def in_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3] with 1 or 3 channels; grey is ITU-R 601's luma."""
    return np.asarray(Image.fromarray(image).convert("RGB" if channels == 3 else "L"))
