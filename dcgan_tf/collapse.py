"""Signs that a training has collapsed, in its images and its losses, and what to try."""

import math
from collections.abc import Mapping

import numpy as np

from dcgan_tf.config import Config

ALIKE = 3.0  # grey levels of 255: the mean deviation of a pixel, real digits have over 40
WON = 0.02  # nats: the discriminator's loss on fakes when it knows nearly all of them
EARLY = 500  # steps before which grey images are no sign of anything
NAMELESS = 0.95  # of ln(classes), which is the class loss of a guess

WEAKEN = (
    "try a lower --discriminator_learning_rate, more --dropout, or a larger "
    "--gradient_penalty"
)


def signs(
    images: np.ndarray, columns: int, row: Mapping[str, float], config: Config
) -> dict[str, str]:
    """Each sign that is seen, by a short name, with what it means and what to try.

    images: uint8 [rows * columns, H, W, 1], in conditional modes a class a column and a
    noise vector a row; row: the losses, as in metrics.jsonl.
    """
    if row["step"] < EARLY:
        return {}
    grid = images.reshape(-1, columns, images[0].size).astype(np.float32)
    found = {}
    if grid.std(axis=(0, 1)).mean() < ALIKE:
        found["one image"] = f"all images are alike; {WEAKEN}"
    elif config.conditional and grid.std(axis=1).mean() < ALIKE:
        found["one class"] = (
            "the images of all classes are alike: the generator ignores the class; train "
            "longer, or try another --seed or --fake_labels"
        )
    elif config.conditional and len(grid) > 1 and grid.std(axis=0).mean() < ALIKE:
        found["one image a class"] = (
            "the images of a class are alike: the generator ignores its noise; try a "
            "larger --gradient_penalty or lower rates"
        )
    if row["discriminator/adversarial_fake"] < WON:
        found["discriminator"] = f"the discriminator knows nearly every fake; {WEAKEN}"
        if row.get("generator/auxiliary", 0.0) > NAMELESS * math.log(config.classes):
            found["classes"] = (
                "the class loss of the generator's images is that of a guess: the known "
                "collapse of an ACGAN; try --real_target=0.9, a larger "
                "--auxiliary_generator_weight and lower rates"
            )
    return found
