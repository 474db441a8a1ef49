"""A set of images before the cache has read it, and after: `Source` and `Dataset`."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.spec import ImageSpec

NO_CLASSES: tuple[str, ...] = ("",)  # the class names of images without classes


class Item(NamedTuple):
    """An image, uint8 [H, W] or [H, W, 3], or None and an error that names the file."""

    image: np.ndarray | None
    label: int
    test: bool  # whether the image is held out
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
    """Images of a folder, a .npz, or tensorflow-datasets, which the cache reads once."""

    name: str  # what the user called it
    key: str  # a hash of the names and contents of its files
    count: int
    class_names: tuple[str, ...]  # or NO_CLASSES
    notes: tuple[str, ...]  # what was passed over, a phrase each
    # () -> the (height, width) of all images, or None where they differ
    common_size: Callable[[], tuple[int, int] | None]
    channels: int | None  # 1 or 3; None where that shows only when the images are read
    # (height, width) -> the images in a fixed order, of that size
    items: Callable[[tuple[int, int]], Iterator[Item]]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set that can be loaded."""

    name: str
    spec: ImageSpec  # of 1 class: without classes
    class_names: tuple[str, ...] | None  # None where they are numbers from 0
    # Images of each class, by split; of MNIST and its like their sum alone.
    counts: Mapping[str, Sequence[int]]
    place: str  # where it lies, in words
    # split -> images uint8 [N, H, W, C], labels [N]
    read: Callable[[str], tuple[np.ndarray, np.ndarray]] = dataclasses.field(compare=False)
    notes: tuple[str, ...] = ()  # what else a user should know of it

    @property
    def size(self) -> int:
        """The number of images to train on."""
        return sum(self.counts["train"])

    @property
    def held_out(self) -> int:
        return sum(self.counts["test"])

    def __str__(self) -> str:
        classes = f"{self.spec.classes:,}" if self.spec.classes > 1 else "no"
        return (
            f"{self.name}, {self.size:,} training images and {self.held_out:,} held out, "
            f"{self.spec}, {classes} classes, {self.place}"
        )


def own_names(names: Sequence[str]) -> tuple[str, ...] | None:
    """Returns class names; None where they are numbers from 0, or there are no classes."""
    numbers = tuple(map(str, range(len(names))))
    return None if tuple(names) in (numbers, NO_CLASSES) else tuple(names)


def is_held_out(content: str) -> bool:
    """Says by the sha256 of an image, in hexadecimal, whether it is one of seven for tests.

    So further images move no others, and copies stay together.
    """
    return int(content[:8], 16) % 7 == 0


def item(image: np.ndarray, label: int, test: bool | None, size: tuple[int, int]) -> Item:
    """Fits an image uint8 [H, W] or [H, W, C] to `size`; it decides a `test` of None."""
    if test is None:
        test = is_held_out(hashlib.sha256(image.tobytes()).hexdigest())
    return Item(picture.fitted(image, size), label, test)


def digest(*parts: object) -> str:
    """Returns a sha256, in hexadecimal, of things that have a `repr`."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
