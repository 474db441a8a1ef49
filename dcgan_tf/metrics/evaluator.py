"""What is measured of generated images, and the reference rows beside it."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.datasets.spec import Dataset, ImageSpec
from dcgan_tf.metrics import classifier, distances, image_sets
from dcgan_tf.metrics.classifier import Classifier
from dcgan_tf.metrics.figures import REAL
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.runs.trained import TrainedRun

NEIGHBOURS = 5  # k of precision, recall, density and coverage
# Images on each side from which the Frechet distance and KID are taken: with fewer they
# prefer the worse generator too often (experiments/few_test_images).
LEAST_FOR_DISTANCES = 200
NEAREST = 10  # samples that are shown beside their nearest training image
# A sample is a near copy if it is closer to a training image than all but 1 % of test
# images are, of which so many are searched; fewer than LEAST are too few.
NEAR_COPY_IMAGES, LEAST_NEAR_COPY_IMAGES = 1000, 100
# Multiplications in the search for nearest training images; with MNIST those of 10,000
# samples and 1,000 test images.
MOST_PRODUCTS = 11_000 * 60_000 * 784
MOST_CONFUSED = 100  # classes of which there is a confusion matrix
CAS_IMAGES, CAS_BYTES = 60_000, 200_000_000  # at most


class Evaluator:
    """Figures of images against the test split, in the features of one classifier.

    test: the images of the split that count, and their labels
    classifier_accuracy: on these; None where there are no classes
    """

    def __init__(self, trained_classifier: Classifier, test: Split, spec: ImageSpec):
        self._classifier, self._spec = trained_classifier, spec
        self.test = image_sets.of_test(test)
        self._real, probabilities = trained_classifier.predict(self.test)
        self._real_radii = distances.radii(self._real, NEIGHBOURS)
        labels, classes = self.test.labels, spec.classes
        self._real_std = intra_class_std(self._real, labels, classes)
        accuracy = float(np.mean(labels == probabilities.argmax(axis=1)))
        self.classifier_accuracy = accuracy if classes > 1 else None

    def figures(self, images: Images) -> dict[str, Any]:
        """Returns the figures of images, None where they are too few to tell."""
        features, probabilities = self._classifier.predict(images)
        enough = min(len(features), len(self._real)) >= LEAST_FOR_DISTANCES
        figures: dict[str, Any] = {
            distance.__name__: distance(self._real, features) if enough else None
            for distance in (distances.frechet_classifier_distance, distances.kid)
        }
        figures |= distances.prdc(self._real, features, NEIGHBOURS, self._real_radii)
        requested, classes = images.labels, self._spec.classes
        if classes == 1:
            return figures
        predicted = probabilities.argmax(axis=1)
        if requested is not None:
            # By requested (row) and predicted class; the accuracy is GAN-test (Shmelkov et
            # al. 2018, section 3).
            confusion = np.zeros((classes, classes), int)
            np.add.at(confusion, (requested, predicted), 1)
            by_class = _ratios(confusion.diagonal(), confusion.sum(axis=1))
            figures["class_accuracy"] = float(np.mean(requested == predicted))
            figures["class_accuracy_by_class"] = by_class
            if classes <= MOST_CONFUSED:
                figures["confusion_matrix"] = confusion.tolist()
        labels = predicted if requested is None else requested
        std = intra_class_std(features, labels, classes)
        std_by_class = _ratios(std, self._real_std)
        finite = [ratio for ratio in std_by_class if ratio is not None]
        shares = np.bincount(predicted, minlength=classes) / len(predicted)
        return figures | {
            "classifier_score": classifier_score(probabilities),
            "intra_class_std": float(np.mean(finite)) if finite else None,
            "intra_class_std_by_class": std_by_class,
            "class_shares": shares.tolist(),
        }

    def figures_of_run(self, run: TrainedRun) -> dict[str, float]:
        """Returns a generator's figures that are numbers, and the score that ranks them."""
        labels = image_sets.labels_like(self.test.labels, len(self.test))
        figures = self.figures(image_sets.generated(run, labels, seed=0))
        single = {name: f for name, f in figures.items() if isinstance(f, float)}
        score = single["coverage"] * single.get("class_accuracy", 1.0)
        return {**single, "selection_score": score, "images": len(labels)}

    def classification_accuracy_score(self, images: Images) -> float:
        """CAS: the test accuracy of a classifier that is trained on these images alone.

        Ravuri & Vinyals 2019; GAN-train (Shmelkov et al. 2018): it sees both what is wrong
        and what is missing.
        """
        split = Split(tf.constant(images[:]), tf.constant(images.labels, tf.int32))
        trained = classifier.fit(split, self._spec, epochs=5, max_translation=0)
        return Classifier(trained).accuracy(self.test)


def intra_class_std(features: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Returns the RMS distance of a class's features from their mean, or NaN: [classes]."""
    deviations = np.full(classes, np.nan)
    for label in np.unique(labels):
        members = np.asarray(features[labels == label], np.float64)
        deviations[label] = np.sqrt(members.var(axis=0).sum())
    return deviations


def classifier_score(probabilities: np.ndarray) -> float:
    """exp of the mean KL of p(class | image) from p(class): 1 to the number of classes.

    Salimans et al. 2016, section 4, with the classifier that gave the probabilities;
    the "MNIST score" with one for MNIST.
    """
    p = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0.0, p * (np.log(p) - np.log(p.mean(axis=0))), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))


def _ratios(figures: np.ndarray, others: np.ndarray) -> list[float | None]:
    """Divides them for JSON: None for NaN and Inf, as of a class without images."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = figures / others
    return [float(ratio) if np.isfinite(ratio) else None for ratio in ratios]


def compare(
    images: Images, train: Split, test: Split, dataset: Dataset, for_cas: Images | None
) -> dict[str, Any]:
    """Returns figures of `images` and of reference rows; for_cas: what trains for CAS."""
    spec = dataset.spec
    trained = classifier.load(dataset.name, spec, train, test)
    evaluator = Evaluator(trained, test, spec)
    like, count = evaluator.test.labels, len(images)
    memorised = image_sets.memorised(train, like, count)
    compared = {
        "generated": images,
        REAL: image_sets.real(train, like, count),
        f"{len(np.unique(memorised.rows)):,} memorised images": memorised,
    }
    figures = {name: evaluator.figures(row) for name, row in compared.items()}
    if for_cas:
        as_many = image_sets.real(train, train.labels.numpy(), len(for_cas))
        for name, row in (("generated", for_cas), (REAL, as_many)):
            score = evaluator.classification_accuracy_score(row)
            figures[name]["classification_accuracy_score"] = score
    protocol = {
        "dataset": dataset.name,
        "test_images": len(like),
        "test_split": len(test.labels),
        "images": {name: len(row) for name, row in compared.items()},
        "images_for_cas": len(for_cas) if for_cas else None,
        "neighbours": NEIGHBOURS,
        "features": classifier.FEATURES,
        "classifier_accuracy": evaluator.classifier_accuracy,
        "classifier_sha256": trained.sha256,
    }
    names = list(dataset.class_names or map(str, range(spec.classes)))
    nearest = nearest_training_images(images, train, evaluator.test)
    return {
        "class_names": names if spec.classes > 1 else None,
        "figures": figures,
        "nearest_training_images": nearest,
        "protocol": protocol,
        "notes": _notes(protocol, nearest),
    }


def _notes(protocol: dict[str, Any], nearest: dict[str, Any]) -> list[str]:
    """Returns what a reader must know of the figures, a sentence each."""
    accuracy, tested = protocol["classifier_accuracy"], protocol["test_images"]
    known = 1.0 if accuracy is None else accuracy
    images = protocol["images"]
    few = min(tested, images["generated"]) < LEAST_FOR_DISTANCES
    notes = {
        "without classes, features are those of a classifier of pseudo-classes": (
            accuracy is None
        ),
        f"the classifier recognises {known:.1%} of test images: the class accuracy "
        "of generated images can hardly be higher": known < 0.95,
        f"{tested:,} of {protocol['test_split']:,} test images are used": (
            tested < protocol["test_split"]
        ),
        "the Fréchet distance and KID cannot be told from fewer than "
        f"{LEAST_FOR_DISTANCES} test images or generated ones, and small differences "
        "of the other figures are chance": few,
        f"the real training images are {images[REAL]:,}: of some class there are no more": (
            images[REAL] < images["generated"]
        ),
        f"near copies are not counted with under {LEAST_NEAR_COPY_IMAGES} test images": (
            nearest["near_copies"] is None
        ),
    }
    return [note for note, holds in notes.items() if holds]


def cas_count(train: Split) -> int:
    """Returns how many images CAS is taken of: as many as train, within the bounds."""
    images = train.array()
    return min(len(images), CAS_IMAGES, CAS_BYTES // images[0].nbytes)


def nearest_training_images(images: Images, train: Split, test: Images) -> dict[str, Any]:
    """Returns the samples nearest to a training image, in pixels: are there copies?

    Of images with labels the nearest of each class, else the nearest of all; at most
    NEAREST.  Distances are root mean squares over the pixels, in grey levels of 255.

    pairs:       the samples, then the training images
    near_copies: the share of near copies among the samples; None: too few test images
    searched:    of all samples, and of all test images: as many as MOST_PRODUCTS allows
    """
    training = train.array()
    most = max(2 * NEAREST, MOST_PRODUCTS // training.size)
    unseen = min(NEAR_COPY_IMAGES, len(test), most // 2)
    chosen = image_sets.spread(images, most - unseen)
    searched, tested = images[chosen], test[image_sets.spread(test, unseen)]
    samples, real, others = (x.reshape(len(x), -1) for x in (searched, training, tested))
    numbers, nearest = distances.nearest_neighbours(samples, real)
    _, nearest_of_test = distances.nearest_neighbours(others, real)
    limit = np.quantile(nearest_of_test, 0.01)
    order = np.argsort(nearest, kind="stable")
    labels = None if images.labels is None else images.labels[chosen]
    if labels is not None:
        _, first = np.unique(labels[order], return_index=True)  # in the classes' order
        order = order[first[np.isin(first, np.sort(first)[:NEAREST])]]
    order = order[:NEAREST]
    pixels = math.sqrt(samples.shape[1])
    enough = unseen >= LEAST_NEAR_COPY_IMAGES
    return {
        "pairs": np.concatenate([searched[order], training[numbers[order]]]),
        "samples": chosen[order].tolist(),
        "training_images": numbers[order].tolist(),
        "classes": None if labels is None else labels[order].tolist(),
        "distances": (nearest[order] / pixels).round(2).tolist(),
        "median_distance": round(float(np.median(nearest) / pixels), 2),
        "near_copies": float(np.mean(nearest < limit)) if enough else None,
        "near_copy_distance": round(float(limit / pixels), 2) if enough else None,
        "searched": len(samples),
        "searched_test_images": unseen,
    }
