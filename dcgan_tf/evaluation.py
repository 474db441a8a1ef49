"""What is measured of generated images, and between which bounds it lies."""

import dataclasses

import numpy as np
import tensorflow as tf

from dcgan_tf import classifier, datasets, metrics
from dcgan_tf.classifier import Classifier
from dcgan_tf.datasets import Split
from dcgan_tf.trained import TrainedRun

NEIGHBOURS = 5  # k of precision, recall, density and coverage
CLOSEST = 10  # samples that are shown beside their nearest training image
CAS_SEED, CAS_EPOCHS = 0, 5


@dataclasses.dataclass(frozen=True)
class Images:
    """uint8 [N, 28, 28, 1], and the classes asked for, int [N], or None."""

    pixels: np.ndarray
    labels: np.ndarray | None = None


class Evaluation:
    """Figures of images against a held-out split, in the features of one classifier."""

    def __init__(self, judge: Classifier, held_out: Split, classes: int):
        self._judge = judge
        self._classes = classes
        self._held_out = held_out
        self._real, probabilities = judge.judge(held_out.images.numpy())
        labels = held_out.labels.numpy()
        self.classifier_accuracy = metrics.agreement(labels, probabilities.argmax(axis=1))
        self._reach = metrics.neighbourhoods(self._real, NEIGHBOURS)
        self._real_spread = metrics.spread(self._real, labels, classes)

    def figures(self, images: Images) -> dict[str, object]:
        """Those that need no asked-for classes, and those that do where there are any."""
        features, probabilities = self._judge.judge(images.pixels)
        named = probabilities.argmax(axis=1)
        counts = np.bincount(named, minlength=self._classes)
        labels = named if images.labels is None else images.labels
        spread = metrics.spread(features, labels, self._classes) / self._real_spread
        return {
            **self._agreement(images.labels, named),
            "frechet_distance": metrics.frechet_distance(self._real, features),
            "kernel_distance": metrics.kernel_distance(self._real, features),
            **metrics.manifold(self._real, features, NEIGHBOURS, self._reach),
            "class_score": metrics.class_score(probabilities),
            "spread": float(np.nanmean(spread)),
            "spread_by_class": _numbers(spread),
            "class_shares": (counts / counts.sum()).tolist(),
        }

    def of_run(self, run: TrainedRun) -> dict[str, float]:
        """The figures of a generator that are single numbers, and its score."""
        figures = self.figures(drawn(run, len(self._real), seed=0))
        single = {name: f for name, f in figures.items() if isinstance(f, float)}
        return {**single, "score": score(figures)}

    def _agreement(self, wanted: np.ndarray | None, named: np.ndarray) -> dict[str, object]:
        if wanted is None:
            return {}
        confusion = metrics.confusion(wanted, named, self._classes)
        with np.errstate(invalid="ignore"):
            by_class = confusion.diagonal() / confusion.sum(axis=1)
        return {
            "agreement": metrics.agreement(wanted, named),
            "agreement_by_class": _numbers(by_class),
            "confusion": confusion.tolist(),
        }

    def classification_accuracy_score(self, images: Images) -> float:
        """A classifier trained on these images alone: how much of the real it names.

        Ravuri & Vinyals 2019: it sees both what is wrong and what is missing.
        """
        split = Split(tf.constant(images.pixels), tf.constant(images.labels, tf.int32))
        trained = classifier.fit(
            split, self._classes, seed=CAS_SEED, epochs=CAS_EPOCHS, shift=0
        )
        _, probabilities = Classifier(trained).judge(self._held_out.images.numpy())
        named = probabilities.argmax(axis=1)
        return metrics.agreement(self._held_out.labels.numpy(), named)


def _numbers(values: np.ndarray) -> list[float | None]:
    """As JSON has them, which has no NaN: None for what is of no image."""
    return [None if np.isnan(value) else float(value) for value in values]


def score(figures: dict[str, object]) -> float:
    """What makes one generator better than another, in [0, 1].

    The share of the held-out images that it covers, times the share of its own that are
    of the class that was asked for.
    """
    return figures["coverage"] * figures.get("agreement", 1.0)


def compare(
    images: Images, dataset: datasets.Dataset, for_cas: Images | None = None
) -> dict[str, object]:
    """The figures of `images`, and beside them those of the bounds; all as JSON has it.

    `for_cas`: what the classification accuracy score is taken of, if it is wanted
    """
    train, test = (datasets.load(dataset, split) for split in ("train", "test"))
    judge = classifier.load(dataset.name, dataset.classes, train)
    measure = Evaluation(judge, test, dataset.classes)
    count = len(images.pixels)
    compared = {
        "generated": images,
        "real training images": first_of_each_class(train, count, dataset.classes),
        "copies of ten": copies(train, count, dataset.classes),
    }
    figures = {name: measure.figures(one) for name, one in compared.items()}
    if for_cas:
        as_many = first_of_each_class(train, len(for_cas.pixels), dataset.classes)
        for name, one in (("generated", for_cas), ("real training images", as_many)):
            score = measure.classification_accuracy_score(one)
            figures[name]["classification_accuracy_score"] = score
    return {
        "figures": figures,
        "closest": closest(images.pixels, train.images.numpy()),
        "protocol": {
            "dataset": dataset.name,
            "held_out_images": len(test.labels),
            "images": {name: len(one.pixels) for name, one in compared.items()},
            "images_for_cas": len(for_cas.pixels) if for_cas else None,
            "neighbours": NEIGHBOURS,
            "features": classifier.FEATURES,
            "classifier_accuracy": measure.classifier_accuracy,
            "classifier_sha256": judge.sha256,
        },
    }


def drawn(run: TrainedRun, count: int, seed: int) -> Images:
    """About `count` images of a run, as many of each class; with labels if it has any."""
    classes = run.config.classes
    labels = np.arange(count - count % classes) % classes
    return Images(run.sample(labels, seed), labels if run.config.conditional else None)


def first_of_each_class(split: Split, count: int, classes: int) -> Images:
    """About `count` images, as many of each class as there are, in the split's order."""
    labels = split.labels.numpy()
    share = -(-count // classes)
    rows = np.concatenate([np.flatnonzero(labels == c)[:share] for c in range(classes)])
    return Images(split.images.numpy()[np.sort(rows)], labels[np.sort(rows)])


def copies(split: Split, count: int, classes: int) -> Images:
    """About `count` copies of the first image of each class: the floor."""
    one = first_of_each_class(split, classes, classes)
    repeats = -(-count // len(one.pixels))
    return Images(np.repeat(one.pixels, repeats, axis=0), np.repeat(one.labels, repeats))


def closest(samples: np.ndarray, training: np.ndarray) -> dict[str, list]:
    """The samples nearest to a training image, in pixels: are there copies?

    Distances are root mean squares over the pixels, in grey levels of 255; "pairs" are the
    samples, then the training images.
    """
    flat = [images.reshape(len(images), -1) for images in (samples, training)]
    numbers, distances = metrics.nearest(*flat)
    order = np.argsort(distances, kind="stable")[:CLOSEST]
    pixels = np.sqrt(samples[0].size)
    return {
        "pairs": np.concatenate([samples[order], training[numbers[order]]]),
        "samples": order.tolist(),
        "training_images": numbers[order].tolist(),
        "distances": (distances[order] / pixels).round(2).tolist(),
        "median_distance": round(float(np.median(distances) / pixels), 2),
    }
