import threading

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import datasets, errors


def test_digits_are_1500_and_297_of_all_classes(digits):
    held_out = datasets.load(datasets.find("digits", None), "test")
    assert digits.images.shape == (1500, 28, 28, 1)
    assert held_out.images.shape == (297, 28, 28, 1)
    for split in (digits, held_out):
        assert split.images.dtype == tf.uint8
        assert split.labels.dtype == tf.int32
        assert np.bincount(split.labels).min() > 0.08 * len(split.labels)
    trained, held = (
        {image.tobytes() for image in split.images.numpy()} for split in (digits, held_out)
    )
    assert not trained & held


def test_digits_lie_as_mnists_do(digits):
    """In a 20x20 box, with the centre of mass in the middle, to a pixel."""
    ink = digits.images[..., 0].numpy().astype(float)
    weight = ink.sum(axis=(1, 2))
    for axis in (1, 2):
        sums = ink.sum(axis=axis)
        inked = sums > 0
        extent = 28 - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1)
        assert extent.max() <= 20
        centre = (sums * np.arange(28)).sum(axis=1) / weight
        assert abs(centre - 13.5).max() <= 0.5 + 1e-9


def test_digits_keep_their_ink(digits):
    """Enlarged from 8x8 to 20x20, all of them have (20 / 8)^2 times the ink."""
    from sklearn.datasets import load_digits

    held_out = datasets.load(datasets.find("digits", None), "test")
    ink = sum(split.images.numpy().sum(dtype=float) for split in (digits, held_out)) / 255
    original = load_digits().images.sum() / 16
    assert ink / original == pytest.approx((20 / 8) ** 2, rel=0.02)


def prepare(folder, name="mnist"):
    place = folder / name / "3.0.1"
    place.mkdir(parents=True)
    (place / "dataset_info.json").write_text("{}")
    (place / f"{name}-train.tfrecord-00000-of-00001").touch()


def test_auto_takes_mnist_where_it_is_prepared(tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "other"))
    prepare(tmp_path)
    found = datasets.find("auto", str(tmp_path))
    assert (found.name, found.prepared, found.folder) == ("mnist", True, tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert datasets.find("auto", None).name == "mnist"


def test_auto_takes_the_digits_where_nothing_is_to_be_had(tmp_path, no_network):
    assert datasets.find("auto", str(tmp_path)).name == "digits"


def test_auto_takes_mnist_where_its_host_answers(tmp_path, monkeypatch):
    monkeypatch.setitem(datasets._KNOWN, "mnist", (tmp_path / "file").as_uri())
    (tmp_path / "file").touch()
    found = datasets.find("auto", str(tmp_path))
    assert (found.name, found.prepared) == ("mnist", False)
    assert "to be downloaded" in str(found)


def test_a_host_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "ANSWER_SECONDS", 0.05)
    over, answered = threading.Event(), threading.Event()

    def hang(*_, **__):
        over.wait(60)
        answered.set()
        raise OSError

    monkeypatch.setattr("urllib.request.urlopen", hang)
    try:
        with pytest.raises(errors.UsageError, match=r"--dataset=mnist.*--dataset=digits"):
            datasets.find("mnist", str(tmp_path))
        assert not answered.is_set()
    finally:
        over.set()


def test_unknown_names_are_told_the_near_ones(tmp_path, no_network):
    with pytest.raises(errors.UsageError, match=r"--dataset=mnits.*mnist"):
        datasets.find("mnits", str(tmp_path))


@pytest.mark.parametrize("name", ["cifar10", "imdb_reviews", "omniglot"])
def test_other_shapes_and_unlabelled_sets_are_refused(tmp_path, no_network, name):
    with pytest.raises(errors.UsageError, match=rf"--dataset={name}.*28, 28, 1"):
        datasets.find(name, str(tmp_path))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_what_is_known_of_a_set_is_what_tensorflow_datasets_says(tmp_path, name):
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=tmp_path)
    assert datasets._KNOWN[name] in builder.url_infos
    assert builder.info.features["image"].shape == datasets.IMAGE_SHAPE
    assert builder.info.features["label"].num_classes == 10


def test_a_folder_without_the_files_is_not_prepared(tmp_path, no_network):
    (tmp_path / "mnist" / "3.0.1").mkdir(parents=True)
    (tmp_path / "mnist" / "3.0.1" / "dataset_info.json").write_text("{}")
    assert datasets.find("auto", str(tmp_path)).name == "digits"


def test_another_version_is_not_downloaded_over(tmp_path, no_network):
    prepare(tmp_path)
    (tmp_path / "mnist" / "3.0.1").rename(tmp_path / "mnist" / "1.0.0")
    with pytest.raises(errors.RunError, match="another version"):
        datasets.load(datasets.find("mnist", str(tmp_path)), "train")


@pytest.mark.mnist
def test_mnist_is_read_whole():
    mnist = datasets.find("mnist", None)
    train, test = (datasets.load(mnist, split) for split in ("train", "test"))
    assert (len(train.images), len(test.images)) == (60_000, 10_000)
    assert train.images.dtype == tf.uint8
    # The counts of the training labels are facts of MNIST.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == counts


def test_damaged_files_are_one_line(tmp_path, no_network):
    prepare(tmp_path)
    with pytest.raises(errors.RunError, match=r"--dataset=mnist could not be read"):
        datasets.load(datasets.find("mnist", str(tmp_path)), "train")
