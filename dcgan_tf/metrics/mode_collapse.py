"""Signs of mode collapse, in a grid of images and in the accuracies, and what to try."""

from collections.abc import Mapping

import numpy as np

from dcgan_tf.config.schema import Config

REAL_IMAGES = 1_000  # that the real deviation is taken of
# The share of fakes that a discriminator which has won recognises.  One that had not won,
# of the maxout CGAN, recognised 0.9991.
WON = 0.9995
EARLY = 500  # steps before which grey images are no sign of anything

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
        "the classes of the generator's images are named as rarely as by a guess: the "
        "known collapse of an ACGAN; try a larger --g_class_weight, lower rates, and with "
        "the non-saturating loss --real_label=0.9"
    ),
}


def mean_std(images: np.ndarray, axis: int | tuple[int, ...] = 0) -> float:
    """Returns the mean over pixels of their standard deviation over some axes."""
    return float(images.astype(np.float32).std(axis=axis).mean())


def of_entry(entry: Mapping[str, float]) -> list[str]:
    """Returns the signs that were seen at a log entry."""
    return [name for name in SIGNS if f"{PREFIX}{name}" in entry]


def signs(
    images: np.ndarray,
    columns: int,
    entry: Mapping[str, float],
    config: Config,
    real_std: float,
) -> list[str]:
    """Returns the names in SIGNS of the signs that are seen; a critic has no accuracies.

    images:   uint8 [rows * columns, H, W, C], in conditional modes a class a column and a
              latent vector a row
    entry:    the terms, as in metrics.jsonl
    real_std: that of the training images
    """
    if entry["step"] < EARLY:
        return []
    grid = images.reshape(-1, columns, images[0].size)
    alike = 3 / 40 * real_std  # on MNIST, whose pixels deviate by 49 grey levels: 3.7
    seen = []
    if len(images) > 1 and mean_std(grid, (0, 1)) < alike:
        seen.append("one_image")
    elif config.conditional and columns > 1 and mean_std(grid, 1) < alike:
        seen.append("one_class")
    elif config.conditional and len(grid) > 1 and mean_std(grid, 0) < alike:
        seen.append("one_image_a_class")
    of_pairs = entry.get("discriminator/adversarial_accuracy", 0.0)
    if entry.get("discriminator/adversarial_accuracy_fake", of_pairs) >= WON:
        seen.append("discriminator")
        # 5 % of the way from a guess's accuracy to 1.
        if entry.get("generator/class_accuracy", 1.0) < 0.05 + 0.95 / config.classes:
            seen.append("classes")
    return seen
