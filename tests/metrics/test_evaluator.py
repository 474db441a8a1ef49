"""What goes into which figure, by a classifier whose answers are known."""

import tracemalloc
import types

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics import classifier, distances, evaluator
from dcgan_tf.metrics.distances import nearest_training_images
from dcgan_tf.metrics.evaluator import Evaluator
from dcgan_tf.metrics.image_sets import Images

THREE = ImageSpec(8, 8, 1, classes=3)
ONE = ImageSpec(8, 8, 1, classes=1)


class Known:
    """Predicts an image's class by its first pixel; its features are its next two."""

    sha256 = ""

    def predict(self, images):
        flat = images[:].reshape(len(images), -1)
        return flat[:, 1:3].astype(np.float64), np.eye(3)[flat[:, 0]]


def split(labels, seed):
    generator = np.random.default_rng(seed)
    images = np.zeros((len(labels), 8, 8, 1), np.uint8)
    images[:, 0, 0, 0] = labels
    images[:, 0, 1:3, 0] = generator.integers(100, 140, (len(labels), 2))
    return Split(tf.constant(images), tf.constant(labels, tf.int32))


def images_of(labels, seed=1, requested=None):
    """Images that are of `labels`, and of which `requested` were requested."""
    return Images(split(labels, seed).array(), requested)


def evaluator_of(labels, spec=THREE):
    return Evaluator(Known(), split(labels, seed=0), spec)


def test_figures_of_classes_by_hand():
    features = np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]])
    std = evaluator.intra_class_std(features, np.array([0, 0, 2]), 3)
    np.testing.assert_array_equal(std, [1.0, np.nan, 0.0])
    for images, score in ((np.eye(4), 4.0), (np.full((5, 4), 0.25), 1.0)):
        assert evaluator.classifier_score(images) == pytest.approx(score)
    assert evaluator.classifier_score(np.eye(4)[[1, 1, 1]]) == pytest.approx(1.0)


def test_figures_of_images_of_which_a_third_is_wrong(monkeypatch):
    measure = evaluator_of(np.arange(300) % 3)
    images = images_of(np.array([0, 1, 1] * 100), requested=np.array([0, 1, 2] * 100))
    figures = measure.figures(images)
    assert measure.classifier_accuracy == 1.0
    assert figures["class_accuracy"] == pytest.approx(2 / 3)
    assert figures["class_accuracy_by_class"] == [1.0, 1.0, 0.0]
    assert figures["confusion_matrix"] == [[100, 0, 0], [0, 100, 0], [0, 100, 0]]
    assert figures["class_shares"] == pytest.approx([1 / 3, 2 / 3, 0.0])
    assert figures["intra_class_std"] == pytest.approx(1.0, abs=0.1)
    assert figures["coverage"] > 0.8
    monkeypatch.setattr(evaluator, "MOST_CONFUSED", 2)
    assert "confusion_matrix" not in measure.figures(images)
    # Without requested classes the predicted ones count.
    figures = measure.figures(Images(images.array))
    assert "class_accuracy" not in figures
    *seen, none = figures["intra_class_std_by_class"]
    assert (seen, none) == (pytest.approx([1.0, 1.0], abs=0.1), None)


def test_a_class_without_enough_images_has_no_figure():
    """No NaN or Inf, which JSON lacks: class 1 has one test image, class 2 has none."""
    measure = evaluator_of(np.append(np.zeros(299, int), 1))
    labels = np.repeat([0, 1, 2], 100)
    figures = measure.figures(images_of(labels, requested=labels))
    assert figures["class_accuracy_by_class"] == [1.0, 1.0, 1.0]
    assert figures["intra_class_std_by_class"][1:] == [None, None]
    assert figures["intra_class_std"] == pytest.approx(1.0, abs=0.1)
    twos = images_of(np.full(300, 2), requested=np.full(300, 2))
    figures = measure.figures(twos)
    assert figures["class_accuracy_by_class"] == [None, None, 1.0]
    assert figures["intra_class_std"] is None


@pytest.mark.parametrize(("tested", "generated"), [(200, 200), (199, 300), (300, 199)])
def test_of_few_images_no_distance_is_told_and_without_classes_features_count(
    tested, generated
):
    measure = evaluator_of(np.zeros(tested, int), ONE)
    figures = measure.figures(images_of(np.zeros(generated, int)))
    assert measure.classifier_accuracy is None
    enough = min(tested, generated) >= 200
    told = [figures.pop(name) for name in ("frechet_classifier_distance", "kid")]
    assert [figure is not None for figure in told] == [enough, enough]
    texture = {"texture_distance", "texture_distance_by_level"}
    assert figures.keys() == {"precision", "recall", "density", "coverage", *texture}


@pytest.mark.parametrize("conditional", [True, False])
def test_a_run_is_asked_for_the_classes_of_the_test_images(conditional):
    requested = []

    def sample(labels, seed):
        requested.append(np.bincount(labels, minlength=3).tolist())
        return split(labels, seed=seed + 5).array()

    config = types.SimpleNamespace(conditional=conditional)
    run = types.SimpleNamespace(config=config, sample=sample)
    figures = evaluator_of(np.repeat([0, 1, 2], [200, 90, 10])).figures_of_run(run)
    assert requested == [[200, 90, 10]]
    assert ("class_accuracy" in figures) == conditional
    accuracy = figures.get("class_accuracy", 1.0)
    assert figures["selection_score"] == figures["coverage"] * accuracy > 0.8


@pytest.fixture
def nearest():
    """(samples, training split, test images): two samples are near copies.

    Training images are dark, the test images 10 grey levels lighter, the samples far from
    all but for number 7, which is a training image, and 9, which is a grey level off one.
    """
    generator = np.random.default_rng(0)
    training = generator.integers(0, 100, (150, 28, 28, 1), dtype=np.uint8)
    samples = generator.integers(150, 256, (20, 28, 28, 1), dtype=np.uint8)
    samples[7] = training[33]
    samples[9] = training[2] ^ np.uint8(1)
    train = Split(tf.constant(training), tf.zeros(150, tf.int32))
    return samples, train, Images(training[:120] + np.uint8(10))


def test_memorised_images_and_near_copies_are_found(nearest, monkeypatch):
    """A near copy is closer to a training image than test images are.

    Of images with labels the nearest of each class is shown, in the order of the classes;
    of more classes than are shown the nearest.
    """
    samples, training, test = nearest
    report = nearest_training_images(Images(samples), training, test)
    assert report["samples"][:2] == [7, 9]
    assert report["training_images"][:2] == [33, 2]
    assert report["distances"][:2] == [0.0, 1.0]
    assert len(report["samples"]) == distances.NEAREST
    assert report["classes"] is None
    assert np.array_equal(report["pairs"][0], report["pairs"][10])
    assert (report["near_copy_distance"], report["near_copies"]) == (10.0, 2 / 20)
    report = nearest_training_images(Images(samples, np.arange(20) % 4), training, test)
    assert report["classes"] == [0, 1, 2, 3] == [n % 4 for n in report["samples"]]
    assert (report["samples"][1::2], report["training_images"][1::2]) == ([9, 7], [2, 33])
    monkeypatch.setattr(distances, "NEAREST", 2)
    report = nearest_training_images(Images(samples, np.arange(20) % 8), training, test)
    assert report["samples"] == [9, 7]  # of classes 1 and 7


def test_the_search_takes_as_many_products_as_it_may(nearest, monkeypatch):
    """Fewer samples are searched, evenly; and of few test images nothing is told."""
    assert distances.MOST_PRODUCTS // (60_000 * 784) == 10_000 + distances.NEAR_COPY_IMAGES
    samples, training, test = nearest
    products = 150 * 784
    monkeypatch.setattr(distances, "NEAREST", 2)
    monkeypatch.setattr(distances, "MOST_PRODUCTS", 110 * products)
    report = nearest_training_images(Images(samples), training, test)
    assert (report["searched"], report["searched_test_images"]) == (20, 55)
    assert report["near_copies"] is report["near_copy_distance"] is None
    monkeypatch.setattr(distances, "MOST_PRODUCTS", 10 * products)
    report = nearest_training_images(Images(samples), training, test)
    assert (report["searched"], report["searched_test_images"]) == (5, 5)
    assert set(report["samples"]) <= {0, 4, 8, 12, 16}


def test_the_search_holds_no_more_than_a_few_blocks(tmp_path, monkeypatch):
    """The training images stay in their file; in float64 they would take 49 MB."""
    monkeypatch.setattr(distances, "BLOCK_SIZE", 100_000)  # of 8 bytes: 0.8 MB
    mapped = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(8_000, 16, 16, 3))
    mapped[:] = np.arange(8_000).reshape(-1, 1, 1, 1) % 256
    train = Split(mapped, tf.zeros(8_000, tf.int32))
    samples, test = Images(mapped[300:310]), Images(mapped[:20])
    tracemalloc.start()
    report = nearest_training_images(samples, train, test)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report["training_images"] == list(range(44, 54))  # the first that are alike
    assert peak < 6_000_000


def test_labels_that_are_wrong_lower_the_classification_accuracy(monkeypatch):
    """A classifier learns the labels that it is given: images as bright as their class."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 40)
    spec = ImageSpec(16, 16, 1, classes=3)
    labels = np.arange(60) % 3
    images = np.repeat(labels * 100, 16 * 16).reshape(-1, 16, 16, 1).astype(np.uint8)
    test = Split(tf.constant(images), tf.constant(labels, tf.int32))
    new = classifier.Classifier(classifier.network(spec))
    measure = Evaluator(new, test, spec)
    assert measure.classification_accuracy_score(Images(images, labels)) > 0.9
    wrong = Images(images, (labels + 1) % 3)
    assert measure.classification_accuracy_score(wrong) < 0.1


def test_margins_are_as_wide_as_figures_of_other_images_vary():
    """Catches those of samples of other sizes: of quarters they are 1.7 times as wide."""

    def measured(generator, mean):
        rows = generator.normal(mean, 1.0, (400, 6))
        classes = np.eye(3)[generator.integers(0, 3, 400)]
        details = [
            generator.normal(mean, 1.0, (8, 100, 1)) * generator.normal(1, 0.3, (100, 1))
        ]
        return evaluator.Measured(rows, classes, np.arange(400) % 3, details)

    generator = np.random.default_rng(0)
    draws = [(measured(generator, 0.0), measured(generator, 0.5)) for _ in range(40)]
    figures = [evaluator.figures_of(*pair, 3, least=200) for pair in draws]
    margins = [evaluator.margins(*pair, 3) for pair in draws[:6]]
    assert "confusion_matrix" not in margins[0]
    for name in margins[0]:
        true = 1.64 * np.std([figure[name] for figure in figures], ddof=1)
        ratio = np.mean([margin[name] for margin in margins]) / true
        assert 0.6 < ratio < 1.6, name
    assert len(margins[0]) == 10


@pytest.mark.parametrize(("tested", "known"), [(19, False), (20, True), (2_000, False)])
def test_sets_that_are_very_small_or_large_have_no_margins(tested, known):
    """Catches halves of fewer images than neighbours, and minutes spent on large sets."""
    measure = evaluator_of(np.zeros(tested, int), ONE)
    figures = measure.figures(images_of(np.zeros(30, int)), with_margins=True)
    assert ("margins" in figures) == known
