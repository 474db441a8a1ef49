"""Image sets of other packages: scikit-learn's digits, tensorflow-datasets' sets."""

import contextlib
import io
import itertools
import pathlib
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator

import numpy as np
from PIL import Image

from dcgan_tf.config import class_names
from dcgan_tf.config.presets import AUTO, DIGITS
from dcgan_tf.datasets import picture, spec
from dcgan_tf.datasets.spec import MNIST, NO_CLASSES, Dataset, Item, Source, Target
from dcgan_tf.support import atomic_files, errors, tf_setup

ANSWER_SECONDS = 4  # how long a host may take to answer


def digits() -> Dataset:
    counts = {"train": [1500], "test": [297]}
    return Dataset(DIGITS, MNIST, None, counts, "bundled with scikit-learn", _read_digits)


def _read_digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Makes scikit-learn's 8x8 digits 28x28 as MNIST was made.

    Each lies in a 20x20 box, moved so that the ink's centre of mass is the image's centre
    (LeCun et al. 1998, section III.A).  Every sixth or so is held out.
    """
    from sklearn.datasets import load_digits  # takes a second

    originals, labels = load_digits(return_X_y=True)
    rows = np.arange(len(labels))
    test = np.linspace(0, rows[-1], 297).astype(int)
    rows = test if split == "test" else np.delete(rows, test)
    images = np.zeros((len(rows), 28, 28, 1), np.uint8)
    for image, small in zip(images, originals[rows].reshape(-1, 8, 8), strict=True):
        grey = Image.fromarray((small * 255 / 16).astype(np.uint8))
        box = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC), np.float64)
        centre = [np.average(range(20), weights=box.sum(axis=axis)) for axis in (1, 0)]
        top, left = np.clip(np.rint(13.5 - np.array(centre)), 0, 8).astype(int)
        image[top : top + 20, left : left + 20, 0] = box
    return images, labels[rows].astype(np.int32)


def mnist_like(name: str, data_dir: pathlib.Path) -> Dataset:
    """Returns MNIST or a set of its form, which is loaded whole, and downloaded by then."""
    builder = _builder_of(name, data_dir)
    names = spec.own_names(builder.info.features["label"].names)
    counts = {"train": [60_000], "test": [10_000]}
    place = "in" if builder.is_prepared() else "to be downloaded into"

    def read(split: str) -> tuple[np.ndarray, np.ndarray]:
        examples = download(name, data_dir).as_dataset(split=split, batch_size=-1)
        return examples["image"].numpy(), examples["label"].numpy()

    return Dataset(name, MNIST, names, counts, f"{place} {data_dir}", read)


def _tfds():
    import tensorflow_datasets  # takes a second

    return tensorflow_datasets


def check_known(name: str) -> None:
    """UsageError for a set that tensorflow-datasets has not; imports no TensorFlow."""
    known = _tfds().list_builders(with_community_datasets=False)
    # A name may have a namespace, of others' sets, before a colon.
    if name.partition("/")[0] not in known and ":" not in name:
        near = errors.near_matches(name, [AUTO, DIGITS, *known])
        raise errors.UsageError(f"--dataset={name}: is no folder, file or data set{near}")


def _builder_of(name: str, data_dir: pathlib.Path):
    """Returns tensorflow-datasets' builder; UsageError for what is not to be had."""
    tf_setup.start()
    tfds = _tfds()
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (ValueError, tfds.core.registered.DatasetNotFoundError) as error:
        raise errors.UsageError(f"--dataset={name}: {errors.first_line(error)}") from None
    if not _is_within_reach(builder):
        raise errors.UsageError(
            f"--dataset={name}: not in {data_dir}, and its host is silent; give --data_dir "
            "or take --dataset=digits"
        )
    return builder


def mnist_is_within_reach(data_dir: pathlib.Path) -> bool:
    tf_setup.start()
    return _is_within_reach(_tfds().builder("mnist", data_dir=data_dir))


def _is_within_reach(builder) -> bool:
    """Says whether a set is prepared, or its host answers in time, or none is known."""
    urls = list(getattr(builder, "url_infos", None) or {})
    if builder.is_prepared() or not urls:
        return True
    answered = threading.Event()

    def ask():
        request = urllib.request.Request(urls[0], method="HEAD")
        with contextlib.suppress(Exception):
            urllib.request.urlopen(request, timeout=ANSWER_SECONDS).close()
            answered.set()

    # In a thread of its own, because the look-up of a host's name heeds no timeout.
    threading.Thread(target=ask, daemon=True).start()
    return answered.wait(ANSWER_SECONDS)


def download(name: str, data_dir: pathlib.Path):
    """Returns the builder of a set, prepared by one process while others wait."""
    builder = _builder_of(name, data_dir)
    if not builder.is_prepared():
        data_dir.mkdir(parents=True, exist_ok=True)
        line = f"waiting for another process that prepares a data set in {data_dir}"
        with atomic_files.lock(data_dir, waiting=line):
            builder = _tfds().builder(name, data_dir=data_dir)  # by now it may be there
            builder.download_and_prepare()
    return builder


def find(name: str, data_dir: pathlib.Path) -> Source:
    """Returns another set of tensorflow-datasets; UsageError where it is not of images."""
    builder = download(name, data_dir)
    features, splits = builder.info.features, builder.info.splits
    image = _feature(features, _tfds().features.Image, "image")
    kind = features[image].np_dtype if image else None
    if kind != np.uint8 or "train" not in splits:
        raise errors.UsageError(
            f"--dataset={name}: has {kind} in {[*splits]}, not uint8 images in train"
        )
    label, classes, test, notes = _labels(builder)
    parts = {"train": False, test: True} if test else {"train": None}
    names = [features[label].names[number] for number in classes] if label else NO_CLASSES
    # EMNIST's images lie on their side.
    if transposed := builder.name.startswith("emnist"):
        notes.append(f"the images of {builder.name} are transposed to stand upright")
    height, width, channels = features[image].shape
    files = sorted(path for path in builder.data_path.iterdir() if path.is_file())

    def sizes() -> Counter[tuple[int, int]]:
        if height and width:
            return Counter([(height, width)])
        encoded = {image: _tfds().decode.SkipDecoding()}
        parts_read = (builder.as_dataset(split=split, decoders=encoded) for split in parts)
        examples = itertools.chain.from_iterable(parts_read)
        return picture.sizes(io.BytesIO(example[image].numpy()) for example in examples)

    def items(target: Target) -> Iterator[Item]:
        for split, is_test in parts.items():
            for example in builder.as_dataset(split=split):
                pixels = example[image].numpy()
                pixels = np.swapaxes(pixels, 0, 1) if transposed else pixels
                number = classes.index(int(example[label])) if label else 0
                yield picture.item(pixels, number, is_test, target)

    return Source(
        name=name,
        key=spec.digest([(path.name, atomic_files.sha256(path)) for path in files]),
        count=sum(splits[split].num_examples for split in parts),
        class_names=class_names.checked(names, name),
        notes=tuple(notes),
        sizes=sizes,
        channels={1: 1, 3: 3, 4: 3}.get(channels),
        items=items,
    )


def _feature(features, kind: type, usual: str) -> str | None:
    """Returns the name of the feature of a kind: the usual name, else the first."""
    names = [name for name in features if isinstance(features[name], kind)]
    return usual if usual in names else next(iter(names), None)


def _labels(builder) -> tuple[str | None, list[int], str | None, list[str]]:
    """Returns the label's feature, the classes with images, the test split, and notes."""
    features, splits, tfds = builder.info.features, builder.info.splits, _tfds()
    test = next((split for split in ("test", "validation") if split in splits), None)
    label = _feature(features, tfds.features.ClassLabel, "label")
    if label is None:
        return None, [], test, []

    def labels_of(split: str) -> set[int]:
        decoders = tfds.decode.PartialDecoding({label: True})
        blocks = builder.as_dataset(split=split, decoders=decoders, batch_size=4096)
        return {int(x) for block in blocks for x in np.unique(block[label])}

    trained, tested, notes = labels_of("train"), labels_of(test) if test else set(), []
    if -1 in trained:
        return None, [], test, ["without classes, because labels are not known"]
    if -1 in tested:
        notes.append(f"left out the {test} split, whose labels are not known")
        test, tested = None, set()
    classes = sorted(trained | tested)
    if absent := len(features[label].names) - len(classes):
        notes.append(f"{absent} classes have no images and are left out")
    return label, classes, test, notes
