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
        """The spec in a run's settings, which have attributes of the same names."""
        return cls(config.height, config.width, config.channels, config.classes)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def __str__(self) -> str:
        return f"{self.height}x{self.width}x{self.channels}"

    def doublings(self) -> int:
        """How often the smallest feature map, of at most 8 pixels, doubles to the image.

        Raises ValueError where no map of at least 4 pixels does; it names the nearest size.
        """
        if not fits(self.height, self.width):
            raise ValueError(
                f"images are {self}; the compact networks take heights and widths of 4 to "
                f"8 times one power of 2, {LEAST_SIZE} to {MOST_SIZE} pixels; the nearest "
                f"size is {nearest_size(self.height, self.width)}"
            )
        return _doublings(self.height, self.width)


MNIST = ImageSpec(28, 28, 1, classes=10)  # and all sets in MNIST's form


def fits(height: int, width: int) -> bool:
    """Whether the compact networks can be built for images of this size."""
    step = 1 << _doublings(height, width)
    least, most = min(height, width), max(height, width)
    return (
        least >= LEAST_SIZE
        and most <= MOST_SIZE
        and height % step == width % step == 0
        and least // step >= 4
    )


def nearest_size(height: int, width: int) -> int:
    """The nearest size of a square image that fits."""
    sizes = (size for size in range(LEAST_SIZE, MOST_SIZE + 1) if fits(size, size))
    return min(sizes, key=lambda size: abs(2 * size - height - width))


def _doublings(height: int, width: int) -> int:
    """How often 8 pixels double until they reach the image's longer side."""
    return max(0, (max(height, width) - 1).bit_length() - 3)
