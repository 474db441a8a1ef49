"""Sets of tensorflow-datasets, written by itself from arrays, and scikit-learn's digits."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow_datasets as tfds
from sklearn.datasets import load_digits

from dcgan_tf.data import pipeline
from dcgan_tf.datasets import packaged, source
from dcgan_tf.datasets.cache import Options
from dcgan_tf.datasets.spec import MNIST, Target
from dcgan_tf.support import atomic_files, errors

pytestmark = pytest.mark.filterwarnings("ignore")  # tensorflow-datasets' own


def pictures(count, shape=(16, 16, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


@pytest.fixture
def store(tmp_path):
    """Writes a set of splits, each (images, labels)."""

    def store(name, label_names=None, *, version="1.0.0", shape=None, **parts):
        images = next(iter(parts.values()))[0]
        kind = {"shape": shape or images[0].shape, "dtype": images[0].dtype.type}
        features = {"image": tfds.features.Image(**kind)}
        if label_names:
            features["label"] = tfds.features.ClassLabel(names=label_names)

        def examples(columns):
            rows = zip(*columns, strict=True)
            return list(enumerate(dict(zip(features, row, strict=False)) for row in rows))

        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version=version,
            features=tfds.features.FeaturesDict(features),
            split_datasets={split: examples(columns) for split, columns in parts.items()},
            data_dir=tmp_path,
        )

    return store


@pytest.fixture
def find(tmp_path):
    folders = (str(tmp_path), str(tmp_path / "cache"))
    return lambda name, **options: source.find(name, Options(*folders, **options))


def test_images_of_many_sizes_have_one_that_most_of_them_fill(store, find, tmp_path):
    """Catches sets that tensorflow-datasets has no size of, lowered to 32x32."""
    images = [np.full((side, 70, 3), side, np.uint8) for side in (*range(40, 60), 20)]
    store("many", train=(images,), shape=(None, None, 3))
    sizes = packaged.find("many", tmp_path).sizes()
    assert (sizes[40, 70], sizes.total()) == (1, 21)
    dataset = find("many")
    assert dataset.spec.shape == (40, 40, 1)
    assert "they are 70 pixels wide and 20 to 59 high: 21 cropped" in dataset.notes[0]


def same_images(images, others):
    return {image.tobytes() for image in images} == {image.tobytes() for image in others}


CASES = [
    ("ab", [0, 1, 0, 1, 1, 1], [0, 1, 1], ("a", "b"), ([2, 4], [1, 2]), []),
    # As of emnist/letters, which names 37 classes and has images of 26.
    ("abcd", [1, 3, 3, 1], [3], ("b", "d"), ([2, 2], [0, 1]), ["2 classes have no images"]),
    # tensorflow-datasets writes -1, which would be taken for the last class.
    ("ab", [0, 1] * 4, [-1], ("a", "b"), ([4, 4], [0, 0]), ["left out the test split"]),
    ("ab", [-1] * 8, [0], None, ([8], [1]), ["without classes"]),
]


@pytest.mark.parametrize(
    ("names", "labels", "test_labels", "class_names", "counts", "notes"), CASES
)
def test_a_set_that_lies_on_the_disk_alone_is_read(
    store, find, names, labels, test_labels, class_names, counts, notes
):
    """By store_as_tfds_dataset; tensorflow-datasets does not know it by name."""
    images, test_images = pictures(len(labels)), pictures(len(test_labels), seed=1)
    store("mine", list(names), train=(images, labels), test=(test_images, test_labels))
    dataset = find("mine")
    assert (str(dataset.spec), dataset.class_names) == ("16x16x3", class_names)
    assert dataset.counts == dict(zip(("train", "test"), counts, strict=True))
    assert len(dataset.notes) == len(notes)
    assert "".join(dataset.notes).startswith("".join(notes))
    if -1 not in test_labels:
        for split, expected in (("train", images), ("test", test_images)):
            assert same_images(pipeline.load(dataset, split).array(), expected)


def test_without_labels_and_test_split_one_in_seven_is_held_out(store, find, tmp_path):
    """Also catches images of EMNIST that lie on their side."""
    images = pictures(60, (20, 50, 1))
    store("emnist_too", train=(images,))
    dataset, source = find("emnist_too"), packaged.find("emnist_too", tmp_path)
    assert (dataset.spec.classes, dataset.class_names) == (1, None)
    assert str(dataset.spec) == "20x20x1", "no network is built for 20x50"
    assert "transposed" in dataset.notes[0]
    upright = np.swapaxes(images[..., 0], 1, 2)
    assert same_images([item.image for item in source.items(Target((50, 20)))], upright)
    held_out = [int(hashlib.sha256(x.tobytes()).hexdigest()[:8], 16) % 7 for x in upright]
    assert (dataset.size + dataset.held_out, dataset.held_out) == (60, held_out.count(0))


@pytest.mark.parametrize(("split", "dtype"), [("train", "uint16"), ("test", "uint8")])
def test_what_cannot_be_trained_on_is_one_line(store, find, split, dtype):
    store("odd", **{split: (pictures(3, (16, 16, 1)).astype(dtype),)})
    with pytest.raises(errors.UsageError, match=f"has {dtype} in .*{split}"):
        find("odd")


def store_mnist(store):
    """Stores and returns a set that tensorflow-datasets takes for MNIST."""
    parts = {
        split: (pictures(count, (28, 28, 1), count), [3] * count)
        for split, count in (("train", 5), ("test", 2))
    }
    store("mnist", list("0123456789"), version="3.0.1", **parts)
    return parts


def test_auto_is_mnist_where_it_is_within_reach_else_the_digits(
    find, store, monkeypatch, tmp_path, no_network
):
    """Catches a run that waits for a host, and MNIST that is not loaded whole."""
    assert find("auto").name == "digits"
    with monkeypatch.context() as online:
        online.setattr("urllib.request.urlopen", lambda *_, timeout: io.BytesIO())
        assert "mnist, 60,000 training images and 10,000 held out" in str(find("auto"))
        assert f"to be downloaded into {tmp_path}" in str(find("auto"))
    parts, dataset = store_mnist(store), find("auto")
    assert (dataset.name, dataset.spec) == ("mnist", MNIST)
    assert f" in {tmp_path}" in str(dataset)
    for split, (images, labels) in parts.items():
        loaded = pipeline.load(dataset, split)
        assert same_images(loaded.array(), images)
        assert loaded.labels.numpy().tolist() == labels


def test_a_host_that_never_answers_is_given_up(find, monkeypatch):
    monkeypatch.setattr(packaged, "ANSWER_SECONDS", 0.05)
    over = threading.Event()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, timeout: over.wait(60))
    try:
        with pytest.raises(errors.UsageError, match=r"--dataset=mnist.*--data_dir"):
            find("mnist")
    finally:
        over.set()


@pytest.mark.mnist
def test_mnist_is_read_whole_and_in_its_order():
    """Catches another order of images, by which no run would go on bit-exactly."""
    mnist = source.find("mnist")
    train, test = (pipeline.load(mnist, split) for split in ("train", "test"))
    assert (len(train.images), len(test.images)) == (60_000, 10_000)
    # The counts of the training labels are facts of MNIST.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == counts
    assert train.fingerprint()["sha256"].startswith("ef80b4281e56b21d")


def test_of_two_first_runs_one_prepares_the_set_and_the_other_waits(
    tmp_path, monkeypatch, store
):
    """Their temporary folders would become the same one, and one of the runs would fail."""
    waits = threading.Event()
    monkeypatch.setattr(atomic_files, "say", lambda line: waits.set())
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, timeout: io.BytesIO())
    with ThreadPoolExecutor(1) as thread, atomic_files.lock(tmp_path):
        second = thread.submit(packaged.download, "mnist", tmp_path)
        assert waits.wait(60)
        store_mnist(store)
    assert second.result().info.splits["train"].num_examples == 5


def test_digits_are_those_of_scikit_learn_and_lie_as_mnists_do(digits):
    """In a 20x20 box, with the centre of mass in the middle, to a pixel."""
    dataset = source.find("digits")
    held_out = pipeline.load(dataset, "test")
    for split, count in ((digits, dataset.size), (held_out, dataset.held_out)):
        assert split.images.shape == (count, 28, 28, 1)
        assert np.bincount(split.labels).min() > 0.08 * count
    assert (dataset.size, dataset.held_out, dataset.spec) == (1500, 297, MNIST)
    images = np.concatenate([digits.array(), held_out.array()])
    trained = {image.tobytes() for image in digits.array()}
    assert not trained & {image.tobytes() for image in held_out.array()}
    ink = images[..., 0] / 255
    for axis in (1, 2):
        sums = ink.sum(axis=axis)
        inked = sums > 0
        extent = 28 - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1)
        assert extent.max() <= 20
        centre = (sums * np.arange(28)).sum(axis=1) / sums.sum(axis=1)
        assert abs(centre - 13.5).max() <= 0.5 + 1e-9
    # Enlarged from 8x8 to 20x20, all of them have (20 / 8)^2 times the ink.
    original = load_digits().images.sum() / 16
    assert ink.sum() / original == pytest.approx((20 / 8) ** 2, rel=0.02)
