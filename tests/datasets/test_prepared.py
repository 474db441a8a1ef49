"""Sets of tensorflow-datasets: those that it wrote itself, from arrays."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from dcgan_tf.data import splits
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.sources import Options
from dcgan_tf.support import errors

pytestmark = pytest.mark.filterwarnings("ignore")  # tensorflow-datasets' own


def pictures(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def store(folder, name, label_names=None, shape=(16, 16, 3), dtype=np.uint8, **parts):
    """Writes a set whose splits are {"image": array, "label": array}."""
    features = {"image": tfds.features.Image(shape=shape, dtype=dtype)}
    if label_names:
        features["label"] = tfds.features.ClassLabel(names=label_names)
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version="1.0.0",
        features=tfds.features.FeaturesDict(features),
        split_datasets={
            split: [
                (number, {name: column[number] for name, column in columns.items()})
                for number in range(len(columns["image"]))
            ]
            for split, columns in parts.items()
        },
        data_dir=folder,
    )


def find(name, folder):
    return sources.find(name, Options(str(folder), str(folder / "cache")))


def test_a_set_that_lies_on_the_disk_alone_is_read(tmp_path):
    """By store_as_tfds_dataset; tensorflow-datasets does not know it by name."""
    images, held = pictures(6, (16, 16, 3)), pictures(3, (16, 16, 3), 1)
    store(
        tmp_path,
        "mine",
        ["cat", "dog"],
        train={"image": images, "label": [0, 1, 0, 1, 1, 1]},
        test={"image": held, "label": [0, 1, 1]},
    )
    found = find("mine", tmp_path)
    assert (found.size, str(found.spec), found.class_names) == (
        6,
        "16x16x3",
        ("cat", "dog"),
    )
    assert found.entry.counts == {"train": [2, 4], "test": [1, 2]}
    train, test = (splits.load(found, split) for split in ("train", "test"))
    for split, expected in ((train, images), (test, held)):
        held_images = {image.tobytes() for image in split.array()}
        assert held_images == {image.tobytes() for image in expected}


def test_without_labels_and_test_split_one_in_seven_is_held_out(tmp_path):
    store(tmp_path, "plain", train={"image": pictures(60, (16, 16, 3))})
    found = find("plain", tmp_path)
    assert (found.spec.classes, found.class_names) == (1, None)
    assert 0 < sum(found.entry.counts["test"]) < 20
    assert found.size + sum(found.entry.counts["test"]) == 60


def test_classes_without_images_are_left_out(tmp_path):
    """As of emnist/letters, which names 37 classes and has images of 26."""
    store(
        tmp_path,
        "gaps",
        ["a", "b", "c", "d"],
        train={"image": pictures(4, (16, 16, 3)), "label": [1, 3, 3, 1]},
        test={"image": pictures(1, (16, 16, 3)), "label": [3]},
    )
    found = find("gaps", tmp_path)
    assert found.class_names == ("b", "d")
    assert found.entry.counts == {"train": [2, 2], "test": [0, 1]}
    assert found.notes == ("2 classes have no images and are left out",)


def test_other_sizes_are_fitted(tmp_path):
    images = pictures(20, (20, 50, 3))
    store(tmp_path, "wide", shape=(20, 50, 3), train={"image": images})
    assert str(find("wide", tmp_path).spec) == "32x32x3"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            {"dtype": np.uint16, "shape": (16, 16, 1)},
            r"--dataset=odd: its images are .*uint16.*not uint8",
        ),
        ({"split": "validation"}, r"--dataset=odd: has no train split, only validation"),
    ],
)
def test_what_cannot_be_trained_on_is_one_line(tmp_path, made, told):
    split = made.pop("split", "train")
    shape = made.get("shape", (16, 16, 3))
    images = pictures(3, shape).astype(made.get("dtype", np.uint8))
    store(tmp_path, "odd", **made, **{split: {"image": images}})
    with pytest.raises(errors.UsageError, match=told):
        find("odd", tmp_path)


def test_alpha_is_laid_on_white(tmp_path):
    """Rows of four channels would be read as rows of three."""
    images = pictures(20, (16, 16, 4))
    images[..., 3] = 255
    images[:, :8, :, 3] = 0
    store(tmp_path, "alpha", shape=(16, 16, 4), train={"image": images})
    found = find("alpha", tmp_path)
    assert str(found.spec) == "16x16x3"
    read = splits.load(found, "train").array()
    assert read[:, :8].min() == 255
    assert {image.tobytes() for image in read[:, 8:]} <= {
        image.tobytes() for image in images[:, 8:, :, :3]
    }


def test_a_test_split_whose_labels_are_not_known_is_left_out(tmp_path):
    store(
        tmp_path,
        "unknown",
        ["a", "b"],
        train={"image": pictures(40, (16, 16, 3)), "label": [0, 1] * 20},
        test={"image": pictures(2, (16, 16, 3), 1), "label": [-1, -1]},
    )
    found = find("unknown", tmp_path)
    assert found.notes == ("left out the test split, whose labels are not known",)
    assert found.size + found.held_out() == 40


def test_emnist_is_put_upright(tmp_path):
    from dcgan_tf.datasets import prepared

    images = pictures(8, (16, 16, 1))
    store(tmp_path, "emnist", shape=(16, 16, 1), train={"image": images})
    builder = tfds.builder_from_directory(tmp_path / "emnist" / "1.0.0")
    source = prepared.find("emnist:1.0.0", builder)
    found = {item.image.tobytes() for item in source.items((16, 16))}
    assert found == {image[..., 0].T.tobytes() for image in images}
    assert "transposed" in source.notes[0]
