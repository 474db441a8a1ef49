"""HTML from the templates, and images within it."""

import base64
import functools
import io

import jinja2
import numpy as np
from PIL import Image

MOST_SIDE = 1_200  # pixels; larger images are made smaller


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("dcgan_tf.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: object) -> str:
    """A page from a file in templates/; text in `values` is escaped."""
    return _environment().get_template(template).render(values)


def data_uri(pixels: np.ndarray) -> str:
    """An image, uint8 [H, W] or [H, W, 3], as an address that holds it."""
    image = Image.fromarray(pixels)
    image.thumbnail((MOST_SIDE, MOST_SIDE))
    content = io.BytesIO()
    quality = {"quality": 85} if pixels.ndim == 3 else {"lossless": True}
    image.save(content, "WEBP", **quality)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()
