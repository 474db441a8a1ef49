"""What is measured of generated images, and the reference rows beside it."""

import dataclasses

import numpy as np
import tensorflow as tf

from dcgan_tf.data.sources import Dataset
from dcgan_tf.data.spec import ImageSpec
from dcgan_tf.data.splits import Split
from dcgan_tf.metrics import class_metrics, classifier, distances
from dcgan_tf.metrics.classifier import Classifier
from dcgan_tf.metrics.prdc import prdc, radii
from dcgan_tf.runs.generator import TrainedRun, balanced_labels
from dcgan_tf.support import errors

NEIGHBOURS = 5  # k of precision, recall, density and coverage
NEAREST = 10  # samples that are shown beside their nearest training image
# A sample is a near copy if it is closer to a training image than all but this share of
# test images are, of which so many are looked at.
NEAR_COPY_SHARE, NEAR_COPY_IMAGES = 0.01, 1000
CAS_SEED, CAS_EPOCHS = 0, 5


@dataclasses.dataclass(frozen=True)
class Images:
    """uint8 [N, H, W, C], and the requested classes, int [N], or None."""

    pixels: np.ndarray
    labels: np.ndarray | None = None


class Evaluator:
    """Figures of images against the test split, in the features of one classifier."""

    def __init__(self, trained_classifier: Classifier, test: Split, spec: ImageSpec):
        """RunError where the test split is too small for nearest neighbours."""
        if len(test.labels) <= NEIGHBOURS:
            raise errors.RunError(
                f"the test split has {len(test.labels)} images; figures with {NEIGHBOURS} "
                f"nearest neighbours need {NEIGHBOURS + 1} or more"
            )
        self._classifier = trained_classifier
        self._spec = spec
        self._test = test
        self._real, probabilities = trained_classifier.predict(test.images.numpy())
        labels = test.labels.numpy()
        predicted = probabilities.argmax(axis=1)
        self.classifier_accuracy = class_metrics.class_accuracy(labels, predicted)
        self._real_radii = radii(self._real, NEIGHBOURS)
        self._real_std = class_metrics.intra_class_std(self._real, labels, spec.classes)

    def figures(self, images: Images) -> dict[str, object]:
        """Those that need no requested classes, and those that do where there are any."""
        features, probabilities = self._classifier.predict(images.pixels)
        predicted = probabilities.argmax(axis=1)
        counts = np.bincount(predicted, minlength=self._spec.classes)
        labels = predicted if images.labels is None else images.labels
        std = class_metrics.intra_class_std(features, labels, self._spec.classes)
        with np.errstate(divide="ignore", invalid="ignore"):
            std /= self._real_std
        return {
            **self._accuracies(images.labels, predicted),
            "frechet_classifier_distance": distances.frechet_classifier_distance(
                self._real, features
            ),
            "kid": distances.kid(self._real, features),
            **prdc(self._real, features, NEIGHBOURS, self._real_radii),
            "classifier_score": class_metrics.classifier_score(probabilities),
            "intra_class_std": float(std[np.isfinite(std)].mean()),
            "intra_class_std_by_class": _numbers(std),
            "class_shares": (counts / counts.sum()).tolist(),
        }

    def figures_of_run(self, run: TrainedRun) -> dict[str, float]:
        """The figures of a generator that are single numbers, and its selection score."""
        figures = self.figures(generate(run, len(self._real), seed=0))
        single = {name: f for name, f in figures.items() if isinstance(f, float)}
        return {**single, "selection_score": selection_score(figures)}

    def _accuracies(
        self, labels: np.ndarray | None, predicted: np.ndarray
    ) -> dict[str, object]:
        if labels is None:
            return {}
        confusion = class_metrics.confusion_matrix(labels, predicted, self._spec.classes)
        with np.errstate(invalid="ignore"):
            by_class = confusion.diagonal() / confusion.sum(axis=1)
        return {
            "class_accuracy": class_metrics.class_accuracy(labels, predicted),
            "class_accuracy_by_class": _numbers(by_class),
            "confusion_matrix": confusion.tolist(),
        }

    def classification_accuracy_score(self, images: Images) -> float:
        """CAS: the test accuracy of a classifier that is trained on these images alone.

        Ravuri & Vinyals 2019; GAN-train (Shmelkov et al. 2018): it sees both what is wrong
        and what is missing.
        """
        split = Split(tf.constant(images.pixels), tf.constant(images.labels, tf.int32))
        trained = classifier.fit(
            split, self._spec, seed=CAS_SEED, epochs=CAS_EPOCHS, max_translation=0
        )
        _, probabilities = Classifier(trained).predict(self._test.images.numpy())
        predicted = probabilities.argmax(axis=1)
        return class_metrics.class_accuracy(self._test.labels.numpy(), predicted)


def _numbers(values: np.ndarray) -> list[float | None]:
    """As JSON has them: None for NaN and Inf, as of a class without images."""
    return [float(value) if np.isfinite(value) else None for value in values]


def selection_score(figures: dict[str, object]) -> float:
    """Which generator is best, in [0, 1]: coverage times class accuracy."""
    return figures["coverage"] * figures.get("class_accuracy", 1.0)


def compare(
    images: Images,
    train: Split,
    test: Split,
    dataset: Dataset,
    for_cas: Images | None = None,
) -> dict[str, object]:
    """The figures of `images`, and beside them the reference rows; all as JSON has it.

    `for_cas`: what the classification accuracy score is taken of, if it is wanted
    """
    spec = dataset.spec
    trained_classifier = classifier.load(dataset.name, spec, train)
    evaluator = Evaluator(trained_classifier, test, spec)
    count = len(images.pixels)
    compared = {
        "generated": images,
        "real training images": first_of_each_class(train, count, spec.classes),
        "10 memorised images": memorised(train, count, spec.classes),
    }
    figures = {name: evaluator.figures(one) for name, one in compared.items()}
    if for_cas:
        as_many = first_of_each_class(train, len(for_cas.pixels), spec.classes)
        for name, one in (("generated", for_cas), ("real training images", as_many)):
            score = evaluator.classification_accuracy_score(one)
            figures[name]["classification_accuracy_score"] = score
    return {
        "figures": figures,
        "nearest_training_images": nearest_training_images(
            images, train.images.numpy(), test.images.numpy()
        ),
        "protocol": {
            "dataset": dataset.name,
            "test_images": len(test.labels),
            "images": {name: len(one.pixels) for name, one in compared.items()},
            "images_for_cas": len(for_cas.pixels) if for_cas else None,
            "neighbours": NEIGHBOURS,
            "features": classifier.FEATURES,
            "classifier_accuracy": evaluator.classifier_accuracy,
            "classifier_sha256": trained_classifier.sha256,
        },
    }


def generate(run: TrainedRun, count: int, seed: int) -> Images:
    """About `count` images of a run, as many of each class; with labels if it has any."""
    classes = run.config.classes
    labels = balanced_labels(count - count % classes, classes)
    return Images(run.sample(labels, seed), labels if run.config.conditional else None)


def first_of_each_class(split: Split, count: int, classes: int) -> Images:
    """About `count` images, as many of each class as there are, in the split's order."""
    labels = split.labels.numpy()
    share = -(-count // classes)
    rows = np.concatenate([np.flatnonzero(labels == c)[:share] for c in range(classes)])
    return Images(split.images.numpy()[np.sort(rows)], labels[np.sort(rows)])


def memorised(split: Split, count: int, classes: int) -> Images:
    """About `count` copies of the first image of each class: the floor."""
    one = first_of_each_class(split, classes, classes)
    repeats = -(-count // len(one.pixels))
    return Images(np.repeat(one.pixels, repeats, axis=0), np.repeat(one.labels, repeats))


def nearest_training_images(
    images: Images, training: np.ndarray, test: np.ndarray
) -> dict[str, object]:
    """The samples nearest to a training image, in pixels: are there copies?

    Of images with labels the nearest of each class, else the nearest of all; at most
    NEAREST.  Distances are root mean squares over the pixels, in grey levels of 255;
    "pairs" are the samples, then the training images.  "near_copies": the share of all
    samples that are closer to a training image than all but NEAR_COPY_SHARE of real test
    images.
    """
    samples, real, unseen = (
        x.reshape(len(x), -1) for x in (images.pixels, training, test[:NEAR_COPY_IMAGES])
    )
    numbers, found = distances.nearest_neighbours(samples, real)
    _, of_test = distances.nearest_neighbours(unseen, real)
    limit = np.quantile(of_test, NEAR_COPY_SHARE)
    order = np.argsort(found, kind="stable")
    if images.labels is not None:
        _, first = np.unique(images.labels[order], return_index=True)
        order = order[first]
    order = order[:NEAREST]
    pixels = np.sqrt(samples.shape[1])
    return {
        "pairs": np.concatenate([images.pixels[order], training[numbers[order]]]),
        "samples": order.tolist(),
        "training_images": numbers[order].tolist(),
        "distances": (found[order] / pixels).round(2).tolist(),
        "median_distance": round(float(np.median(found) / pixels), 2),
        "near_copies": float(np.mean(found < limit)),
        "near_copy_distance": round(float(limit / pixels), 2),
    }
