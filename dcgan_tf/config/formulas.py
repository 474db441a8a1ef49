"""What follows from the images and from a run's length: one recipe for every set.

StyleGAN2-ADA's automatic settings (Karras et al. 2020, appendix C) are the example.  The
numbers are those that were found on MNIST: experiments/recipes tells how.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

# From so many images on they are not augmented, and a run's length is counted in epochs,
# unless too few of them fit.
MANY, FEWEST_EPOCHS = 10_000, 3
FEW = 1_000  # images, of which more ways to augment them are worth what they cost
# Of a recipe's settings those that a run does not have from the run whose weights it takes.
OF_COURSE = (
    *("decay_images", "ema_half_life", "r1_weight", "r1_final_share"),
    *("augment_target", "augment_policy"),
)
LARGE = 40  # pixels, above which a step takes so long that a batch has half the images


class Data(NamedTuple):
    """A run is trained on these: images [height, width, channels] of a named set."""

    name: str
    height: int = 28
    width: int = 28
    channels: int = 1
    images: int = 60_000

    @classmethod
    def of(cls, settings: Mapping[str, Any], images: int) -> "Data":
        """Returns what a run's settings, and those that follow from its data, tell."""
        names = ("dataset", "height", "width", "channels")
        name, height, width, channels = (settings[n] for n in names)
        return cls(name, height, width, channels, images)

    @property
    def is_large(self) -> bool:
        return max(self.height, self.width) > LARGE


MNIST = Data("mnist")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A mode's share in the formulas.

    images:       shown in a run by default
    ema_share:    the EMA's half-life as a share of the images that are shown
    r1_weight:    of 28x28 pixels at first; None: the last one throughout
    falls:        whether rates and the weight of R1 fall
    multiplied:   whether of few large images latents are multiplied by their class's
                  embedding, and so are other images in each class; smaller ones gain
                  nothing by it, and MNIST loses recall
    """

    images: int
    ema_share: float
    batch_size: int = 64
    r1_weight: float | None = None
    falls: bool = True
    multiplied: bool = False

    def settings(self, data: Data, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the settings that follow; given: those that a user chose."""
        batch_size = given.get("batch_size") or self._batch_size(data)
        # A cgan at 128x128 takes half an hour on two cores.
        images = self.images * 3 // 5 if max(data.height, data.width) > 64 else self.images
        epochs = round(images / data.images)
        length = {u: given[u] for u in ("steps", "epochs") if given.get(u)}
        if not length and data.images >= MANY and epochs >= FEWEST_EPOCHS:
            length = {"epochs": epochs}
        length = length or {"steps": max(round(images // batch_size, -2), 100)}
        shown = length.get("epochs", 0) * data.images
        shown = shown or length["steps"] * batch_size
        # Few images are learnt by heart, against which more R1 helps; and the gradient's
        # norm grows with the pixels.
        pixels = data.height * data.width / (MNIST.height * MNIST.width)
        last = 0.1 * pixels * math.sqrt(MNIST.images / data.images)
        first = last if self.r1_weight is None else max(self.r1_weight * pixels, last)
        # ADA (Karras et al. 2020, section 3) holds 0.6 as the mean sign of the logits of
        # real images: four of five are classified right.  Of many images fewer are.
        target = 0.8 if data.images < MANY else 0.0
        in_more_ways = "cutout" if data.channels == 1 else "colour"
        multiplied = self.multiplied and data.images < MANY and data.is_large
        return dict(
            **length,
            **({"label_fusion": "multiply"} if multiplied else {}),
            batch_size=batch_size,
            decay_images=round(0.9 * shown) if self.falls else 0,
            ema_half_life=max(round(self.ema_share * shown), 1),
            r1_weight=round(first, 3),
            r1_final_share=round(last / first, 3),
            augment_target=target,
            augment_policy="translation" if data.images >= FEW else in_more_ways,
        )

    def _batch_size(self, data: Data) -> int:
        """Returns the batch size: half of it for large images, a quarter of few images."""
        size = self.batch_size // (2 if data.is_large else 1)
        while size > max(8, data.images // 4):
            size //= 2
        return size
