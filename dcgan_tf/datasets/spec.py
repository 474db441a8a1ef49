"""ImageSpec: the shape and the number of classes of a data set's images."""

import dataclasses

LEAST_SIZE, MOST_SIZE = 16, 128  # pixels that the compact networks are made for


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Images [height, width, channels] of `classes` classes; channels 1: grey, 3: RGB."""

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
        return f"{self.height}x{self.width}x{self.channels}"

    def doublings(self) -> int:
        """Returns how often the compact networks' smallest map doubles to the image."""
        if count := doublings(self.height, self.width):
            return count
        raise ValueError(f"no compact network can be built for images of {self}")


MNIST = ImageSpec(28, 28, 1, classes=10)  # and all sets in MNIST's form


def doublings(height: int, width: int) -> int:
    """Returns how often a map of 4 to 8 pixels each way doubles to the image's size.

    0 where none does, so that the compact networks cannot be built.
    """
    count = (max(height, width) - 1).bit_length() - 3
    fit = all(
        LEAST_SIZE <= x <= MOST_SIZE and x % 2**count == 0 and x >> count >= 4
        for x in (height, width)
    )
    return count if fit else 0


def nearest_size(height: int, width: int) -> int:
    """Returns the nearest size of a square image for which networks can be built."""
    sizes = (size for size in range(LEAST_SIZE, MOST_SIZE + 1) if doublings(size, size))
    return min(sizes, key=lambda size: abs(2 * size - height - width))
