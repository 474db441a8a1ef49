"""What goes into which figure, by a judge whose answers are known."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import classifier, datasets, errors, evaluation


class Known:
    """Names an image by its first pixel; its features are its next two."""

    sha256 = ""

    def judge(self, images):
        flat = images.reshape(len(images), -1)
        return flat[:, 1:3].astype(np.float64), np.eye(3)[flat[:, 0]]


def split(labels, seed):
    generator = np.random.default_rng(seed)
    images = np.zeros((len(labels), 28, 28, 1), np.uint8)
    images[:, 0, 0, 0] = labels
    images[:, 0, 1:3, 0] = generator.integers(100, 140, (len(labels), 2))
    return datasets.Split(tf.constant(images), tf.constant(labels, tf.int32))


@pytest.fixture
def measure():
    return evaluation.Evaluation(Known(), split(np.arange(300) % 3, seed=0), classes=3)


def test_figures_of_images_of_which_a_third_is_wrong(measure):
    images = split(np.array([0, 1, 1] * 100), seed=1).images.numpy()
    wanted = np.array([0, 1, 2] * 100)
    figures = measure.figures(evaluation.Images(images, wanted))
    assert measure.classifier_accuracy == 1.0
    assert figures["agreement"] == pytest.approx(2 / 3)
    assert figures["agreement_by_class"] == [1.0, 1.0, 0.0]
    assert figures["confusion"] == [[100, 0, 0], [0, 100, 0], [0, 100, 0]]
    assert figures["class_shares"] == pytest.approx([1 / 3, 2 / 3, 0.0])
    assert figures["spread"] == pytest.approx(1.0, abs=0.1)
    assert figures["coverage"] > 0.8


def test_without_asked_for_classes_the_named_ones_count(measure):
    images = split(np.array([0, 1, 1] * 100), seed=1).images.numpy()
    figures = measure.figures(evaluation.Images(images))
    assert "agreement" not in figures
    assert figures["spread_by_class"][:2] == pytest.approx([1.0, 1.0], abs=0.1)
    assert figures["spread_by_class"][2] is None


def test_the_bounds(measure):
    train = split(np.repeat([2, 0, 1], 50), seed=2)
    real = evaluation.first_of_each_class(train, 30, 3)
    assert np.bincount(real.labels).tolist() == [10, 10, 10]
    assert (real.pixels[:, 0, 0, 0] == real.labels).all()
    copies = evaluation.copies(train, 30, 3)
    assert len(copies.pixels) == 30
    assert len(np.unique(copies.pixels.reshape(30, -1), axis=0)) == 3
    assert measure.figures(copies)["spread"] == 0.0


def test_a_copy_is_found():
    generator = np.random.default_rng(0)
    training = generator.integers(0, 256, (50, 28, 28, 1), dtype=np.uint8)
    samples = generator.integers(0, 256, (20, 28, 28, 1), dtype=np.uint8)
    samples[7] = training[33]
    samples[9] = training[2] + np.uint8(1)  # a grey level off
    found = evaluation.closest(samples, training)
    assert found["samples"][:2] == [7, 9]
    assert found["training_images"][:2] == [33, 2]
    assert found["distances"][0] == 0.0
    assert np.array_equal(found["pairs"][0], found["pairs"][10])


def test_labels_that_are_wrong_lower_the_classification_accuracy(digits, monkeypatch):
    """A classifier learns what it is told."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 60)
    held_out = datasets.load(datasets.find("digits", None), "test")
    measure = evaluation.Evaluation(
        classifier.Classifier(classifier.network(10)), held_out, classes=10
    )
    pixels, labels = digits.images.numpy(), digits.labels.numpy()
    right = measure.classification_accuracy_score(evaluation.Images(pixels, labels))
    wrong = evaluation.Images(pixels, (labels + 1) % 10)
    assert right > 0.6
    assert measure.classification_accuracy_score(wrong) < 0.1


def test_a_damaged_classifier_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "dcgan_tf" / "classifiers"
    folder.mkdir(parents=True)
    for content in (b"", b"text"):
        (folder / "digits.npz").write_bytes(content)
        with pytest.raises(errors.RunError, match=r"digits\.npz.*delete it"):
            classifier.load("digits", 10, None)
    classifier.save(classifier.network(7), folder / "digits.npz")
    with pytest.raises(errors.RunError, match="delete it"):
        classifier.load("digits", 10, None)
    monkeypatch.setattr(classifier, "FOLDER", folder)
    (folder / "digits.npz").rename(folder / "mnist.npz")
    with pytest.raises(errors.RunError, match="not the one that came with the package"):
        classifier.load("mnist", 10, None)
