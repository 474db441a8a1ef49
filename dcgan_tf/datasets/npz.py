"""A .npz of images and labels."""

import pathlib
from collections import Counter
from collections.abc import Iterator

import numpy as np

from dcgan_tf.config import class_names
from dcgan_tf.datasets import picture
from dcgan_tf.datasets.spec import NO_CLASSES, Item, Source, Target, digest
from dcgan_tf.support import arrays, atomic_files, errors

# What the arrays may be called: here, in MedMNIST's files, in Keras's.
NAMES = (
    ("images", "train_images", "x_train"),
    ("labels", "train_labels", "y_train"),
    ("test_images", "x_test"),
    ("test_labels", "y_test"),
    ("class_names",),
)
FORM = (
    "uint8 [N, H, W] or [N, H, W, C], C 1, 3 or 4, all of one size: by np.rint(x * 255)"
    ".astype(np.uint8) from [0, 1], by np.transpose(x, (0, 2, 3, 1)) from [N, C, H, W]"
)
NUMBERS = (
    "whole numbers from 0 without gaps, one for each image: by np.unique(labels, "
    "return_inverse=True)[1] from names, by labels.argmax(axis=1) from one-hot vectors; "
    "leave out images of no class, as -1"
)


def find(path: pathlib.Path) -> Source:
    """Returns the images of a .npz; UsageError unless they can be trained on.

    `images`, and `labels` from 0 without gaps where there are classes; `test_images` and
    `test_labels` are held out, else one image in seven is; `class_names` may name the
    classes.
    """
    stored = arrays.read(path, {*sum(NAMES, ())}.__contains__, "dataset")
    images, labels, test_images, test_labels, named = (
        next((stored[name] for name in names if name in stored), None) for names in NAMES
    )
    parts = [("", images, labels)]
    if test_images is not None:
        parts.append(("test_", test_images, test_labels))
    names = NO_CLASSES
    if labels is None:
        parts = [(prefix, x, np.zeros(np.shape(x)[:1], int)) for prefix, x, _ in parts]
    else:
        named = np.unique(labels) if named is None else np.atleast_1d(named)
        names = class_names.checked(named, str(path))
    if problem := _problem(parts, names):
        raise errors.UsageError(f"--dataset={path}: {problem}")

    def items(target: Target) -> Iterator[Item]:
        for prefix, pixels, numbers in parts:
            test = None if test_images is None else bool(prefix)
            for image, label in zip(pixels, numbers.ravel(), strict=True):
                yield picture.item(image, int(label), test, target)

    return Source(
        name=str(path),
        key=digest(atomic_files.sha256(path)),
        count=sum(len(pixels) for _, pixels, _ in parts),
        class_names=names,
        notes=(),
        sizes=lambda: Counter([images.shape[1:3]]),
        channels=1 if images.shape[3:] in ((), (1,)) else 3,
        items=items,
    )


def _problem(parts: list[tuple], names: tuple[str, ...]) -> str | None:
    """Returns why (prefix, images, labels) cannot be trained on; None where they can."""
    _, first, trained = parts[0]
    if first is None:
        return f"has no array images, which must be {FORM}"
    for prefix, images, labels in parts:
        shape = images.shape
        fit = shape[3:] in ((), (1,), (3,), (4,)) and shape[1:] == first.shape[1:]
        if images.dtype != np.uint8 or len(shape) not in (3, 4) or not fit or 0 in shape:
            return f"{prefix}images are {images.dtype} {shape}; they must be {FORM}"
        if labels is None:
            return f"has {prefix}images and no {prefix}labels; leave out both, or none"
        if labels.size != len(images) or labels.dtype.kind not in "iu":
            return f"{prefix}labels are {labels.dtype} {labels.shape}, not {NUMBERS}"
    known = np.unique(np.concatenate([labels.ravel() for *_, labels in parts]))
    for gap in np.setdiff1d(np.arange(len(known)), trained):
        return (
            f"labels reach from {known[0]} to {known[-1]}, and no training image has "
            f"{gap}; they must be {NUMBERS}"
        )
    if len(names) != len(known):
        return f"class_names has {len(names)} names, not {len(known)}"
    return None
