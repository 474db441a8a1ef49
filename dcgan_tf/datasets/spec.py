"""What a set of images is: its `ImageSpec`; as `Source` before, as `Dataset` after reading.

Two types, because its size, its channels and the images of each class are known only when
all its files have been read.  `data.pipeline.Split` is one half of it in memory.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

LEAST_SIZE, MOST_SIZE = 16, 128  # pixels that the compact networks are made for
NO_CLASSES: tuple[str, ...] = ("",)  # the class names of images without classes


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Images [height, width, channels] of `classes` classes.

    channels: 1: grey, 3: RGB, 4: RGBA
    """

    height: int
    width: int
    channels: int
    classes: int

    @classmethod
    def of(cls, config) -> "ImageSpec":
        """Returns the spec in a run's settings, attributes of the same names."""
        return cls(config.height, config.width, config.channels, config.classes)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.channels}"  # as pictures are named

    def doublings(self) -> int:
        """Returns how often the compact networks' smallest map doubles to the image."""
        if count := doublings(self.height, self.width):
            return count
        raise ValueError(f"no compact network can be built for images of {self}")


MNIST = ImageSpec(28, 28, 1, classes=10)  # and all sets in MNIST's form


def doublings(height: int, width: int) -> int:
    """Returns how often a map of 4 to 8 pixels each way doubles to this size; else 0."""
    count = (max(height, width) - 1).bit_length() - 3
    fit = all(
        LEAST_SIZE <= x <= MOST_SIZE and x % 2**count == 0 and x >> count >= 4
        for x in (height, width)
    )
    return count if fit else 0


SQUARES = [side for side in range(LEAST_SIZE, MOST_SIZE + 1) if doublings(side, side)]


class Target(NamedTuple):
    """Pictures become this.

    size:     (height, width)
    fit:      crop: the largest centred part of this shape; pad: the whole, on white
    resample: smooth: means over areas, bicubic where a picture is enlarged; or nearest
    alpha:    keep transparency, as a fourth channel, in place of the white
    """

    size: tuple[int, int]
    fit: str = "crop"
    resample: str = "smooth"
    alpha: bool = False


class Item(NamedTuple):
    """An image, uint8 [H, W] or [H, W, C], or None and an error that names the file."""

    image: np.ndarray | None
    label: int
    test: bool  # whether the image is held out
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
    """Images that lie in files of any kind, which the cache reads once."""

    name: str  # what the user called it
    key: str  # a hash of the names and contents of its files
    count: int
    class_names: tuple[str, ...]  # or NO_CLASSES
    notes: tuple[str, ...]  # what was passed over, a phrase each
    # () -> each (height, width) of images, and how many have it
    sizes: Callable[[], Counter[tuple[int, int]]]
    channels: (
        int | None
    )  # 1 or 3, on white; None where that shows only when the images are read
    items: Callable[[Target], Iterator[Item]]  # the images in a fixed order


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set whose images are uint8 and of one size; they are not loaded yet."""

    name: str
    spec: ImageSpec  # of 1 class: without classes
    class_names: tuple[str, ...] | None  # None where they are numbers from 0
    # Images of each class, by split; of MNIST and its like their sum alone.
    counts: Mapping[str, Sequence[int]]
    place: str  # where it lies, in words
    # split -> images uint8 [N, H, W, C], labels [N]
    read: Callable[[str], tuple[np.ndarray, np.ndarray]] = dataclasses.field(compare=False)
    notes: tuple[str, ...] = ()  # what else a user should know of it
    warnings: tuple[str, ...] = ()  # what is odd about the images
    files_hash: str = ""  # of the names and contents of a user's own files

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


def digest(*parts: object) -> str:
    """Returns a sha256, in hexadecimal, of things that have a `repr`."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
