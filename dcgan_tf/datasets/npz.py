"""A .npz of images and labels."""

import functools
import itertools
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np

from dcgan_tf.datasets.source import NO_CLASSES, Item, Source, digest, item
from dcgan_tf.support import arrays, atomic_files, errors

# What the arrays may be called: here, in MedMNIST's files, in Keras's.
IMAGES = ("images", "train_images", "x_train")
LABELS = ("labels", "train_labels", "y_train")
TEST_IMAGES = ("test_images", "x_test")
TEST_LABELS = ("test_labels", "y_test")
FORM = "images uint8 [N, H, W] or [N, H, W, C], C 1 or 3, and labels int [N]"
AS_NUMBERS = "np.unique(labels, return_inverse=True)[1]"

# The names of an array of images and of their labels, and whether they are held out; None:
# each image decides.
_Part = tuple[str, str, bool | None]
_Arrays = Mapping[str, np.ndarray]  # all but the images


def find(path: pathlib.Path) -> Source:
    """The images of a .npz; raises UsageError unless they can be trained on.

    `images`, and `labels` from 0 without gaps where there are classes; `test_images` and
    `test_labels` are held out, else one image in seven is; `class_names` may name the
    classes.
    """
    try:
        headers = arrays.headers(path)
        others = arrays.read(path, {*LABELS, *TEST_LABELS, "class_names"}.__contains__)
    except ValueError as error:
        raise errors.UsageError(
            f"--dataset={path}: is no .npz of arrays, or damaged ({error})"
        ) from None
    images, labels, test_images, test_labels = (
        next((name for name in names if name in headers), names[0])
        for names in (IMAGES, LABELS, TEST_IMAGES, TEST_LABELS)
    )
    parts: list[_Part] = [(images, labels, None)]
    if test_images in headers:
        test_labels = test_labels if labels in headers else labels
        parts = [(images, labels, False), (test_images, test_labels, True)]
    for problem in itertools.chain(
        _problems_of_images(headers, parts), _problems_of_labels(headers, others, parts)
    ):
        raise errors.UsageError(f"--dataset={path}: {problem}")
    shape, _ = headers[images]
    return Source(
        name=str(path),
        key=digest(atomic_files.sha256(path)),
        count=sum(headers[name][0][0] for name, _, _ in parts),
        class_names=_class_names(others, labels),
        notes=(),
        common_size=lambda: (shape[1], shape[2]),
        channels=shape[3] if len(shape) == 4 else 1,
        items=functools.partial(_items, path, others, parts),
    )


def _problems_of_images(headers: arrays.Headers, parts: list[_Part]) -> Iterator[str]:
    """Why the arrays of images cannot be trained on."""
    images, _, _ = parts[0]
    if images not in headers:
        yield (
            f"has no array images, only {', '.join(headers) or 'nothing'}; it must hold "
            f"{FORM}: np.savez(path, images=..., labels=...)"
        )
    for name, _, _ in parts:
        shape, dtype = headers[name]
        if dtype != np.uint8:
            yield (
                f"{name} are {dtype}; they must be uint8 from 0 to 255: from [0, 1], "
                "np.rint(x * 255).astype(np.uint8)"
            )
        if len(shape) not in (3, 4) or shape[3:] not in ((), (1,), (3,)) or 0 in shape:
            way_out = ""
            if len(shape) == 4 and shape[1] in (1, 3):
                way_out = f"; channels go last: np.transpose({name}, (0, 2, 3, 1))"
            yield f"{name} have the shape {shape}; it must hold {FORM}{way_out}"
        if shape[1:] != headers[images][0][1:]:
            yield f"{name} have the shape {shape}, unlike {images}"


def _problems_of_labels(
    headers: arrays.Headers, others: _Arrays, parts: list[_Part]
) -> Iterator[str]:
    """Why the labels cannot be trained on, if there are any."""
    labels = parts[0][1]
    if labels not in others:
        return
    for images, name, _ in parts:
        values, count = others.get(name, np.zeros(0)), headers[images][0][0]
        if values.size != count or values.dtype.kind not in "iu":
            way_out = f"names become numbers by {AS_NUMBERS}"
            if values.ndim == 2 and len(values) == count:
                way_out = "one-hot vectors become numbers by labels.argmax(axis=1)"
            yield (
                f"{name} are {values.dtype} {values.shape}; they must be whole numbers, "
                f"one for each of {count:,} images; {way_out}"
            )
    every = np.unique(np.concatenate([others[name].reshape(-1) for _, name, _ in parts]))
    trained = np.unique(others[labels])
    for gap in np.setdiff1d(np.arange(len(every)), trained):
        yield (
            f"labels reach from {every[0]} to {every[-1]}, and no training image has "
            f"{gap}; number the classes from 0 without gaps: {AS_NUMBERS}"
        )
    names = _class_names(others, labels)
    if len(names) != len(trained) or len(set(names)) != len(names):
        yield f"class_names has {len(names)} names, not {len(trained)} different ones"


def _class_names(others: _Arrays, labels: str) -> tuple[str, ...]:
    if labels not in others:
        return NO_CLASSES
    names = others.get("class_names", np.unique(others[labels]))
    return tuple(map(str, np.atleast_1d(names)))


def _items(
    path: pathlib.Path, others: _Arrays, parts: list[_Part], size: tuple[int, int]
) -> Iterator[Item]:
    for name, label_name, test in parts:
        images = arrays.read(path, {name}.__contains__)[name]
        labels = others.get(label_name, np.zeros(len(images), int)).reshape(-1)
        for image, label in zip(images, labels, strict=True):
            yield item(image, int(label), test, size)
