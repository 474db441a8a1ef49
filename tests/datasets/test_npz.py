"""What the arrays of a .npz become, and what is refused."""

import hashlib

import numpy as np
import pytest

from dcgan_tf.datasets import npz
from dcgan_tf.support import errors


def pixels(count=4, shape=(4, 4)):
    return np.arange(count * np.prod(shape)).reshape(count, *shape).astype(np.uint8)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_images_and_labels_in_their_order(tmp_path):
    images = pixels(40, shape=(4, 4, 3))
    labels = np.arange(40) % 2
    source = npz.find(saved(tmp_path / "x.npz", images=images, labels=labels))
    assert (source.count, source.channels, source.common_size()) == (40, 3, (4, 4))
    assert source.class_names == ("0", "1")
    items = list(source.items((4, 4)))
    assert np.array_equal([item.image for item in items], images)
    assert [item.label for item in items] == labels.tolist()
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    held_out = [int(sha[:8], 16) % 7 == 0 for sha in hashes]
    assert any(held_out)
    assert [item.test for item in items] == held_out


@pytest.mark.parametrize(
    "names",
    [
        ("images", "labels", "test_images", "test_labels"),
        ("train_images", "train_labels", "test_images", "test_labels"),  # MedMNIST
        ("x_train", "y_train", "x_test", "y_test"),  # Keras
    ],
)
def test_other_peoples_names_and_a_test_split(tmp_path, names):
    values = (pixels(3), np.array([[0], [1], [0]]), pixels(1), np.array([[1]]))
    source = npz.find(saved(tmp_path / "x.npz", **dict(zip(names, values, strict=True))))
    held_out = [(item.label, item.test) for item in source.items((4, 4))]
    assert held_out == [(0, False), (1, False), (0, False), (1, True)]
    assert source.channels == 1


def test_names_of_classes_and_images_without_classes(tmp_path):
    named = {"labels": [0, 1, 0, 1], "class_names": ["cat", "dog"]}
    source = npz.find(saved(tmp_path / "x.npz", images=pixels(), **named))
    assert source.class_names == ("cat", "dog")
    test = {"test_images": pixels(1, (4, 4, 1)), "test_labels": [7]}
    source = npz.find(saved(tmp_path / "y.npz", images=pixels(shape=(4, 4, 1)), **test))
    assert source.class_names == ("",)
    assert {item.label for item in source.items((4, 4))} == {0}


GOOD = {"images": pixels(), "labels": np.array([0, 1, 0, 1])}


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"arr_0": pixels()}, "has no array images"),
        ({"images": pixels() / 255}, r"images are float64 .*uint8.*rint"),
        ({"images": pixels(shape=(4, 4, 2))}, r"images are uint8 \(4, 4, 4, 2\)"),
        ({"images": pixels()[:0]}, r"images are uint8 \(0, 4, 4\)"),
        ({"images": pixels(shape=(3, 4, 4))}, r"transpose\(x, \(0, 2, 3, 1\)\)"),
        ({**GOOD, "labels": [0, 1, 3, 1]}, r"from 0 to 3, and no training image has 2"),
        ({**GOOD, "labels": [1, 2, 1, 2]}, r"from 1 to 2, and no .* has 0"),
        ({**GOOD, "labels": [0, 1, 0]}, r"labels are int64 \(3,\)"),
        ({**GOOD, "labels": np.eye(4, dtype=int)}, r"\(4, 4\).*labels\.argmax\(axis=1\)"),
        ({**GOOD, "labels": np.array([0, "x"] * 2, object)}, r"is no .npz of arrays"),
        ({**GOOD, "class_names": ["a"]}, r"class_names has 1 names, not 2"),
        ({**GOOD, "test_images": pixels(1)}, "test_labels are"),
        (
            {**GOOD, "test_images": pixels(1, (5, 5)), "test_labels": [0]},
            r"test_images are uint8 \(1, 5, 5\)",
        ),
        ({**GOOD, "test_images": pixels(1), "test_labels": [2]}, "from 0 to 2, and no"),
    ],
)
def test_what_cannot_be_trained_on_is_one_line(tmp_path, arrays, told):
    path = saved(tmp_path / "x.npz", **arrays)
    with pytest.raises(errors.UsageError, match=told) as error:
        npz.find(path)
    assert str(error.value).startswith(f"--dataset={path}: ")
