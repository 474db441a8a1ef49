"""The figures of a run that are shown: their names, what they mean, and which curves."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

# What each figure of an evaluation means, by its key there.
MEANINGS = {
    "class_accuracy": (
        "Share of the images that a classifier assigns to the class they were made for."
    ),
    "frechet_classifier_distance": (
        "Between the generated and the real images' features, taken as two normal "
        "distributions. In the features of this package's classifier, not of Inception: "
        "no FID of other programs compares with it."
    ),
    "kid": ("The same question with a polynomial kernel; about 0 where both are alike."),
    "precision": (
        "Share of the generated images that lie among real ones: how real they look."
    ),
    "recall": (
        "Share of the real images that lie among generated ones: how much of the variety "
        "is there."
    ),
    "density": (
        "Precision that counts in how many real neighbourhoods an image lies; may be above "
        "1."
    ),
    "coverage": (
        "Share of the real images that have a generated one in their neighbourhood."
    ),
    "classifier_score": (
        "The Inception score's formula with this classifier: sure of each image, and all "
        "classes there. At most the number of classes."
    ),
    "intra_class_std": (
        "Spread of the features within a class, as a share of the real images'. Near 1 is "
        "right; well below 1 the images of a class are alike."
    ),
    "classification_accuracy_score": (
        "Accuracy on real test images of a classifier that saw generated images alone."
    ),
}


@dataclasses.dataclass(frozen=True)
class Chart:
    """Curves that stand in one frame, over the epochs.

    curves: the label of each, and the key of its values in metrics.jsonl
    caption: what it is, and what a healthy one looks like
    share: whether the values are shares, from 0 to 1
    wide: whether the values may range so far that the axis is to be logarithmic
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
        {
            "generator": "test/generator/loss",
            "discriminator": "test/discriminator/loss",
        },
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
        {
            "real": "discriminator/class_accuracy_real",
            "fake": "generator/class_accuracy",
        },
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
WIDE = 30  # times the smallest value: from there on an axis is logarithmic
MOST_POINTS = 400  # of a curve; as many as a chart has pixels
Points = list[tuple[float, float]]


def points(entries: Sequence[Mapping[str, float]], key: str) -> Points:
    """(epoch, value) of each log entry that has both, if they are finite."""
    pairs = ((entry.get("epoch"), entry.get(key)) for entry in entries)
    return [
        (float(epoch), float(value))
        for epoch, value in pairs
        if None not in (epoch, value) and math.isfinite(epoch) and math.isfinite(value)
    ]


def thinned(curve: Points) -> Points:
    """At most MOST_POINTS of them, evenly, with the last."""
    every = math.ceil(len(curve) / MOST_POINTS)
    return curve[::-every][::-1]


def plain(value: float, *, share: bool) -> str:
    """In per cent, or to three digits without an exponent."""
    if share:
        return f"{value:.1%}"
    return np.format_float_positional(value, 3, fractional=False, trim="-")


def is_logarithmic(chart: Chart, values: Sequence[float]) -> bool:
    return chart.wide and min(values) > 0 and max(values) > WIDE * min(values)
