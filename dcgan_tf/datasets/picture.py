"""One picture: decoded upright, on white, made square or not at all, in 8 bits."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dcgan_tf.support import errors


def upright_size(content: bytes) -> tuple[int, int] | None:
    """(height, width) as its header and EXIF say; None where it is no picture."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) >= 5
            return (width, height) if turned else (height, width)
    except Exception:  # Pillow's readers raise a dozen kinds on damaged files
        return None


def decode(content: bytes, size: tuple[int, int]) -> np.ndarray:
    """A picture file's content -> uint8 [H, W, 3] of `size`.

    The first frame of an animation; turned as EXIF says; alpha is laid on white; 16 bits
    become 8.  ValueError says why it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            # Large JPEGs are decoded at a fraction of their size, at least twice `size`.
            image.draft(None, (2 * max(size), 2 * max(size)))
            image.load()
            return np.asarray(fit(_in_rgb(ImageOps.exif_transpose(image)), size))
    except UnidentifiedImageError:
        raise ValueError("is no picture") from None
    except Exception as error:
        raise ValueError(errors.first_line(error)) from None


def on_white(image: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 4], RGB and alpha -> uint8 [H, W, 3]."""
    return np.asarray(_in_rgb(Image.fromarray(image)))


def fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The largest centred part of `size`'s proportions, resized to `size` (height, width).

    Smaller by the mean over areas, larger by cubic interpolation.
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


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3], fitted to `size`."""
    if image.shape[:2] == size:
        return image
    return np.asarray(fit(Image.fromarray(image), size))


def _in_rgb(image: Image.Image) -> Image.Image:
    bands = image.getbands()
    if bands == ("I",):  # whole numbers of 16 or 32 bits
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65_535:
            raise ValueError(
                f"has values from {values.min()} to {values.max()}, not 16 bits"
            )
        # 32 bits hold what 8 or 16 bits would.
        if values.dtype.itemsize == 2 or values.max() > 255:
            values = np.round(values / 257)
        image = Image.fromarray(values.astype(np.uint8))
    elif bands == ("F",):
        raise ValueError("has floating-point values, whose range is not known")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
