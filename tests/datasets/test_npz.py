"""What the arrays of a .npz become, and what is refused."""

import hashlib

import numpy as np
import pytest

from dcgan_tf.datasets import npz
from dcgan_tf.datasets.spec import Target
from dcgan_tf.support import errors


def pixels(count=4, shape=(4, 4)):
    return np.arange(count * np.prod(shape)).reshape(count, *shape).astype(np.uint8)


@pytest.fixture
def find(tmp_path):
    def find(**arrays):
        np.savez(tmp_path / "x.npz", **arrays)
        return npz.find(tmp_path / "x.npz")

    return find


def test_images_and_labels_in_their_order(find):
    """Catches images that lose their labels, and a held-out set that moves."""
    images, labels = pixels(40, (4, 4, 3)), np.arange(40) % 2
    source = find(images=images, labels=labels)
    assert (source.count, source.channels, [*source.sizes()]) == (40, 3, [(4, 4)])
    assert source.class_names == ("0", "1")
    made, numbers, test, _ = zip(*source.items(Target((4, 4))), strict=True)
    assert np.array_equal(made, images)
    assert numbers == tuple(labels)
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    assert test == tuple(int(sha[:8], 16) % 7 == 0 for sha in hashes)
    assert any(test)


@pytest.mark.parametrize(
    "names",
    [
        ("images", "labels", "test_images", "test_labels"),
        ("train_images", "train_labels", "test_images", "test_labels"),  # MedMNIST
        ("x_train", "y_train", "x_test", "y_test"),  # Keras
    ],
)
def test_other_peoples_names_and_a_test_split(find, names):
    values = (pixels(3), np.array([[0], [1], [0]]), pixels(1), np.array([[1]]))
    source = find(**dict(zip(names, values, strict=True)), class_names=["cat", "dog"])
    held_out = [(item.label, item.test) for item in source.items(Target((4, 4)))]
    assert held_out == [(0, False), (1, False), (0, False), (1, True)]
    assert (source.channels, source.class_names) == (1, ("cat", "dog"))
    arrays = dict(zip(names, values, strict=True))
    assert find(**arrays, class_names=[b"cat", b"dog"]).class_names == ("cat", "dog")


def test_without_labels_there_are_no_classes(find):
    source = find(images=pixels(), test_images=pixels(1), test_labels=[7])
    assert source.class_names == ("",)
    assert {item.label for item in source.items(Target((4, 4)))} == {0}


CASES = [
    ({"images": None, "arr_0": pixels()}, "has no array images"),
    ({"images": pixels() / 255}, "images are float64 .*uint8"),
    ({"images": pixels(shape=(4, 4, 2))}, r"images are uint8 \(4, 4, 4, 2\)"),
    ({"images": pixels()[:0]}, r"images are uint8 \(0, 4, 4\)"),
    ({"images": pixels(shape=(3, 5, 5))}, r"images are uint8 \(4, 3, 5, 5\)"),
    ({"labels": [0, 1, 3, 1]}, "reach from 0 to 3, and no training image has 2"),
    ({"labels": [-1, 0, 1, 0]}, "leave out images of no class"),
    ({"labels": [1, 2, 1, 2]}, "no training image has 0"),
    ({"labels": [0, 1, 0]}, r"labels are int64 \(3,\)"),
    ({"labels": np.eye(4, dtype=int)}, r"\(4, 4\)"),
    ({"labels": np.array([0, "x"] * 2, object)}, r"is no .npz of arrays"),
    ({"class_names": ["a"]}, "class_names has 1 names, not 2"),
    ({"class_names": ["a", "a"]}, "2 classes are called 'a'"),
    ({"test_images": pixels(1)}, "has test_images and no test_labels"),
    ({"test_images": pixels(1, (5, 5)), "test_labels": [0]}, r"are uint8 \(1, 5, 5\)"),
    ({"test_images": pixels(1), "test_labels": [2]}, "no training image has 2"),
]


@pytest.mark.parametrize(("changes", "told"), CASES)
def test_what_cannot_be_trained_on_is_one_line(find, changes, told):
    arrays = {"images": pixels(), "labels": np.array([0, 1, 0, 1]), **changes}
    with pytest.raises(errors.UsageError, match=rf"--dataset=.*x\.npz: .*{told}") as error:
        find(**{name: array for name, array in arrays.items() if array is not None})
    assert "\n" not in str(error.value)
