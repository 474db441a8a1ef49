"""What goes into which figure, by a classifier whose answers are known."""

import tracemalloc
import types

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data import splits
from dcgan_tf.data.splits import Split
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics import classifier, distances, evaluator
from dcgan_tf.metrics.evaluator import nearest_training_images
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.support import errors

THREE = ImageSpec(28, 28, 1, classes=3)
ONE = ImageSpec(28, 28, 1, classes=1)
TEN = ImageSpec(28, 28, 1, classes=10)


class Known:
    """Predicts an image's class by its first pixel; its features are its next two."""

    sha256 = ""

    def predict(self, images):
        flat = images[:].reshape(len(images), -1)
        return flat[:, 1:3].astype(np.float64), np.eye(3)[flat[:, 0]]


def split(labels, seed):
    generator = np.random.default_rng(seed)
    images = np.zeros((len(labels), 28, 28, 1), np.uint8)
    images[:, 0, 0, 0] = labels
    images[:, 0, 1:3, 0] = generator.integers(100, 140, (len(labels), 2))
    return Split(tf.constant(images), tf.constant(labels, tf.int32))


@pytest.fixture
def measure():
    return evaluator.Evaluator(Known(), split(np.arange(300) % 3, seed=0), THREE)


def test_figures_of_images_of_which_a_third_is_wrong(measure):
    images = split(np.array([0, 1, 1] * 100), seed=1).images.numpy()
    requested = np.array([0, 1, 2] * 100)
    figures = measure.figures(Images(images, requested))
    assert measure.classifier_accuracy == 1.0
    assert figures["class_accuracy"] == pytest.approx(2 / 3)
    assert figures["class_accuracy_by_class"] == [1.0, 1.0, 0.0]
    assert figures["confusion_matrix"] == [[100, 0, 0], [0, 100, 0], [0, 100, 0]]
    assert figures["class_shares"] == pytest.approx([1 / 3, 2 / 3, 0.0])
    assert figures["intra_class_std"] == pytest.approx(1.0, abs=0.1)
    assert figures["coverage"] > 0.8


def test_a_test_split_without_enough_neighbours_is_one_line():
    few = evaluator.NEIGHBOURS
    with pytest.raises(errors.RunError, match=r"has 5 images; .* need 6 or more"):
        evaluator.Evaluator(Known(), split(np.arange(few) % 3, seed=0), THREE)


def test_one_test_image_of_a_class_leaves_no_number_that_json_lacks():
    """Its std is 0, and a share of 0 would be Inf or NaN."""
    labels = np.append(np.arange(20) % 2, 2)
    measure = evaluator.Evaluator(Known(), split(labels, seed=0), THREE)
    images = split(np.arange(300) % 3, seed=1)
    figures = measure.figures(Images(images.images.numpy(), images.labels.numpy()))
    assert figures["intra_class_std_by_class"][2] is None
    assert np.isfinite(figures["intra_class_std"])


def test_without_requested_classes_the_predicted_ones_count(measure):
    images = split(np.array([0, 1, 1] * 100), seed=1).images.numpy()
    figures = measure.figures(Images(images))
    assert "class_accuracy" not in figures
    assert figures["intra_class_std_by_class"][:2] == pytest.approx([1.0, 1.0], abs=0.1)
    assert figures["intra_class_std_by_class"][2] is None


def test_the_selection_score_is_coverage_times_class_accuracy():
    """Of an unconditional run it is the coverage alone."""
    figures = {"coverage": 0.5, "class_accuracy": 0.75}
    assert evaluator.selection_score(figures) == 0.375
    assert evaluator.selection_score({"coverage": 0.5}) == 0.5


def test_memorised_images_have_no_variety(measure):
    one_of_each = split(np.repeat([2, 0, 1], 100), seed=2).images.numpy()[::100]
    memorised = Images(np.repeat(one_of_each, 100, axis=0), np.repeat([2, 0, 1], 100))
    assert measure.figures(memorised)["intra_class_std"] == 0.0


def test_a_class_without_generated_or_test_images_has_no_figure():
    """No false alarm, and no NaN: class 2 is requested, and never tested."""
    measure = evaluator.Evaluator(Known(), split(np.arange(300) % 2, seed=0), THREE)
    images = split(np.repeat([0, 2], 150), seed=1)
    figures = measure.figures(Images(images.images.numpy(), images.labels.numpy()))
    assert figures["class_accuracy_by_class"] == [1.0, None, 1.0]
    assert figures["intra_class_std_by_class"][1:] == [None, None]
    assert figures["intra_class_std"] == pytest.approx(1.0, abs=0.1)
    only = split(np.full(300, 2), seed=1)
    assert measure.figures(Images(only.images.numpy()))["intra_class_std"] is None


def test_images_without_classes_have_the_figures_of_features_alone():
    measure = evaluator.Evaluator(Known(), split(np.zeros(300, int), seed=0), ONE)
    figures = measure.figures(Images(split(np.zeros(300, int), seed=1).images.numpy()))
    assert measure.classifier_accuracy is None
    assert figures.keys() == {
        *("frechet_classifier_distance", "kid"),
        *("precision", "recall", "density", "coverage"),
    }
    assert evaluator.selection_score(figures) == figures["coverage"] > 0.8


@pytest.mark.parametrize(("tested", "generated"), [(199, 300), (300, 199)])
def test_of_few_images_no_distance_is_told(tested, generated):
    test = split(np.arange(tested) % 3, seed=0)
    measure = evaluator.Evaluator(Known(), test, THREE)
    images = split(np.arange(generated) % 3, seed=1)
    figures = measure.figures(Images(images.images.numpy(), images.labels.numpy()))
    assert figures["frechet_classifier_distance"] is figures["kid"] is None
    assert evaluator.selection_score(figures) > 0.5


class Recorded:
    """A run whose images are those of the classes that it was asked for."""

    def __init__(self, conditional):
        self.config = types.SimpleNamespace(conditional=conditional)
        self.requested = []

    def sample(self, labels, seed):
        self.requested.append(np.bincount(labels, minlength=3).tolist())
        return split(labels, seed=seed + 5).images.numpy()


@pytest.mark.parametrize("conditional", [True, False])
def test_a_run_is_asked_for_the_classes_of_the_test_images(conditional):
    test = split(np.repeat([0, 1, 2], [200, 90, 10]), seed=0)
    run = Recorded(conditional)
    figures = evaluator.Evaluator(Known(), test, THREE).figures_of_run(run)
    assert run.requested == [[200, 90, 10]]
    assert ("class_accuracy" in figures) == conditional
    assert figures["selection_score"] > 0.8


@pytest.fixture
def images():
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


def test_memorised_images_are_found(images):
    samples, training, test = images
    found = nearest_training_images(Images(samples), training, test)
    assert found["samples"][:2] == [7, 9]
    assert found["training_images"][:2] == [33, 2]
    assert found["distances"][:2] == [0.0, 1.0]
    assert len(found["samples"]) == evaluator.NEAREST
    assert found["classes"] is None
    assert np.array_equal(found["pairs"][0], found["pairs"][10])


def test_near_copies_are_nearer_than_test_images_are(images):
    samples, training, test = images
    found = nearest_training_images(Images(samples), training, test)
    assert found["near_copy_distance"] == 10.0
    assert found["near_copies"] == 2 / 20


def test_of_images_with_labels_the_nearest_of_each_class_is_shown(images):
    samples, training, test = images
    labelled = Images(samples, np.arange(20) % 4)
    found = nearest_training_images(labelled, training, test)
    assert [number % 4 for number in found["samples"]] == [0, 1, 2, 3]
    assert found["classes"] == [0, 1, 2, 3]
    assert (found["samples"][1], found["samples"][3]) == (9, 7)
    assert (found["training_images"][1], found["training_images"][3]) == (2, 33)


def test_of_more_classes_than_are_shown_the_nearest_are(images, monkeypatch):
    """In the order of the classes."""
    samples, training, test = images
    monkeypatch.setattr(evaluator, "NEAREST", 2)
    found = nearest_training_images(Images(samples, np.arange(20) % 8), training, test)
    assert found["samples"] == [9, 7]  # of classes 1 and 7


def test_the_search_takes_as_many_products_as_it_may(images, monkeypatch):
    """Fewer samples are looked at, evenly; and of few test images nothing is told."""
    samples, training, test = images
    products = 150 * 784
    monkeypatch.setattr(evaluator, "NEAREST", 2)
    monkeypatch.setattr(evaluator, "MOST_PRODUCTS", 110 * products)
    found = nearest_training_images(Images(samples), training, test)
    assert (found["searched"], found["searched_test_images"]) == (20, 55)
    assert found["near_copies"] is found["near_copy_distance"] is None
    monkeypatch.setattr(evaluator, "MOST_PRODUCTS", 10 * products)
    found = nearest_training_images(Images(samples), training, test)
    assert (found["searched"], found["searched_test_images"]) == (5, 5)
    assert set(found["samples"]) <= {0, 4, 8, 12, 16}
    assert 10 * products == evaluator.MOST_PRODUCTS
    monkeypatch.undo()
    assert evaluator.MOST_PRODUCTS // (60_000 * 784) == 10_000 + evaluator.NEAR_COPY_IMAGES


def test_the_search_holds_no_more_than_a_few_blocks(tmp_path, monkeypatch):
    """The training images stay in their file; in float64 they would take 123 MB."""
    monkeypatch.setattr(distances, "BLOCK_SIZE", 100_000)  # of 8 bytes: 0.8 MB
    mapped = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(20_000, 16, 16, 3))
    mapped[:] = np.arange(20_000).reshape(-1, 1, 1, 1) % 256
    train = Split(mapped, tf.zeros(20_000, tf.int32))
    samples, test = Images(mapped[300:310]), Images(mapped[:20])
    tracemalloc.start()
    found = nearest_training_images(samples, train, test)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["training_images"] == list(range(44, 54))  # the first that are alike
    assert peak < 6_000_000


def test_of_many_classes_there_is_no_confusion_matrix(measure, monkeypatch):
    images = split(np.arange(300) % 3, seed=1)
    images = Images(images.images.numpy(), images.labels.numpy())
    assert len(measure.figures(images)["confusion_matrix"]) == 3
    monkeypatch.setattr(evaluator, "MOST_CONFUSED", 2)
    assert "confusion_matrix" not in measure.figures(images)


def test_nearest_images_have_colours():
    generator = np.random.default_rng(0)
    training = generator.integers(0, 256, (120, 16, 24, 3), dtype=np.uint8)
    train = Split(tf.constant(training), tf.zeros(120, tf.int32))
    samples = training[[5, 3]] ^ np.uint8([[[[0, 0, 1]]]])  # 1 of 3 channels is 1 off
    found = nearest_training_images(Images(samples), train, Images(training[::-1]))
    assert found["training_images"] == [5, 3]
    assert found["distances"] == [0.58, 0.58]  # sqrt(1/3)
    assert found["pairs"].shape == (4, 16, 24, 3)


def test_the_classification_accuracy_score_takes_as_many_images_as_fit(monkeypatch):
    train = split(np.zeros(100, int), seed=0)
    assert evaluator.cas_count(train) == 100
    monkeypatch.setattr(evaluator, "CAS_BYTES", 50 * 784)
    assert evaluator.cas_count(train) == 50
    monkeypatch.setattr(evaluator, "CAS_IMAGES", 7)
    assert evaluator.cas_count(train) == 7


def test_labels_that_are_wrong_lower_the_classification_accuracy(digits, monkeypatch):
    """A classifier learns the labels that it is given."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 60)
    test = splits.load(sources.find("digits"), "test")
    new = classifier.Classifier(classifier.network(TEN))
    measure = evaluator.Evaluator(new, test, TEN)
    pixels, labels = digits.images.numpy(), digits.labels.numpy()
    right = measure.classification_accuracy_score(Images(pixels, labels))
    wrong = Images(pixels, (labels + 1) % 10)
    assert right > 0.6
    assert measure.classification_accuracy_score(wrong) < 0.1
