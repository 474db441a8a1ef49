"""ImageSpec: the shape and the number of classes of a data set's images."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Images [height, width, channels] of `classes` classes; channels 1: grey, 3: RGB."""

    height: int
    width: int
    channels: int
    classes: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def __str__(self) -> str:
        return f"{self.height}x{self.width}x{self.channels}"
