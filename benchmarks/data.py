"""The images that every contender trains on, in a file that needs no framework."""

import pathlib

import numpy as np

IMAGES = 60_000


def write(path: pathlib.Path) -> str:
    """Writes uint8 [60000, 28, 28, 1] and int32 [60000]; returns the data set's name.

    MNIST, or where it is absent the bundled digits over and over: the time of a step does
    not depend on what the images show.
    """
    from dcgan_tf.data import pipeline
    from dcgan_tf.datasets import source

    found = source.find("auto")
    split = pipeline.load(found, "train")
    rows = np.arange(IMAGES) % len(split.labels)
    images, labels = (part.numpy()[rows] for part in (split.images, split.labels))
    np.savez(path, images=images, labels=labels)
    return found.name


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["images"], arrays["labels"]


def floats(path: str) -> tuple[np.ndarray, np.ndarray]:
    """The same with images in [-1, 1], as the published programs hold them."""
    images, labels = load(path)
    return (images.astype("float32") - 127.5) / 127.5, labels
