"""An image set of tensorflow-datasets, by its name."""

import functools
from collections.abc import Iterator

import numpy as np

from dcgan_tf.reading.source import Item, Source, digest, item
from dcgan_tf.support import atomic_files, errors

TEST = ("test", "validation")


def find(name: str, builder) -> Source:
    """The images of a builder of tensorflow-datasets, downloaded and prepared if need be.

    Those of its train split, and to be held out of its test split, or of its validation
    split, or else one in seven.  Classes without images are left out.  UsageError unless
    they can be trained on.
    """

    def refuse(reason: str) -> errors.UsageError:
        return errors.UsageError(f"--dataset={name}: {reason}")

    features = builder.info.features
    image, label = _keys(builder.info)
    if image is None:
        raise refuse("has no images")
    if "train" not in builder.info.splits:
        raise refuse(f"has no train split, only {', '.join(builder.info.splits)}")
    if np.dtype(features[image].np_dtype) != np.uint8:
        raise refuse(f"its images are {features[image].np_dtype}, not uint8 from 0 to 255")
    height, width, channels = features[image].shape
    test = next((one for one in TEST if one in builder.info.splits), None)
    splits = [("train", False if test else None)] + ([(test, True)] if test else [])
    # EMNIST lies on its side: every image of it is transposed.
    transposed = name.split("/")[0] == "emnist"
    names, labels = ("",), {0: 0}
    if label is not None:
        named = features[label].names
        present = _present(builder, label, "train")
        names = tuple(named[number] for number in present)
        labels = {number: place for place, number in enumerate(present)}
        if lacking := sorted(
            {n for s, _ in splits for n in _present(builder, label, s)} - set(present)
        ):
            raise refuse(f"no image of class {named[lacking[0]]} is in its train split")
    files = sorted(path for path in builder.data_path.iterdir() if path.is_file())
    absent = len(features[label].names) - len(names) if label is not None else 0
    notes = [f"{absent} classes have no images and are left out"] if absent else []
    if transposed:
        notes.append("EMNIST's images are transposed, so that they stand upright")
    return Source(
        name=name,
        key=digest([(path.name, atomic_files.sha256(path)) for path in files]),
        count=sum(builder.info.splits[split].num_examples for split, _ in splits),
        class_names=names,
        files={},
        notes=tuple(notes),
        common_size=lambda: (height, width) if height and width else None,
        channels=channels if channels in (1, 3) else None,
        items=functools.partial(_items, builder, image, label, labels, splits, transposed),
    )


def _keys(info) -> tuple[str | None, str | None]:
    """The names of the feature that is an image, and of the one that is its class."""
    import tensorflow_datasets as tfds

    def first(kind, usual: str) -> str | None:
        found = [name for name in info.features if isinstance(info.features[name], kind)]
        return usual if usual in found else next(iter(found), None)

    return first(tfds.features.Image, "image"), first(tfds.features.ClassLabel, "label")


def _present(builder, label: str, split: str) -> list[int]:
    """The classes that a split has images of."""
    import tensorflow_datasets as tfds

    decoders = tfds.decode.PartialDecoding({label: True})
    found = builder.as_dataset(split=split, decoders=decoders, batch_size=4096)
    return sorted({int(one) for block in found for one in np.unique(block[label])})


def _items(
    builder,
    image: str,
    label: str | None,
    labels: dict[int, int],
    splits: list[tuple[str, bool | None]],
    transposed: bool,
    size: tuple[int, int],
) -> Iterator[Item]:
    for split, test in splits:
        for example in builder.as_dataset(split=split):
            pixels = example[image].numpy()
            if transposed:
                pixels = np.swapaxes(pixels, 0, 1)
            number = 0 if label is None else int(example[label])
            yield item(pixels, labels[number], test, size)
