"""A .npz of images and labels."""

import functools
import pathlib
from collections.abc import Iterator

import numpy as np

from dcgan_tf.datasets.source import Item, Source, digest, item
from dcgan_tf.support import arrays, atomic_files, errors

# What the arrays may be called: here, in MedMNIST's files, in Keras's.
IMAGES = ("images", "train_images", "x_train")
LABELS = ("labels", "train_labels", "y_train")
TEST_IMAGES = ("test_images", "x_test")
TEST_LABELS = ("test_labels", "y_test")
FORM = "images uint8 [N, H, W] or [N, H, W, C], C 1 or 3, and labels int [N]"

# The name of an array of images, their labels, and whether they are held out; None: each
# image decides.
_Part = tuple[str, np.ndarray, bool | None]


def find(path: pathlib.Path) -> Source:
    """The images of a .npz; UsageError unless they can be trained on.

    `images`, and `labels` from 0 without gaps where there are classes; `test_images` and
    `test_labels` are held out, else one image in seven is; `class_names` may name the
    classes.
    """
    try:
        headers = arrays.headers(path)
    except ValueError as error:
        raise _refusal(path, f"is no .npz of arrays ({error})") from None
    images, labels, test_images, test_labels = (
        next((name for name in names if name in headers), None)
        for names in (IMAGES, LABELS, TEST_IMAGES, TEST_LABELS)
    )
    _check_images(path, headers, images, test_images)
    if test_images and (labels is None) != (test_labels is None):
        reason = f"of {images} and {test_images}, one has labels and one has none"
        raise _refusal(path, reason)
    try:
        others = arrays.read(path, lambda name: name not in (images, test_images))
    except ValueError as error:
        raise _refusal(path, f"is damaged ({error})") from None
    shape = headers[images][0]
    parts: list[tuple] = [(images, _labels(path, others, labels, shape[0]), None)]
    if test_images:
        count = headers[test_images][0][0]
        parts = [
            (*parts[0][:2], False),
            (test_images, _labels(path, others, test_labels, count), True),
        ]
    content = atomic_files.sha256(path)
    return Source(
        name=str(path),
        key=digest(content),
        count=sum(len(part[1]) for part in parts),
        class_names=_class_names(path, others, parts) if labels else ("",),
        files={path.name: content},
        notes=(),
        common_size=lambda: (shape[1], shape[2]),
        channels=shape[3] if len(shape) == 4 else 1,
        items=functools.partial(_items, path, parts),
    )


def _refusal(path: pathlib.Path, reason: str) -> errors.UsageError:
    return errors.UsageError(f"--dataset={path}: {reason}")


def _check_images(
    path: pathlib.Path, headers: arrays.Headers, images: str | None, test: str | None
) -> None:
    if images is None:
        raise _refusal(
            path,
            f"has no array images, only {', '.join(headers) or 'nothing'}; it must hold "
            f"{FORM}: np.savez(path, images=..., labels=...)",
        )
    for name in filter(None, (images, test)):
        shape, dtype = headers[name]
        if dtype != np.uint8:
            raise _refusal(
                path,
                f"{name} are {dtype}; they must be uint8 from 0 to 255: from [0, 1], "
                "np.rint(x * 255).astype(np.uint8)",
            )
        if len(shape) not in (3, 4) or shape[3:] not in ((), (1,), (3,)) or 0 in shape:
            way_out = ""
            if len(shape) == 4 and shape[1] in (1, 3):
                way_out = f"; channels go last: np.transpose({name}, (0, 2, 3, 1))"
            raise _refusal(
                path, f"{name} have the shape {shape}; it must hold {FORM}{way_out}"
            )
        if shape[1:] != headers[images][0][1:]:
            raise _refusal(path, f"{name} have the shape {shape}, unlike {images}")


def _labels(
    path: pathlib.Path, others: dict[str, np.ndarray], name: str | None, count: int
) -> np.ndarray:
    """int64 [count]; zeros where there are none."""
    if name is None:
        return np.zeros(count, np.int64)
    labels = others[name]
    if labels.size != count or labels.dtype.kind not in "iu":
        way_out = "names become numbers by np.unique(labels, return_inverse=True)[1]"
        if labels.ndim == 2 and len(labels) == count:
            way_out = "one-hot vectors become numbers by labels.argmax(axis=1)"
        raise _refusal(
            path,
            f"{name} are {labels.dtype} {labels.shape}; they must be whole numbers, one "
            f"for each of {count:,} images; {way_out}",
        )
    return labels.reshape(-1).astype(np.int64)


def _class_names(
    path: pathlib.Path, others: dict[str, np.ndarray], parts: list[_Part]
) -> tuple[str, ...]:
    trained = np.unique(parts[0][1])
    if not np.array_equal(trained, np.arange(len(trained))):
        gap = next(n for n in range(len(trained) + 1) if n not in trained)
        raise _refusal(
            path,
            f"labels reach from {trained[0]} to {trained[-1]}, and none is {gap}; number "
            "the classes from 0 without gaps: np.unique(labels, return_inverse=True)[1]",
        )
    for _, labels, _ in parts[1:]:
        if beyond := sorted(set(labels.tolist()) - set(trained.tolist())):
            reason = f"its test labels have {beyond[0]}, which no training image has"
            raise _refusal(path, reason)
    if "class_names" not in others:
        return tuple(str(number) for number in trained)
    names = np.atleast_1d(others["class_names"])
    if len(names) != len(trained) or len(set(map(str, names))) != len(names):
        reason = f"class_names has {len(names)} names, not {len(trained)} different ones"
        raise _refusal(path, reason)
    return tuple(str(name) for name in names)


def _items(path: pathlib.Path, parts: list[_Part], size: tuple[int, int]) -> Iterator[Item]:
    for name, labels, test in parts:
        try:
            for image, label in zip(arrays.rows(path, name), labels, strict=True):
                yield item(image, int(label), test, size)
        except ValueError as error:
            raise _refusal(path, f"is damaged ({error})") from None
