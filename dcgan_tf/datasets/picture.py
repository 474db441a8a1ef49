"""One picture: decoded upright, on white, made square or not at all, in 8 bits."""

import pathlib
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

File = pathlib.Path | BinaryIO


def upright_size(file: File) -> tuple[int, int] | None:
    """(height, width) as its header and EXIF say; None where it is no picture."""
    try:
        with Image.open(file) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) >= 5
            return (width, height) if turned else (height, width)
    except Exception:  # Pillow's readers raise a dozen kinds on damaged files
        return None


def decode(file: File, size: tuple[int, int]) -> np.ndarray:
    """A picture file -> uint8 [H, W, 3] of `size`; raises what Pillow's readers raise.

    The first frame of an animation counts.  EXIF turns the picture, alpha is laid on white,
    and 16 bits become 8.
    """
    with Image.open(file) as image:
        # Large JPEGs are decoded at a fraction of their size, at least twice `size`.
        image.draft(None, (2 * max(size), 2 * max(size)))
        image.load()
        return np.asarray(_fit(_in_rgb(ImageOps.exif_transpose(image)), size))


def fitted(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W] or [H, W, C], C 1, 3 or (alpha) 4 -> [H, W] or [H, W, 3] of `size`."""
    if image.shape[2:] == (1,):
        image = image[..., 0]
    elif image.shape[2:] == (4,):
        image = np.asarray(_in_rgb(Image.fromarray(image)))
    if image.shape[:2] == size:
        return image
    return np.asarray(_fit(Image.fromarray(image), size))


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The largest centred part of `size`'s proportions, resized to `size` (height, width).

    Smaller images are means over areas, larger ones are interpolated by cubic functions.
    """
    height, width = size
    if (image.height, image.width) == size:
        return image
    scale = min(image.height / height, image.width / width)
    left = (image.width - width * scale) / 2
    top = (image.height - height * scale) / 2
    box = (left, top, left + width * scale, top + height * scale)
    method = Image.Resampling.BOX if scale > 1 else Image.Resampling.BICUBIC
    return image.resize((width, height), method, box=box)


def _in_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # whole numbers of 16 or 32 bits, or floats
        values = np.asarray(image)
        least, most = values.min(), values.max()
        if values.dtype.kind == "f" or not 0 <= least <= most <= 65_535:
            raise ValueError(f"has {values.dtype} from {least} to {most}, not 8 or 16 bits")
        # 32 bits hold what 8 or 16 bits would.
        if values.dtype.itemsize == 2 or most > 255:
            values = np.round(values / 257)
        image = Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def in_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3] with 1 or 3 channels; grey is ITU-R 601's luma."""
    return np.asarray(Image.fromarray(image).convert("RGB" if channels == 3 else "L"))


def is_grey(image: np.ndarray) -> bool:
    """Whether an image uint8 [H, W] or [H, W, 3] has no colour."""
    return image.ndim == 2 or bool((image[..., :1] == image).all())
