"""An image set of tensorflow-datasets."""

import dataclasses
import functools
import pathlib
from collections.abc import Iterator

import numpy as np

from dcgan_tf.datasets.source import Item, Source, digest, item
from dcgan_tf.support import atomic_files, errors

TEST = ("test", "validation")
# EMNIST's images lie on their side: each is transposed.
TRANSPOSED = ("emnist",)


@dataclasses.dataclass(frozen=True)
class _Parts:
    """What of a set is read.

    image, label: the names of the features; label None: without classes
    splits:       (name, whether it is held out; None: its images decide)
    classes:      the numbers of those that have images to train on
    """

    image: str
    label: str | None
    splits: list[tuple[str, bool | None]]
    classes: list[int]


def download(name: str, data_dir: pathlib.Path):
    """The builder of a set, prepared; of two processes one prepares it, the other waits."""
    import tensorflow_datasets as tfds  # which takes a second to import

    builder = tfds.builder(name, data_dir=data_dir)
    if builder.is_prepared():
        return builder
    data_dir.mkdir(parents=True, exist_ok=True)
    with atomic_files.alone_in(data_dir, "prepares a data set in"):
        builder = tfds.builder(name, data_dir=data_dir)  # by now it may be there
        builder.download_and_prepare()
    return builder


def find(name: str, builder) -> Source:
    """The images of a prepared builder of tensorflow-datasets.

    Those of its train split, and to be held out of its test split, or of its validation
    split, or else one in seven.  Classes without images are left out.  UsageError unless
    they can be trained on.
    """
    parts, notes = _parts(name, builder)
    height, width, channels = builder.info.features[parts.image].shape
    names = ("",)
    if parts.label is not None:
        held = builder.info.features[parts.label].names
        names = tuple(held[number] for number in parts.classes)
        if absent := len(held) - len(names):
            notes.append(f"{absent} classes have no images and are left out")
    if builder.name in TRANSPOSED:
        notes.append(f"the images of {builder.name} are transposed to stand upright")
    files = sorted(path for path in builder.data_path.iterdir() if path.is_file())
    return Source(
        name=name,
        key=digest([(path.name, atomic_files.sha256(path)) for path in files]),
        count=sum(builder.info.splits[split].num_examples for split, _ in parts.splits),
        class_names=names,
        files={},
        notes=tuple(notes),
        common_size=lambda: (height, width) if height and width else None,
        channels={1: 1, 3: 3, 4: 3}.get(channels),
        items=functools.partial(_items, builder, parts),
    )


def _parts(name: str, builder) -> tuple[_Parts, list[str]]:
    """What can be read of a set, and notes of what is left out."""

    def refuse(reason: str) -> errors.UsageError:
        return errors.UsageError(f"--dataset={name}: {reason}")

    features, splits = builder.info.features, builder.info.splits
    image, label = _features(features)
    if image is None:
        raise refuse("has no images")
    if "train" not in splits:
        raise refuse(f"has no train split, only {', '.join(splits)}")
    if np.dtype(features[image].np_dtype) != np.uint8:
        raise refuse(f"its images are {features[image].np_dtype}, not uint8 from 0 to 255")
    if features[image].shape[2] not in (1, 3, 4, None):
        raise refuse(f"its images have {features[image].shape[2]} channels, not 1, 3 or 4")
    test = next((one for one in TEST if one in splits), None)
    if label is None:
        return _Parts(image, None, _splits(test), [0]), []
    # tensorflow-datasets has the label -1 where a class is not known.
    trained = _labels(builder, label, "train")
    if -1 in trained:
        note = "without classes, because labels are not known"
        return _Parts(image, None, _splits(test), [0]), [note]
    notes = []
    held = _labels(builder, label, test) if test else []
    if -1 in held:
        notes.append(f"left out the {test} split, whose labels are not known")
        test, held = None, []
    if lacking := sorted(set(held) - set(trained)):
        raise refuse(
            f"no image of class {features[label].names[lacking[0]]} is in its train split"
        )
    return _Parts(image, label, _splits(test), trained), notes


def _splits(test: str | None) -> list[tuple[str, bool | None]]:
    return [("train", False), (test, True)] if test else [("train", None)]


def _features(features) -> tuple[str | None, str | None]:
    """The names of the feature that is an image, and of the one that is its class."""
    import tensorflow_datasets as tfds

    def first(kind, usual: str) -> str | None:
        found = [name for name in features if isinstance(features[name], kind)]
        return usual if usual in found else next(iter(found), None)

    return first(tfds.features.Image, "image"), first(tfds.features.ClassLabel, "label")


def _labels(builder, label: str, split: str) -> list[int]:
    """The labels that a split has images of, in their order."""
    import tensorflow_datasets as tfds

    decoders = tfds.decode.PartialDecoding({label: True})
    found = builder.as_dataset(split=split, decoders=decoders, batch_size=4096)
    return sorted({int(one) for block in found for one in np.unique(block[label])})


def _items(builder, parts: _Parts, size: tuple[int, int]) -> Iterator[Item]:
    labels = {number: place for place, number in enumerate(parts.classes)}
    for split, test in parts.splits:
        for example in builder.as_dataset(split=split):
            pixels = example[parts.image].numpy()
            if builder.name in TRANSPOSED:
                pixels = np.swapaxes(pixels, 0, 1)
            number = 0 if parts.label is None else int(example[parts.label])
            yield item(pixels, labels[number], test, size)
