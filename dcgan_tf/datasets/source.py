"""What all sources of images have in common: a folder, a .npz, tensorflow-datasets."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from dcgan_tf.datasets import picture

HELD_OUT = 7  # one image in so many is held out, where the source has no test split


class Item(NamedTuple):
    """An image, uint8 [H, W] or [H, W, 3], or why there is none.

    place: the file that it is from, or its number; label: its class; test: whether it is
    held out
    """

    place: str
    image: np.ndarray | None
    label: int
    test: bool
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
    """Images that were found, and not read yet.

    name:        what the user called it
    key:         a hash of the names and contents of its files
    count:       its images
    class_names: of its classes; one empty name where it has no classes
    files:       the sha256 of each file, by its path in the source; {} where there are none
    notes:       what was passed over, a phrase each
    common_size: () -> the (height, width) of all its images, or None where they differ
    channels:    1 or 3; None where that shows only when they are read
    items:       (height, width) -> its images in a fixed order, of that size
    """

    name: str
    key: str
    count: int
    class_names: tuple[str, ...]
    files: Mapping[str, str]
    notes: tuple[str, ...]
    common_size: Callable[[], tuple[int, int] | None]
    channels: int | None
    items: Callable[[tuple[int, int]], Iterator[Item]]


def is_held_out(content: str) -> bool:
    """Whether an image is for testing, by the sha256 of its content, in hexadecimal.

    So one image in seven is, and further ones move no others; copies stay together.
    """
    return int(content[:8], 16) % HELD_OUT == 0


def item(image: np.ndarray, label: int, test: bool | None, size: tuple[int, int]) -> Item:
    """Of an image uint8 [H, W] or [H, W, C], C 1, 3 or (with alpha) 4, fitted to `size`.

    test: None where the image decides whether it is held out
    """
    if test is None:
        test = is_held_out(hashlib.sha256(image.tobytes()).hexdigest())
    if image.shape[2:] == (1,):
        image = image[..., 0]
    elif image.shape[2:] == (4,):
        image = picture.on_white(image)
    return Item("", picture.resized(image, size), label, test)


def digest(*parts: object) -> str:
    """A sha256, in hexadecimal, of things that have a `repr`."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
