"""What is measured of generated images, and the reference rows beside it."""

import dataclasses
import functools
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.datasets.spec import Dataset, ImageSpec
from dcgan_tf.metrics import classifier, distances, image_sets, texture
from dcgan_tf.metrics.classifier import Classifier
from dcgan_tf.metrics.figures import REAL
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.runs.trained import TrainedRun

NEIGHBOURS = 5  # k of precision, recall, density and coverage
# Images on each side from which the Frechet distance and KID are taken: with fewer they
# prefer the worse generator too often (experiments/few_test_images).
LEAST_FOR_DISTANCES = 200
# Images on each side of which figures have margins: a half needs more than NEIGHBOURS.
FOR_MARGINS, HALVES = range(20, 2_000), 20
FEW = 1_000  # images, below which precision says little of how real they look
MOST_CONFUSED = 100  # classes of which there is a confusion matrix
CAS_IMAGES, CAS_BYTES = 60_000, 200_000_000  # at most


@dataclasses.dataclass(frozen=True)
class Measured:
    """The figures need this of N images.

    features:      float [N, 96], and probabilities, float [N, classes]: the classifier's
    labels:        the requested classes, int [N]; None: no classes were requested
    textures:      of each level [directions, M, patches], of M images
    """

    features: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray | None
    textures: list[np.ndarray]

    @functools.cached_property
    def radii(self) -> np.ndarray:
        return distances.radii(self.features, NEIGHBOURS)

    def half(self, generator: np.random.Generator) -> "Measured":
        """Returns a random half of the images, each at most once."""
        rows, textured = (
            generator.permutation(count)[: count // 2]
            for count in (len(self.features), self.textures[0].shape[1])
        )
        return Measured(
            self.features[rows],
            self.probabilities[rows],
            None if self.labels is None else self.labels[rows],
            [level[:, textured] for level in self.textures],
        )


def figures_of(real: Measured, fake: Measured, classes: int, least: int) -> dict[str, Any]:
    """Returns the figures, None where they cannot be told.

    least: images on each side for the Frechet distance and KID
    """
    enough = min(len(real.features), len(fake.features)) >= least
    figures: dict[str, Any] = {
        distance.__name__: distance(real.features, fake.features) if enough else None
        for distance in (distances.frechet_classifier_distance, distances.kid)
    }
    figures |= distances.prdc(real.features, fake.features, NEIGHBOURS, real.radii)
    levels = zip(real.textures, fake.textures, strict=True)
    by_level = [texture.sliced_wasserstein(*level) for level in levels]
    figures |= {"texture_distance": by_level[0], "texture_distance_by_level": by_level}
    if classes == 1:
        return figures
    requested, predicted = fake.labels, fake.probabilities.argmax(axis=1)
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
    std = intra_class_std(fake.features, labels, classes)
    std_by_class = _ratios(std, intra_class_std(real.features, real.labels, classes))
    finite = [ratio for ratio in std_by_class if ratio is not None]
    shares = np.bincount(predicted, minlength=classes) / len(predicted)
    return figures | {
        "classifier_score": classifier_score(fake.probabilities),
        "intra_class_std": float(np.mean(finite)) if finite else None,
        "intra_class_std_by_class": std_by_class,
        "class_shares": shares.tolist(),
    }


def margins(real: Measured, fake: Measured, classes: int) -> dict[str, float]:
    """Returns for each figure how much other images would change it, nine times in ten.

    That is 1.64 standard deviations over random halves of both sets.  The mean of half of n
    numbers varies about the mean of all with the variance s^2 (2 / n - 1 / n), as the mean
    of all varies about the truth.  Drawn with repeats, as a bootstrap does, an image would
    be its own nearest neighbour.
    """
    generator = np.random.default_rng(0)
    halves = [
        figures_of(real.half(generator), fake.half(generator), classes, least)
        for least in [LEAST_FOR_DISTANCES // 2] * HALVES
    ]
    return {
        name: 1.64 * float(np.std([half[name] for half in halves], ddof=1))
        for name in halves[0]
        if all(isinstance(half[name], float) for half in halves)
    }


class Evaluator:
    """Figures of images against the test split, in the features of one classifier.

    test: the images of the split that count, and their labels
    classifier_accuracy: on these; None where there are no classes
    """

    def __init__(self, trained_classifier: Classifier, test: Split, spec: ImageSpec):
        self._classifier, self._spec = trained_classifier, spec
        self.test = image_sets.of_test(test)
        self._textures = texture.Textures(self.test)
        self._real = self._measure(self.test)
        predicted = self._real.probabilities.argmax(axis=1)
        accuracy = float(np.mean(self.test.labels == predicted))
        self.classifier_accuracy = accuracy if spec.classes > 1 else None

    def _measure(self, images: Images) -> Measured:
        predicted = self._classifier.predict(images)
        return Measured(*predicted, images.labels, self._textures.project(images))

    def figures(self, images: Images, with_margins: bool = False) -> dict[str, Any]:
        """Returns the figures of images, None where they are too few to tell.

        with_margins: whether "margins" is among them, where both sets are FOR_MARGINS
        """
        measured, classes = self._measure(images), self._spec.classes
        figures = figures_of(self._real, measured, classes, LEAST_FOR_DISTANCES)
        enough = len(self.test) in FOR_MARGINS and len(images) in FOR_MARGINS
        if with_margins and enough:
            figures["margins"] = margins(self._real, measured, classes)
        return figures

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
    figures = {
        name: evaluator.figures(row, with_margins=row is images)
        for name, row in compared.items()
    }
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
    nearest = distances.nearest_training_images(images, train, evaluator.test)
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
    fewest, most = sorted((tested, images["generated"]))
    has_margins = fewest in FOR_MARGINS and most in FOR_MARGINS
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
        "of the other figures are chance": fewest < LEAST_FOR_DISTANCES,
        "±: other held-out and generated images would change the figure by less, nine "
        "times in ten": has_margins,
        f"with under {FEW:,} images precision and density tell how near they are in the "
        "classifier's features; texture distance and grids tell how real they look": (
            fewest < FEW
        ),
        f"the real training images are {images[REAL]:,}: of some class there are no more": (
            images[REAL] < images["generated"]
        ),
        "near copies are not counted with under "
        f"{distances.LEAST_NEAR_COPY_IMAGES} test images": nearest["near_copies"] is None,
    }
    return [note for note, holds in notes.items() if holds]


def cas_count(train: Split) -> int:
    """Returns how many images CAS is taken of: as many as train, within the bounds."""
    images = train.array()
    return min(len(images), CAS_IMAGES, CAS_BYTES // images[0].nbytes)
