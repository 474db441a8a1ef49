"""What is measured of generated images, and the reference rows beside it."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.data.splits import Split
from dcgan_tf.datasets.sources import Dataset
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics import class_metrics, classifier, distances, image_sets
from dcgan_tf.metrics.classifier import Classifier
from dcgan_tf.metrics.distances import prdc, radii
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import errors

NEIGHBOURS = 5  # k of precision, recall, density and coverage
# Images on each side from which the Frechet distance and KID are taken: with fewer they
# prefer the worse generator too often (experiments/few_test_images).
LEAST_FOR_DISTANCES = 200
NEAREST = 10  # samples that are shown beside their nearest training image
# A sample is a near copy if it is closer to a training image than all but this share of
# test images are, of which so many are looked at; fewer than LEAST are too few.
NEAR_COPY_SHARE, NEAR_COPY_IMAGES, LEAST_NEAR_COPY_IMAGES = 0.01, 1000, 100
# Multiplications in the search for nearest training images, which with MNIST are those of
# 10,000 samples and the 1,000 test images.
MOST_PRODUCTS = 11_000 * 60_000 * 784
MOST_CONFUSED = 100  # classes of which there is a confusion matrix
CAS_SEED, CAS_EPOCHS = 0, 5
CAS_IMAGES, CAS_BYTES = 60_000, 200_000_000


class Evaluator:
    """Figures of images against the test split, in the features of one classifier.

    test: the images of it that count, and their labels
    """

    def __init__(self, trained_classifier: Classifier, test: Split, spec: ImageSpec):
        """RunError where the test split is too small for nearest neighbours."""
        if len(test.labels) <= NEIGHBOURS:
            raise errors.RunError(
                f"the test split has {len(test.labels)} images; figures with {NEIGHBOURS} "
                f"nearest neighbours need {NEIGHBOURS + 1} or more"
            )
        self._classifier = trained_classifier
        self._spec = spec
        self.test = image_sets.of_test(test)
        self._real, probabilities = trained_classifier.predict(self.test.pixels)
        self._real_radii = radii(self._real, NEIGHBOURS)
        self._real_std = self.classifier_accuracy = None
        if spec.classes > 1:
            self.classifier_accuracy = class_metrics.class_accuracy(
                self.test.labels, probabilities.argmax(axis=1)
            )
            self._real_std = class_metrics.intra_class_std(
                self._real, self.test.labels, spec.classes
            )

    def figures(self, images: Images) -> dict[str, Any]:
        """Those that need no classes, and those that do where there are any.

        None: unknown from so few images.
        """
        features, probabilities = self._classifier.predict(images.pixels)
        return {
            **self._distances(features),
            **prdc(self._real, features, NEIGHBOURS, self._real_radii),
            **self._figures_of_classes(images.labels, features, probabilities),
        }

    def figures_of_run(self, run: TrainedRun) -> dict[str, float]:
        """The figures of a generator that are single numbers, and its selection score."""
        labels = image_sets.labels_like(self.test.labels, len(self.test.labels))
        figures = self.figures(image_sets.generated(run, labels, seed=0))
        single = {name: f for name, f in figures.items() if isinstance(f, float)}
        return {**single, "selection_score": selection_score(figures)}

    def _distances(self, features: np.ndarray) -> dict[str, float | None]:
        if min(len(features), len(self._real)) < LEAST_FOR_DISTANCES:
            return {"frechet_classifier_distance": None, "kid": None}
        return {
            "frechet_classifier_distance": distances.frechet_classifier_distance(
                self._real, features
            ),
            "kid": distances.kid(self._real, features),
        }

    def _figures_of_classes(
        self,
        requested: np.ndarray | None,
        features: np.ndarray,
        probabilities: np.ndarray,
    ) -> dict[str, Any]:
        classes = self._spec.classes
        if classes == 1:
            return {}
        predicted = probabilities.argmax(axis=1)
        labels = predicted if requested is None else requested
        std = class_metrics.intra_class_std(features, labels, classes)
        with np.errstate(divide="ignore", invalid="ignore"):
            std /= self._real_std
        finite = std[np.isfinite(std)]
        counts = np.bincount(predicted, minlength=classes)
        return {
            **self._accuracies(requested, predicted),
            "classifier_score": class_metrics.classifier_score(probabilities),
            "intra_class_std": float(finite.mean()) if len(finite) else None,
            "intra_class_std_by_class": _numbers(std),
            "class_shares": (counts / counts.sum()).tolist(),
        }

    def _accuracies(
        self, labels: np.ndarray | None, predicted: np.ndarray
    ) -> dict[str, Any]:
        if labels is None:
            return {}
        confusion = class_metrics.confusion_matrix(labels, predicted, self._spec.classes)
        with np.errstate(invalid="ignore"):
            by_class = confusion.diagonal() / confusion.sum(axis=1)
        few = self._spec.classes <= MOST_CONFUSED
        return {
            "class_accuracy": class_metrics.class_accuracy(labels, predicted),
            "class_accuracy_by_class": _numbers(by_class),
            **({"confusion_matrix": confusion.tolist()} if few else {}),
        }

    def classification_accuracy_score(self, images: Images) -> float:
        """CAS: the test accuracy of a classifier that is trained on these images alone.

        Ravuri & Vinyals 2019; GAN-train (Shmelkov et al. 2018): it sees both what is wrong
        and what is missing.
        """
        split = Split(tf.constant(images.pixels[:]), tf.constant(images.labels, tf.int32))
        trained = classifier.fit(
            split, self._spec, seed=CAS_SEED, epochs=CAS_EPOCHS, max_translation=0
        )
        _, probabilities = Classifier(trained).predict(self.test.pixels)
        return class_metrics.class_accuracy(self.test.labels, probabilities.argmax(axis=1))


def _numbers(values: np.ndarray) -> list[float | None]:
    """As JSON has them: None for NaN and Inf, as of a class without images."""
    return [float(value) if np.isfinite(value) else None for value in values]


def selection_score(figures: dict[str, Any]) -> float:
    """Which generator is best, in [0, 1]: coverage times class accuracy."""
    return figures["coverage"] * figures.get("class_accuracy", 1.0)


def compare(
    images: Images,
    train: Split,
    test: Split,
    dataset: Dataset,
    for_cas: Images | None = None,
) -> dict[str, Any]:
    """The figures of `images`, and beside them the reference rows; all as JSON has it.

    `for_cas`: what the classification accuracy score is taken of, if it is wanted
    """
    spec = dataset.spec
    trained_classifier = classifier.load(dataset.name, spec, train, test)
    evaluator = Evaluator(trained_classifier, test, spec)
    like, count = evaluator.test.labels, len(images.pixels)
    memorised = image_sets.memorised(train, like, count)
    compared = {
        "generated": images,
        "real training images": image_sets.real(train, like, count),
        f"{memorised.pixels.distinct():,} memorised images": memorised,  # type: ignore[union-attr]
    }
    figures = {name: evaluator.figures(one) for name, one in compared.items()}
    if for_cas:
        as_many = image_sets.real(train, train.labels.numpy(), len(for_cas.pixels))
        for name, one in (("generated", for_cas), ("real training images", as_many)):
            score = evaluator.classification_accuracy_score(one)
            figures[name]["classification_accuracy_score"] = score
    protocol = {
        "dataset": dataset.name,
        "test_images": len(like),
        "test_split": len(test.labels),
        "images": {name: len(one.pixels) for name, one in compared.items()},
        "images_for_cas": len(for_cas.pixels) if for_cas else None,
        "neighbours": NEIGHBOURS,
        "features": classifier.FEATURES,
        "classifier_accuracy": evaluator.classifier_accuracy,
        "classifier_sha256": trained_classifier.sha256,
    }
    numbers = [str(number) for number in range(spec.classes)]
    nearest = nearest_training_images(images, train, evaluator.test)
    return {
        "class_names": list(dataset.class_names or numbers) if spec.classes > 1 else None,
        "figures": figures,
        "nearest_training_images": nearest,
        "protocol": protocol,
        "notes": _notes(protocol, nearest),
    }


def _notes(protocol: dict[str, Any], nearest: dict[str, Any]) -> list[str]:
    """What is to be known of the figures, a sentence each."""
    notes = []
    accuracy = protocol["classifier_accuracy"]
    if accuracy is None:
        notes.append(
            "the images have no classes: features are those of a classifier of "
            "pseudo-classes"
        )
    elif accuracy < classifier.GOOD:
        notes.append(
            f"the classifier's accuracy: {classifier.in_words(accuracy)}; real training "
            "images are those that it was trained on"
        )
    if protocol["test_images"] < protocol["test_split"]:
        notes.append(
            f"{protocol['test_images']:,} of the {protocol['test_split']:,} test images "
            "are used"
        )
    if min(protocol["test_images"], protocol["images"]["generated"]) < LEAST_FOR_DISTANCES:
        notes.append(
            "the Fréchet distance and KID cannot be told from fewer than "
            f"{LEAST_FOR_DISTANCES} test images or {LEAST_FOR_DISTANCES} generated ones, "
            "and small differences of the other figures are chance"
        )
    if nearest["near_copies"] is None:
        notes.append(
            f"near copies: not counted with fewer than {LEAST_NEAR_COPY_IMAGES} test images"
        )
    return notes


def cas_count(train: Split) -> int:
    """How many images the classification accuracy score is taken of.

    As many as there are training images, CAS_IMAGES at most, and CAS_BYTES of them.
    """
    images = train.array()
    return min(len(images), CAS_IMAGES, CAS_BYTES // images[0].nbytes)


def nearest_training_images(images: Images, train: Split, test: Images) -> dict[str, Any]:
    """The samples nearest to a training image, in pixels: are there copies?

    Of images with labels the nearest of each class, else the nearest of all; at most
    NEAREST.  Distances are root mean squares over the pixels, in grey levels of 255;
    "pairs" are the samples, then the training images.  "near_copies": the share of the
    samples that are closer to a training image than all but NEAR_COPY_SHARE of real test
    images; None where too few of these are looked at.  Of all samples "searched" are looked
    at, and "searched_test_images" test images, so that it takes MOST_PRODUCTS.
    """
    training = train.array()
    chosen, chosen_test = _searched(images, test, training)
    searched, unseen = images.pixels[chosen], test.pixels[chosen_test]
    samples, real, others = (x.reshape(len(x), -1) for x in (searched, training, unseen))
    numbers, found = distances.nearest_neighbours(samples, real)
    _, of_test = distances.nearest_neighbours(others, real)
    limit = np.quantile(of_test, NEAR_COPY_SHARE)
    order = _nearest_of_each_class(found, images.labels, chosen)
    pixels = math.sqrt(samples.shape[1])
    enough = len(unseen) >= LEAST_NEAR_COPY_IMAGES
    return {
        "pairs": np.concatenate([searched[order], training[numbers[order]]]),
        "samples": chosen[order].tolist(),
        "training_images": numbers[order].tolist(),
        "classes": None if images.labels is None else images.labels[chosen[order]].tolist(),
        "distances": (found[order] / pixels).round(2).tolist(),
        "median_distance": round(float(np.median(found) / pixels), 2),
        "near_copies": float(np.mean(found < limit)) if enough else None,
        "near_copy_distance": round(float(limit / pixels), 2) if enough else None,
        "searched": len(samples),
        "searched_test_images": len(others),
    }


def _searched(
    images: Images, test: Images, training: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the samples, and those of the test images, that are looked at."""
    most = max(2 * NEAREST, MOST_PRODUCTS // training.size)
    unseen = min(NEAR_COPY_IMAGES, len(test.pixels), most // 2)
    return image_sets.spread(images, most - unseen), image_sets.spread(test, unseen)


def _nearest_of_each_class(
    found: np.ndarray, labels: np.ndarray | None, chosen: np.ndarray
) -> np.ndarray:
    """At most NEAREST places in `found`, the distances of the rows `chosen`."""
    order = np.argsort(found, kind="stable")
    if labels is None:
        return order[:NEAREST]
    _, first = np.unique(labels[chosen][order], return_index=True)  # in their order
    nearest = np.sort(first)[:NEAREST]
    return order[first[np.isin(first, nearest)]]
