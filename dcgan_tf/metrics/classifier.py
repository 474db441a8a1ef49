"""The classifier that measures generated images: small, and trained on real images alone.

The one for MNIST is in the package; others are trained at first use and kept in a cache.
"""

import dataclasses
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dcgan_tf.data.pipeline import Batches, Split, scale
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics import image_sets
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.models.layers import BatchNormalization
from dcgan_tf.support import arrays, atomic_files, errors, tf_setup
from dcgan_tf.support.progress import bar, say

MNIST = pathlib.Path(__file__).parent / "classifiers" / "mnist.npz"
# The files that come with the package, by the content hash of the training images.
PACKAGED = {"b74236c7f4738026eecf04c60652e8424b3e9839cc1ef9de881b17895323a2ce": MNIST}
FEATURES = 96
SEED = 0
EPOCHS = 5
LEAST_STEPS, MOST_STEPS = 1_000, 2_345  # the latter: five epochs of 60,000 images
BLOCK = 500  # images at a time
PSEUDO_IMAGES = 10_000  # that k-means is fitted to, at most


def network(spec: ImageSpec, precision: str = "float32") -> keras.Model:
    """images [B, H, W, C] in [-1, 1] -> features [B, 96] and logits [B, classes].

    The first layer takes images of over 32 pixels in strides of 2, of over 64 in strides of
    4, so that all maps are at most those of 32 pixels, and so is the time.
    precision: of the convolutions
    """

    def convolve(x, filters: int, size: int, stride: int = 1):
        x = layers.Conv2D(filters, size, stride, use_bias=False)(x)
        return layers.ReLU()(BatchNormalization(momentum=0.9)(x))

    stride = 1
    while max(spec.height, spec.width) > 32 * stride:
        stride *= 2
    with tf_setup.building(SEED, precision):
        images = keras.Input(spec.shape)
        x = layers.MaxPooling2D()(convolve(images, 32, 5, stride))  # MNIST: [B, 12, 12, 32]
        x = convolve(convolve(x, 64, 3), 64, 3)  # MNIST: [B, 8, 8, 64]
        x = layers.Flatten()(layers.MaxPooling2D()(x))
        options = {"dtype": keras.config.floatx()}
        x = layers.Dense(FEATURES, activation="relu", name="features", **options)(x)
        logits = layers.Dense(spec.classes, name="logits", **options)(x)
    return keras.Model(images, {"features": x, "logits": logits})


def length(images: int, epochs: int) -> tuple[int, int]:
    """Returns the batch size and the steps of a training on so many images.

    Of images of 64x64x3 1,000 batches of 32 take 22 s of a processor, 1,500 batches of 128
    take 99 s, and recognise no more held-out images (experiments/LOG.md).
    """
    batch_size = min(128 if images >= 10_000 else 32, images)
    steps = epochs * (images // batch_size)
    return batch_size, min(max(steps, LEAST_STEPS), MOST_STEPS)


def fit(
    split: Split, spec: ImageSpec, epochs: int, max_translation: int = 2
) -> keras.Model:
    """Trains a network on `split`: Adam, a rate that falls to 0, translated images.

    It is trained in what --precision=auto means here, and returned in float32.

    epochs: as many more or fewer as `length` gives
    max_translation: in pixels
    """
    model = network(spec, tf_setup.auto_precision())
    batch_size, steps = length(len(split.labels), epochs)
    batches = Batches(split, batch_size, seed=SEED, max_translation=max_translation)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss={"logits": loss})
    targets = batches.stream().map(lambda images, labels: (images, {"logits": labels}))
    progress = bar(None, "training a classifier", steps)
    advance = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: progress.update()
    )
    # The batches are shuffled already.
    model.fit(targets, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[advance])
    progress.close()
    exact = network(spec)
    exact.set_weights(model.get_weights())
    return exact


class Classifier:
    """Predicts the classes of images, and gives the features in which they are compared.

    sha256: of the file that the network was read from
    """

    def __init__(self, model: keras.Model, sha256: str = ""):
        self.sha256 = sha256
        self._apply = tf.function(
            lambda images: model(scale(images), training=False),
            input_signature=[tf.TensorSpec(model.inputs[0].shape, tf.uint8)],
        )

    def predict(self, images: np.ndarray | Images) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [N, H, W, C] -> features [N, 96] and probabilities [N, classes]."""
        blocks = bar(list(arrays.blocks(len(images), BLOCK)), "classifying")
        outputs = [self._apply(images[rows]) for rows in blocks]
        features, logits = (
            np.concatenate([output[name] for output in outputs])
            for name in ("features", "logits")
        )
        return features, tf.nn.softmax(logits).numpy()

    def accuracy(self, images: Images) -> float:
        """Returns the share of images whose label it predicts."""
        _, probabilities = self.predict(images)
        return float(np.mean(images.labels == probabilities.argmax(axis=1)))


def load(name: str, spec: ImageSpec, train: Split, test: Split) -> Classifier:
    """Returns the classifier of the data set `name`, whose splits are `train` and `test`.

    It is trained where there is none of exactly these training images.  Images without
    classes are given pseudo-classes first: of their classifier the features alone count.
    """
    content = train.content_hash()
    cached = errors.cache_folder() / "classifiers" / f"{content[:32]}.npz"
    path = PACKAGED.get(content, cached)
    labelled, kind = spec.classes > 1, "classifier"
    if not labelled:
        classes = max(2, min(20, len(train.labels) // 10))  # of ten images at least
        spec = dataclasses.replace(spec, classes=classes)
        kind = f"classifier of {classes} pseudo-classes"
    if not os.path.exists(path):
        say(f"training a {kind} for {name}, once; kept in {path.parent}")
        split = train if labelled else with_pseudo_classes(train, spec.classes)
        model = fit(split, spec, EPOCHS)
        if labelled:
            accuracy = Classifier(model).accuracy(image_sets.of_test(test))
            say(f"its accuracy on test images: {accuracy:.1%}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            arrays.write(path, *model.get_weights())
        except OSError as error:
            say(f"warning: not kept: {errors.first_line(error)}; set XDG_CACHE_HOME")
            return Classifier(model)
    model = network(spec)
    try:
        model.set_weights(list(arrays.read(path).values()))
    except ValueError as error:
        raise errors.RunError(f"{path}: {errors.first_line(error)}; delete it") from error
    return Classifier(model, atomic_files.sha256(path))


def with_pseudo_classes(split: Split, count: int) -> Split:
    """Gives images labels, int32 [N]: the clusters of their pixels by k-means."""
    from sklearn import cluster, decomposition, pipeline  # which takes a second

    images = split.array()
    sample = image_sets.evenly(len(images), PSEUDO_IMAGES)
    blocks = arrays.blocks(len(sample), BLOCK)
    pixels = np.concatenate([_shrunk(images[sample[rows]]) for rows in blocks])
    clusters = pipeline.make_pipeline(
        decomposition.PCA(min(50, *pixels.shape), random_state=SEED),
        cluster.KMeans(count, n_init=4, random_state=SEED),
    ).fit(pixels)
    blocks = arrays.blocks(len(images), BLOCK)
    labels = np.concatenate([clusters.predict(_shrunk(images[rows])) for rows in blocks])
    return Split(split.images, tf.constant(labels, tf.int32))


def _shrunk(images: np.ndarray) -> np.ndarray:
    """uint8 [B, H, W, C] -> float32 [B, pixels], of large images the means of squares."""
    count, height, width, channels = images.shape
    side = -(-max(height, width) // 32)
    down, across = height // side, width // side
    squares = images[:, : down * side, : across * side]
    squares = squares.reshape(count, down, side, across, side, channels)
    return squares.mean(axis=(2, 4), dtype=np.float32).reshape(count, -1)
