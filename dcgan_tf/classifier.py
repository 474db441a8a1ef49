"""The judge of generated images: a small classifier that has seen real images alone.

The one for MNIST comes with the package; `experiments/classifier/train.py` made it.  For
other data sets one is trained at first use and kept in a cache folder.
"""

import hashlib
import math
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dcgan_tf import datasets, errors, files
from dcgan_tf.data import Batches, scaled
from dcgan_tf.datasets import Split
from dcgan_tf.progress import say

FOLDER = pathlib.Path(__file__).parent / "classifiers"
SHA256 = {
    "mnist": "6108961dbc4ef66bbc758bdb8694dd27ca74ad0d2c5a66077d51f66279866984",
}  # of what comes with the package
FEATURES = 96
SEED = 0
BATCH_SIZE = 128
EPOCHS = 12
LEAST_STEPS = 1_500
SHIFT = 2  # pixels
RATE = 2e-3  # at first; it falls to 0 as a cosine
BLOCK = 500  # images at a time


def network(classes: int) -> keras.Model:
    """images [B, 28, 28, 1] in [-1, 1] -> features [B, 96] and logits [B, classes]."""
    images = keras.Input(datasets.IMAGE_SHAPE)
    x = layers.MaxPooling2D()(_convolved(images, 32, 5))  # [B, 12, 12, 32]
    x = _convolved(_convolved(x, 64, 3), 64, 3)  # [B, 8, 8, 64]
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    features = layers.Dense(FEATURES, activation="relu", name="features")(x)
    logits = layers.Dense(classes, name="logits")(features)
    return keras.Model(images, {"features": features, "logits": logits})


def _convolved(x, filters: int, size: int):
    x = layers.Conv2D(filters, size, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def fit(split: Split, classes: int, *, seed: int, epochs: int, shift: int) -> keras.Model:
    """A network trained on `split`: Adam, a rate that falls to 0, images that shift.

    On few images it takes as many epochs more as make LEAST_STEPS.
    """
    keras.utils.set_random_seed(seed)
    model = network(classes)
    batch_size = min(BATCH_SIZE, len(split.labels))
    batches = Batches(split, batch_size, seed=seed, shift=shift)
    epochs = max(epochs, math.ceil(LEAST_STEPS / batches.per_epoch))
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * batches.per_epoch)
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss={"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    )
    targets = batches.stream().map(lambda images, labels: (images, {"logits": labels}))
    model.fit(
        targets,
        steps_per_epoch=batches.per_epoch,
        epochs=epochs,
        shuffle=False,  # they are
        verbose=0,
    )
    return model


class Classifier:
    """Names images, and gives the features in which they are compared."""

    def __init__(self, model: keras.Model, sha256: str = ""):
        self.sha256 = sha256  # of the file that it was read from
        self._apply = tf.function(
            lambda images: model(scaled(images), training=False),
            input_signature=[tf.TensorSpec([None, *datasets.IMAGE_SHAPE], tf.uint8)],
        )

    def judge(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [N, 28, 28, 1] -> features [N, 96] and probabilities [N, classes]."""
        starts = range(0, len(images), BLOCK)
        found = [self._apply(images[start : start + BLOCK]) for start in starts]
        features = np.concatenate([one["features"] for one in found])
        logits = np.concatenate([one["logits"] for one in found])
        return features, tf.nn.softmax(logits).numpy()


def load(name: str, classes: int, data: Split | None) -> Classifier:
    """The classifier for the data set called `name`; trained on `data` where there is none.

    Raises RunError where its file is not what it should be.
    """
    packaged = FOLDER / f"{name}.npz"
    path = packaged if name in SHA256 else _cache() / f"{name.replace('/', '_')}.npz"
    if name not in SHA256 and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f"training a classifier for {name}, once; it is kept in {path.parent}")
        made = fit(data, classes, seed=SEED, epochs=EPOCHS, shift=SHIFT)
        save(made, path)
    return _read(path, classes, SHA256.get(name))


def save(model: keras.Model, path: pathlib.Path) -> None:
    """Writes the weights, as arrays in the network's order."""
    with files.replacing(path) as temporary:
        np.savez_compressed(temporary, *model.get_weights())


def _read(path: pathlib.Path, classes: int, known: str | None) -> Classifier:
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if known and sha256 != known:
            raise ValueError("is not the one that came with the package")
        model = network(classes)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            model.set_weights([arrays[name] for name in arrays.files])
        return Classifier(model, sha256)
    except files.NO_ARRAYS as error:
        raise errors.RunError(f"{path}: {errors.first_line(error)}; delete it") from error


def _cache() -> pathlib.Path:
    folder = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(folder).expanduser() / "dcgan_tf" / "classifiers"
