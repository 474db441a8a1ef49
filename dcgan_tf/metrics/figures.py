"""The figures of quality, and the charts of a run: the one table of both."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

UP, DOWN = "\u2191", "\u2193"  # which direction is better
QUALITY = "quality/"  # begins the figures' keys in metrics.jsonl
REAL = "real training images"  # the name of their row in evaluation.json


class Figure(NamedTuple):
    """A figure of quality."""

    key: str  # its name in JSON
    name: str
    arrow: str  # UP or DOWN, the better direction; "" where there is none
    format: str  # of its value
    printed: bool = False  # whether a run prints it while it trains

    @property
    def title(self) -> str:
        return f"{self.name} {self.arrow}".rstrip()

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
MEANINGS = {  # for a reader of the report
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


# The label of each curve in a chart, over the epochs, and its key in metrics.jsonl.
CHARTS = {
    "Losses": {"generator": "generator/loss", "discriminator": "discriminator/loss"},
    "Losses on the test split": {
        "generator": "test/generator/loss",
        "discriminator": "test/discriminator/loss",
    },
    "Real or fake": {
        "real": "discriminator/adversarial_accuracy_real",
        "fake": "discriminator/adversarial_accuracy_fake",
        "pairs": "discriminator/adversarial_accuracy",
    },
    "Class": {
        "real": "discriminator/class_accuracy_real",
        "fake": "generator/class_accuracy",
    },
    "Gradient penalty": {
        "R1": "discriminator/r1_penalty",
        "R2": "discriminator/r2_penalty",
    },
    "Accuracy and coverage": {
        "class accuracy": "quality/class_accuracy",
        "coverage": "quality/coverage",
    },
    "Precision and recall": {"precision": "quality/precision", "recall": "quality/recall"},
    "Fréchet distance": {"Fréchet distance": "quality/frechet_classifier_distance"},
    "Kernel distance (KID)": {"KID": "quality/kid"},
    "Variety within a class": {"intra-class std": "quality/intra_class_std"},
}
SHARES = {"Real or fake", "Class", "Accuracy and coverage", "Precision and recall"}
WIDE = {"Fréchet distance", "Kernel distance (KID)"}  # whose axis may be logarithmic
# What each chart shows, and what a healthy one looks like.
CAPTIONS = {
    "Losses": "Healthy: both level off, and neither runs away or to zero. Each player is "
    "measured against the other, so falling losses do not mean better images.",
    "Losses on the test split": "Healthy: near those of training. A discriminator whose "
    "loss rises here alone has learned its training images by heart.",
    "Real or fake": "Share that the discriminator gets right. Healthy: steady between 55% "
    "and 90%. Near 100% it has won, and the generator learns little; at 50% it guesses.",
    "Class": "Share whose class the discriminator recognises. Healthy: both rise towards "
    "100%, the fakes behind the real images.",
    "Gradient penalty": "How steep the discriminator is at real images (R1) and fakes "
    "(R2). Healthy: small and steady; a climb often comes before a divergence.",
    "Accuracy and coverage": "Higher is better. Healthy: accuracy rises first, coverage "
    "follows. The best checkpoint is the one with the largest product of the two.",
    "Precision and recall": "Higher is better. Healthy: both rise. Recall that falls while "
    "precision rises is variety being lost: mode collapse.",
    "Fréchet distance": "Lower is better. Healthy: a steep fall, then a slow one.",
    "Kernel distance (KID)": "Lower is better. Healthy: falls as the Fréchet distance "
    "does.",
    "Variety within a class": "Near 1 is right: the images of a class are as varied as "
    "real ones.",
}


def points(entries: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    """Returns (epoch, value) of the log entries whose value of the key is finite."""
    return [
        (entry["epoch"], entry[key])
        for entry in entries
        if "epoch" in entry and math.isfinite(entry.get(key, math.nan))
    ]
