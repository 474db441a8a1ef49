"""The classifier that measures generated images: small, and trained on real images alone.

The one for MNIST comes with the package; `experiments/classifier/train.py` made it.  For
other data sets one is trained at first use and kept in a cache folder.
"""

import math
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dcgan_tf.data.pipeline import Batches, scale
from dcgan_tf.data.spec import ImageSpec
from dcgan_tf.data.splits import Split
from dcgan_tf.support import arrays, atomic_files, errors
from dcgan_tf.support.progress import say

FOLDER = pathlib.Path(__file__).parent / "classifiers"
# What comes with the package: by the content hash of the training images, the file's name
# and its sha256.
PACKAGED = {
    "b74236c7f4738026eecf04c60652e8424b3e9839cc1ef9de881b17895323a2ce": (
        "mnist.npz",
        "6108961dbc4ef66bbc758bdb8694dd27ca74ad0d2c5a66077d51f66279866984",
    ),
}
FEATURES = 96
SEED = 0
BATCH_SIZE = 128
EPOCHS = 12
LEAST_STEPS = 1_500
MAX_TRANSLATION = 2  # pixels
RATE = 2e-3  # at first; it falls to 0 as a cosine
BLOCK = 500  # images at a time


def network(spec: ImageSpec) -> keras.Model:
    """images [B, H, W, C] in [-1, 1] -> features [B, 96] and logits [B, classes]."""
    images = keras.Input(spec.shape)
    x = layers.MaxPooling2D()(_convolved(images, 32, 5))  # MNIST: [B, 12, 12, 32]
    x = _convolved(_convolved(x, 64, 3), 64, 3)  # MNIST: [B, 8, 8, 64]
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    features = layers.Dense(FEATURES, activation="relu", name="features")(x)
    logits = layers.Dense(spec.classes, name="logits")(features)
    return keras.Model(images, {"features": features, "logits": logits})


def _convolved(x, filters: int, size: int):
    x = layers.Conv2D(filters, size, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def fit(
    split: Split, spec: ImageSpec, *, seed: int, epochs: int, max_translation: int
) -> keras.Model:
    """A network trained on `split`: Adam, a rate that falls to 0, translated images.

    On few images it takes as many epochs more as make LEAST_STEPS.
    """
    keras.utils.set_random_seed(seed)
    model = network(spec)
    batch_size = min(BATCH_SIZE, len(split.labels))
    batches = Batches(split, batch_size, seed=seed, max_translation=max_translation)
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
    """Predicts the classes of images, and gives the features in which they are compared."""

    def __init__(self, model: keras.Model, sha256: str = ""):
        self.sha256 = sha256  # of the file that it was read from
        self._apply = tf.function(
            lambda images: model(scale(images), training=False),
            input_signature=[tf.TensorSpec(model.inputs[0].shape, tf.uint8)],
        )

    def predict(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [N, H, W, C] -> features [N, 96] and probabilities [N, classes]."""
        found = [self._apply(images[rows]) for rows in arrays.blocks(len(images), BLOCK)]
        features = np.concatenate([one["features"] for one in found])
        logits = np.concatenate([one["logits"] for one in found])
        return features, tf.nn.softmax(logits).numpy()


def load(name: str, spec: ImageSpec, train: Split) -> Classifier:
    """The classifier of the data set called `name`, whose training images are `train`.

    It is trained on these where there is none of exactly these images.

    Raises RunError where its file is not what it should be.
    """
    content = train.content_hash()
    if content in PACKAGED:
        file, sha256 = PACKAGED[content]
        return _read(FOLDER / file, spec, sha256)
    path = _cache() / f"{name.replace('/', '_')}_{content[:16]}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f"training a classifier for {name}, once; it is kept in {path.parent}")
        model = fit(train, spec, seed=SEED, epochs=EPOCHS, max_translation=MAX_TRANSLATION)
        save(model, path)
    return _read(path, spec, None)


def save(model: keras.Model, path: pathlib.Path) -> None:
    """Writes the weights, as arrays in the network's order."""
    arrays.write(path, *model.get_weights())


def _read(path: pathlib.Path, spec: ImageSpec, known: str | None) -> Classifier:
    try:
        sha256 = atomic_files.sha256(path)
        if known and sha256 != known:
            raise ValueError("is not the one that came with the package")
        model = network(spec)
        model.set_weights(list(arrays.read(path).values()))
        return Classifier(model, sha256)
    except (OSError, ValueError) as error:
        raise errors.RunError(f"{path}: {errors.first_line(error)}; delete it") from error


def _cache() -> pathlib.Path:
    folder = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return errors.user_path(folder, "XDG_CACHE_HOME") / "dcgan_tf" / "classifiers"
