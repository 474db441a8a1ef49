"""The figures of quality, and the charts of a run: the one table of both.

Console, TensorBoard, `evaluate`, `compare`, the pages and the experiments take names,
arrows, formats and meanings from here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

UP, DOWN = "\u2191", "\u2193"  # which direction is better
QUALITY = "quality/"  # begins the figures' keys in metrics.jsonl
REAL = "real training images"  # the name of their row in evaluation.json


class Figure(NamedTuple):
    """A figure of quality.

    key:     its name in JSON
    arrow:   UP or DOWN, the better direction; "" where there is none
    format:  of its value
    printed: whether a run prints it while it trains
    """

    key: str
    name: str
    arrow: str
    format: str
    printed: bool = False

    @property
    def title(self) -> str:
        return f"{self.name} {self.arrow}".rstrip()

    @property
    def meaning(self) -> str:
        """Returns a sentence for a reader of the report; "" where there is none."""
        return MEANINGS.get(self.key, "")

    def text(self, value: float | None) -> str:
        """Returns the value as people read it; "-" for None, which too few images give."""
        return "-" if value is None else self.format.format(value)


FIGURES = (
    Figure("class_accuracy", "class accuracy (GAN-test)", UP, "{:.2%}", printed=True),
    Figure("frechet_classifier_distance", "Fréchet distance", DOWN, "{:.3f}", printed=True),
    Figure("kid", "kernel distance (KID)", DOWN, "{:.5f}"),
    Figure("precision", "precision", UP, "{:.3f}"),
    Figure("recall", "recall", UP, "{:.3f}", printed=True),
    Figure("density", "density", UP, "{:.3f}"),
    Figure("coverage", "coverage", UP, "{:.3f}", printed=True),
    Figure("classifier_score", "classifier score", UP, "{:.3f}"),
    Figure("intra_class_std", "intra-class std, of real", "", "{:.3f}", printed=True),
    Figure("classification_accuracy_score", "CAS (GAN-train)", UP, "{:.2%}"),
    Figure("selection_score", "selection score", UP, "{:.3f}", printed=True),
)
MEANINGS = {
    "class_accuracy": "Share of the images that a classifier assigns to the class they "
    "were made for.",
    "frechet_classifier_distance": "Between the generated and the real images' features, "
    "taken as two normal distributions. In the features of this package's classifier, not "
    "of Inception: no FID of other programs compares with it.",
    "kid": "The same question with a polynomial kernel; about 0 where both are alike.",
    "precision": "Share of the generated images that lie among real ones: how real they "
    "look.",
    "recall": "Share of the real images that lie among generated ones: how much of the "
    "variety is there.",
    "density": "Precision that counts in how many real neighbourhoods an image lies; may "
    "be above 1.",
    "coverage": "Share of the real images that have a generated one in their "
    "neighbourhood.",
    "classifier_score": "The Inception score's formula with this classifier: sure of each "
    "image, and all classes there. At most the number of classes.",
    "intra_class_std": "Spread of the features within a class, as a share of the real "
    "images'. Near 1 is right; well below 1 the images of a class are alike.",
    "classification_accuracy_score": "Accuracy on real test images of a classifier that "
    "saw generated images alone.",
}


class Chart(NamedTuple):
    """Curves that stand in one frame, over the epochs.

    curves:  the label of each curve, and the key of its values in metrics.jsonl
    caption: what the chart shows, and what a healthy one looks like
    share:   whether the values are shares, from 0 to 1
    wide:    whether the values may range so far that the axis becomes logarithmic
    """

    title: str
    curves: Mapping[str, str]
    caption: str
    share: bool = False
    wide: bool = False


CHARTS = (
    Chart(
        "Losses",
        {"generator": "generator/loss", "discriminator": "discriminator/loss"},
        "Healthy: both level off, and neither runs away or to zero. Each player is "
        "measured against the other, so falling losses do not mean better images.",
    ),
    Chart(
        "Losses on the test split",
        {"generator": "test/generator/loss", "discriminator": "test/discriminator/loss"},
        "Healthy: near those of training. A discriminator whose loss rises here alone "
        "has learned its training images by heart.",
    ),
    Chart(
        "Real or fake",
        {
            "real": "discriminator/adversarial_accuracy_real",
            "fake": "discriminator/adversarial_accuracy_fake",
            "pairs": "discriminator/adversarial_accuracy",
        },
        "Share that the discriminator gets right. Healthy: steady between 55% and 90%. "
        "Near 100% it has won, and the generator learns little; at 50% it guesses.",
        share=True,
    ),
    Chart(
        "Class",
        {"real": "discriminator/class_accuracy_real", "fake": "generator/class_accuracy"},
        "Share whose class the discriminator recognises. Healthy: both rise towards 100%, "
        "the fakes behind the real images.",
        share=True,
    ),
    Chart(
        "Gradient penalty",
        {"R1": "discriminator/r1_penalty", "R2": "discriminator/r2_penalty"},
        "How steep the discriminator is at real images (R1) and fakes (R2). Healthy: small "
        "and steady; a climb often comes before a divergence.",
    ),
    Chart(
        "Accuracy and coverage",
        {"class accuracy": "quality/class_accuracy", "coverage": "quality/coverage"},
        "Higher is better. Healthy: accuracy rises first, coverage follows. The best "
        "checkpoint is the one with the largest product of the two.",
        share=True,
    ),
    Chart(
        "Precision and recall",
        {"precision": "quality/precision", "recall": "quality/recall"},
        "Higher is better. Healthy: both rise. Recall that falls while precision rises is "
        "variety being lost: mode collapse.",
        share=True,
    ),
    Chart(
        "Fréchet distance",
        {"Fréchet distance": "quality/frechet_classifier_distance"},
        "Lower is better. Healthy: a steep fall, then a slow one.",
        wide=True,
    ),
    Chart(
        "Kernel distance (KID)",
        {"KID": "quality/kid"},
        "Lower is better. Healthy: falls as the Fréchet distance does.",
        wide=True,
    ),
    Chart(
        "Variety within a class",
        {"intra-class std": "quality/intra_class_std"},
        "Near 1 is right: the images of a class are as varied as real ones.",
    ),
)


def points(entries: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    """Returns (epoch, value) of the log entries whose value of the key is finite."""
    return [
        (entry["epoch"], entry[key])
        for entry in entries
        if "epoch" in entry and math.isfinite(entry.get(key, math.nan))
    ]
