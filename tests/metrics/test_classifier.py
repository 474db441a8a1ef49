"""The classifier that measures: its network, its training, where it is kept."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics import classifier
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.support import arrays, errors

TEN = ImageSpec(28, 28, 1, classes=10)


def blobs(count):
    """Images of three kinds, half of them bright at the top, 16x24 pixels in colour."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 20, (count, 16, 24, 3), dtype=np.uint8)
    kinds = np.arange(count) % 3
    images[kinds == 0, :8] += 200
    images[kinds == 1, :, :12] += 200
    return Split(tf.constant(images), tf.zeros(count, tf.int32)), kinds


def test_pseudo_classes_are_clusters_of_pixels(monkeypatch):
    """Fitted to some of the images, and the same ones each time."""
    monkeypatch.setattr(classifier, "PSEUDO_IMAGES", 30)
    monkeypatch.setattr(classifier, "BLOCK", 7)
    split, kinds = blobs(60)
    clustered = classifier.with_pseudo_classes(split, 3)
    assert clustered.images is split.images
    labels = clustered.labels.numpy().tolist()
    assert len({*zip(kinds.tolist(), labels, strict=True)}) == 3  # a kind is a cluster
    again = classifier.with_pseudo_classes(split, 3)
    assert np.array_equal(clustered.labels, again.labels)


@pytest.mark.parametrize(
    ("images", "batch_size", "steps"),
    [(20, 20, 1_000), (2_665, 32, 1_000), (9_999, 32, 1_560), (60_000, 128, 2_340)],
)
def test_a_training_on_few_images_is_short(images, batch_size, steps):
    """Catches 192,000 images seen, where 32,000 do: minutes of a first evaluation."""
    assert classifier.length(images, epochs=5) == (batch_size, steps)


@pytest.fixture
def cache(tmp_path, monkeypatch, quick_classifier):
    """No classifier yet; they get a network of one layer, which trains in no time."""

    def network(spec, precision="float32"):
        images = tf.keras.Input(spec.shape)
        features = tf.keras.layers.Flatten()(tf.keras.layers.AveragePooling2D(7)(images))
        logits = tf.keras.layers.Dense(spec.classes)(features)
        return tf.keras.Model(images, {"features": features, "logits": logits})

    monkeypatch.setattr(classifier, "network", network)
    return tmp_path / "cache" / "dcgan_tf" / "classifiers"


def test_a_damaged_classifier_is_one_line(cache, few):
    """Of no arrays, and of another network's."""
    classifier.load("digits", TEN, few, few)
    (file,) = cache.iterdir()
    other = classifier.network(ImageSpec(28, 28, 1, classes=7))
    for damage in (
        lambda: file.write_bytes(b"text"),
        lambda: arrays.write(file, *other.get_weights()),
    ):
        damage()
        with pytest.raises(errors.RunError, match=rf"{file.name}.*delete it"):
            classifier.load("digits", TEN, few, few)


def test_a_classifier_is_of_its_images_not_of_their_name(cache, few, capsys):
    """Trained once for each set, in whatever order; what is called mnist may be another."""
    first = classifier.load("mnist", TEN, few, few)
    accuracy = first.accuracy(Images(few.array(), few.labels.numpy()))
    out = capsys.readouterr().out
    assert "training a classifier for mnist" in out
    assert f"accuracy on test images: {accuracy:.1%}" in out
    backwards = Split(few.images[::-1], few.labels[::-1])
    assert classifier.load("mnist", TEN, backwards, few).sha256 == first.sha256
    assert capsys.readouterr().out == ""
    relabelled = Split(few.images, (few.labels + 1) % 10)
    assert classifier.load("mnist", TEN, relabelled, few).sha256 != first.sha256
    assert len(list(cache.iterdir())) == 2
    # Without classes it is one of pseudo-classes.
    split, _ = blobs(60)
    blobs_classifier = classifier.load("blobs", ImageSpec(16, 24, 3, 1), split, split)
    assert "a classifier of 6 pseudo-classes for blobs" in capsys.readouterr().out
    assert blobs_classifier.predict(split.array())[1].shape == (60, 6)


def test_where_the_cache_cannot_be_written_it_is_kept_in_memory(cache, few, capsys):
    """Catches a run that ends after it began, or minutes of training that are lost."""
    cache.parents[1].write_text("no folder")
    accuracy = classifier.load("digits", TEN, few, few).accuracy(
        Images(few.array(), few.labels.numpy())
    )
    assert 0 <= accuracy <= 1
    assert "warning: not kept: " in capsys.readouterr().out
