"""What goes into which figure, by a classifier whose answers are known."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data import sources, splits
from dcgan_tf.data.spec import ImageSpec
from dcgan_tf.data.splits import Split
from dcgan_tf.metrics import classifier, evaluator
from dcgan_tf.support import errors

THREE = ImageSpec(28, 28, 1, classes=3)
TEN = ImageSpec(28, 28, 1, classes=10)


class Known:
    """Predicts an image's class by its first pixel; its features are its next two."""

    sha256 = ""

    def predict(self, images):
        flat = images.reshape(len(images), -1)
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
    figures = measure.figures(evaluator.Images(images, requested))
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
    figures = measure.figures(
        evaluator.Images(images.images.numpy(), images.labels.numpy())
    )
    assert figures["intra_class_std_by_class"][2] is None
    assert np.isfinite(figures["intra_class_std"])


def test_without_requested_classes_the_predicted_ones_count(measure):
    images = split(np.array([0, 1, 1] * 100), seed=1).images.numpy()
    figures = measure.figures(evaluator.Images(images))
    assert "class_accuracy" not in figures
    assert figures["intra_class_std_by_class"][:2] == pytest.approx([1.0, 1.0], abs=0.1)
    assert figures["intra_class_std_by_class"][2] is None


def test_the_selection_score_is_coverage_times_class_accuracy():
    """Of an unconditional run it is the coverage alone."""
    figures = {"coverage": 0.5, "class_accuracy": 0.75}
    assert evaluator.selection_score(figures) == 0.375
    assert evaluator.selection_score({"coverage": 0.5}) == 0.5


def test_the_reference_rows(measure):
    train = split(np.repeat([2, 0, 1], 50), seed=2)
    real = evaluator.first_of_each_class(train, 30, 3)
    assert np.bincount(real.labels).tolist() == [10, 10, 10]
    assert (real.pixels[:, 0, 0, 0] == real.labels).all()
    memorised = evaluator.memorised(train, 30, 3)
    assert len(memorised.pixels) == 30
    assert len(np.unique(memorised.pixels.reshape(30, -1), axis=0)) == 3
    assert measure.figures(memorised)["intra_class_std"] == 0.0


@pytest.fixture
def images():
    """(samples, training images, test images): two samples are near copies.

    Training images are dark, the test images 10 grey levels lighter, the samples far from
    all but for number 7, which is a training image, and 9, which is a grey level off one.
    """
    generator = np.random.default_rng(0)
    training = generator.integers(0, 100, (50, 28, 28, 1), dtype=np.uint8)
    samples = generator.integers(150, 256, (20, 28, 28, 1), dtype=np.uint8)
    samples[7] = training[33]
    samples[9] = training[2] ^ np.uint8(1)
    return samples, training, training[:30] + np.uint8(10)


def test_memorised_images_are_found(images):
    samples, training, test = images
    found = evaluator.nearest_training_images(evaluator.Images(samples), training, test)
    assert found["samples"][:2] == [7, 9]
    assert found["training_images"][:2] == [33, 2]
    assert found["distances"][:2] == [0.0, 1.0]
    assert len(found["samples"]) == evaluator.NEAREST
    assert np.array_equal(found["pairs"][0], found["pairs"][10])


def test_near_copies_are_nearer_than_test_images_are(images):
    samples, training, test = images
    found = evaluator.nearest_training_images(evaluator.Images(samples), training, test)
    assert found["near_copy_distance"] == 10.0
    assert found["near_copies"] == 2 / 20


def test_of_images_with_labels_the_nearest_of_each_class_is_shown(images):
    samples, training, test = images
    labelled = evaluator.Images(samples, np.arange(20) % 4)
    found = evaluator.nearest_training_images(labelled, training, test)
    assert [number % 4 for number in found["samples"]] == [0, 1, 2, 3]
    assert (found["samples"][1], found["samples"][3]) == (9, 7)
    assert (found["training_images"][1], found["training_images"][3]) == (2, 33)


def test_labels_that_are_wrong_lower_the_classification_accuracy(digits, monkeypatch):
    """A classifier learns the labels that it is given."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 60)
    test = splits.load(sources.find("digits", None), "test")
    new = classifier.Classifier(classifier.network(TEN))
    measure = evaluator.Evaluator(new, test, TEN)
    pixels, labels = digits.images.numpy(), digits.labels.numpy()
    right = measure.classification_accuracy_score(evaluator.Images(pixels, labels))
    wrong = evaluator.Images(pixels, (labels + 1) % 10)
    assert right > 0.6
    assert measure.classification_accuracy_score(wrong) < 0.1


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of the classifiers that were trained on this machine: none yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(classifier, "LEAST_STEPS", 1)
    monkeypatch.setattr(classifier, "EPOCHS", 1)
    return tmp_path / "dcgan_tf" / "classifiers"


def test_a_damaged_classifier_is_one_line(cache, few, monkeypatch):
    classifier.load("digits", TEN, few)
    (file,) = cache.iterdir()
    for content in (b"", b"text"):
        file.write_bytes(content)
        with pytest.raises(errors.RunError, match=rf"{file.name}.*delete it"):
            classifier.load("digits", TEN, few)
    classifier.save(classifier.network(ImageSpec(28, 28, 1, classes=7)), file)
    with pytest.raises(errors.RunError, match="delete it"):
        classifier.load("digits", TEN, few)
    classifier.save(classifier.network(TEN), file)
    packaged = {few.content_hash(): (file.name, "0" * 64)}
    monkeypatch.setattr(classifier, "PACKAGED", packaged)
    monkeypatch.setattr(classifier, "FOLDER", cache)
    with pytest.raises(errors.RunError, match="not the one that came with the package"):
        classifier.load("mnist", TEN, few)


def test_a_classifier_is_of_its_images_not_of_their_name(cache, few, capsys):
    """Trained once for each set, in whatever order; what is called mnist may be another."""
    first = classifier.load("mnist", TEN, few)
    assert "training a classifier for mnist" in capsys.readouterr().out
    backwards = Split(few.images[::-1], few.labels[::-1])
    assert classifier.load("mnist", TEN, backwards).sha256 == first.sha256
    assert capsys.readouterr().out == ""
    relabelled = Split(few.images, (few.labels + 1) % 10)
    assert classifier.load("mnist", TEN, relabelled).sha256 != first.sha256
    assert len(list(cache.iterdir())) == 2
