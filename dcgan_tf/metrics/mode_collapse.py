"""Signs of mode collapse, in a grid of images and in the losses, and what to try."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dcgan_tf.data.splits import Split

# Images that deviate by less than this share of what real images do are alike: on MNIST,
# whose pixels deviate by 49 grey levels of 255 on average, by less than 3.7.
ALIKE = 3 / 40
REAL_IMAGES = 1_000  # that the real deviation is taken of
# The discriminator's loss on fakes when it knows nearly all of them: nats of cross-entropy,
# and as strict a sign with the other losses.
WON = 0.02
EARLY = 500  # steps before which grey images are no sign of anything
CHANCE = 0.95  # of ln(classes), which is the class loss of a guess

WEAKEN = (
    "try a lower --discriminator_learning_rate, a higher --dropout_rate, or a larger "
    "--r1_weight"
)
PREFIX = "warning/"  # of a sign in a log entry
# Each sign by a short name, with what it means and what to try.
SIGNS = {
    "one_image": f"all images are alike; {WEAKEN}",
    "one_class": (
        "the images of all classes are alike: the generator ignores the class; train "
        "longer, or try another --seed or --fake_label_source"
    ),
    "one_image_a_class": (
        "the images of a class are alike: the generator ignores its latents; try a larger "
        "--r1_weight or lower rates"
    ),
    "discriminator": f"the discriminator knows nearly every fake; {WEAKEN}",
    "classes": (
        "the class loss of the generator's images is that of a guess: the known collapse "
        "of an ACGAN; try a larger --g_class_weight, lower rates, and with the "
        "non-saturating loss --real_label=0.9"
    ),
}


def mean_std(images: np.ndarray, axis: int | tuple[int, ...] = 0) -> float:
    """The standard deviation of a pixel over some axes of images, the mean over pixels."""
    return float(images.astype(np.float32).std(axis=axis).mean())


def std_of_split(split: "Split") -> float:
    """That of at most REAL_IMAGES of its images, evenly spread."""
    from dcgan_tf.metrics import image_sets  # which imports TensorFlow

    images = split.array()
    return mean_std(images[image_sets.evenly(len(images), REAL_IMAGES)])


def of_entry(entry: Mapping[str, float]) -> list[str]:
    """The signs that were seen at a log entry."""
    return [name for name in SIGNS if f"{PREFIX}{name}" in entry]


def signs(
    images: np.ndarray,
    columns: int,
    entry: Mapping[str, float],
    *,
    conditional: bool,
    classes: int,
    real_std: float,
) -> list[str]:
    """The names in SIGNS of those that are seen.

    images: uint8 [rows * columns, H, W, C], in conditional modes a class a column and a
    latent vector a row; columns: of the classes that are shown; entry: the losses, as in
    metrics.jsonl; real_std: that of the training images.
    """
    if entry["step"] < EARLY:
        return []
    grid = images.reshape(-1, columns, images[0].size)
    alike = ALIKE * real_std
    found = []
    if len(images) > 1 and mean_std(grid, (0, 1)) < alike:
        found.append("one_image")
    elif conditional and columns > 1 and mean_std(grid, 1) < alike:
        found.append("one_class")
    elif conditional and len(grid) > 1 and mean_std(grid, 0) < alike:
        found.append("one_image_a_class")
    known = ("discriminator/adversarial_fake", "discriminator/adversarial")
    if next(entry[name] for name in known if name in entry) < WON:
        found.append("discriminator")
        if entry.get("generator/class", 0.0) > CHANCE * math.log(classes):
            found.append("classes")
    return found
