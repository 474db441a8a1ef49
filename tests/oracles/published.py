"""The five published systems written once more, from their descriptions alone.

Plain Keras layers in float64 and NumPy's arithmetic; nothing of the package is used.
Dropout is left out: the proofs run without it.  Batches are small, networks are whole.
"""

import dataclasses

import keras
import numpy as np
import tensorflow as tf
from keras import layers

DTYPE = "float64"


def bce(logits, targets):
    """Mean binary cross-entropy, by its definition."""
    p = tf.sigmoid(logits)
    targets = tf.cast(tf.reshape(targets, [-1, 1]), DTYPE)
    return -tf.reduce_mean(targets * tf.math.log(p) + (1 - targets) * tf.math.log(1 - p))


def ce(logits, labels, weights=None):
    """Mean cross-entropy of the classes, each image times its weight."""
    p = tf.nn.softmax(logits)
    each = -tf.math.log(tf.reduce_sum(p * tf.one_hot(labels, 10, dtype=DTYPE), axis=1))
    return tf.reduce_mean(each if weights is None else tf.cast(weights, DTYPE) * each)


class Player:
    """A network and its own Adam (Kingma & Ba 2015, algorithm 1, Keras's epsilon)."""

    def __init__(self, name, network, rate, beta_1, log):
        self.name, self.network, self.log = name, network, log
        self.rate, self.beta_1 = rate, beta_1
        # Rounded as the package passes them to TensorFlow's operation.
        self.beta_2, self.epsilon = (float(np.float32(x)) for x in (0.999, 1e-7))
        zeros = [np.zeros(v.shape) for v in network.trainable_variables]
        self.means, self.squares, self.count = zeros, [z.copy() for z in zeros], 0

    def __call__(self, *inputs, training):
        tensors = [tf.convert_to_tensor(value) for value in inputs]
        inputs = tensors[0] if len(tensors) == 1 else tensors
        return self.network(inputs, training=training)

    def move(self, tape, loss):
        variables = self.network.trainable_variables
        slopes = tape.gradient(loss, variables)
        gradients = [tf.convert_to_tensor(slope).numpy() for slope in slopes]
        self.log.append((self.name, gradients))
        self.count += 1
        parts = zip(variables, gradients, self.means, self.squares, strict=True)
        for variable, gradient, mean, square in parts:
            mean += (1 - self.beta_1) * (gradient - mean)
            square += (1 - self.beta_2) * (gradient**2 - square)
            scale = np.sqrt(1 - self.beta_2**self.count) / (1 - self.beta_1**self.count)
            step = self.rate * scale * mean / (np.sqrt(square) + self.epsilon)
            variable.assign(variable.numpy() - step)


@dataclasses.dataclass
class Batch:
    images: np.ndarray
    labels: np.ndarray
    latents: np.ndarray  # of the discriminator's fakes
    fake_labels: np.ndarray
    more_latents: np.ndarray  # of the generator's update, where they are new ones
    more_labels: np.ndarray


def dcgan_tutorial(g, d, batch):
    """Both players from one forward pass; D = BCE_real(1) + BCE_fake(0), a sum."""
    with tf.GradientTape(persistent=True) as tape:
        fakes = g(batch.latents, training=True)
        real, fake = d(batch.images, training=True), d(fakes, training=True)
        of_g = bce(fake, np.ones(len(batch.latents)))
        of_d = bce(real, np.ones(len(batch.images)))
        of_d += bce(fake, np.zeros(len(batch.latents)))
    g.move(tape, of_g)
    d.move(tape, of_d)
    return {"generator/loss": of_g, "discriminator/loss": of_d}


def _keras_example(g, d, batch, *, real_label, weights):
    count = len(batch.images)
    fakes = g(batch.latents, batch.fake_labels, training=False)
    with tf.GradientTape() as tape:
        validity, named = d(tf.concat([batch.images, fakes], 0), training=True)
        targets = [real_label] * count + [0.0] * count
        labels = np.concatenate([batch.labels, batch.fake_labels])
        weighed = [weights[0]] * count + [weights[1]] * count
        of_d = bce(validity, targets) + ce(named, labels, weighed)
    d.move(tape, of_d)
    with tf.GradientTape() as tape:
        fakes = g(batch.more_latents, batch.more_labels, training=True)
        validity, named = d(fakes, training=True)
        adversarial = bce(validity, [real_label] * (2 * count))
        of_class = ce(named, batch.more_labels)
        of_g = adversarial + of_class
    g.move(tape, of_g)
    return {
        "generator/loss": of_g,
        "generator/adversarial": adversarial,
        "generator/class": of_class,
        "discriminator/loss": of_d,
    }


def acgan_keras(g, d, batch):
    """2018: smoothing 0.95, real classes weighed 2 and fake 0, means over 2B."""
    return _keras_example(g, d, batch, real_label=0.95, weights=(2.0, 0.0))


def acgan_keras_2017(g, d, batch):
    """2017: hard targets, the classes of real and fake alike."""
    return _keras_example(g, d, batch, real_label=1.0, weights=(1.0, 1.0))


def acgan_keras_gan(g, d, batch):
    """Two steps of D, real then fake; G on the same latents; D's loss is half the sum."""
    count = len(batch.images)
    fakes = g(batch.latents, batch.fake_labels, training=False)
    of_d = []
    for images, target, labels in (
        (batch.images, 1.0, batch.labels),
        (fakes, 0.0, batch.fake_labels),
    ):
        with tf.GradientTape() as tape:
            validity, named = d(images, training=True)
            of_d.append(bce(validity, [target] * count) + ce(named, labels))
        d.move(tape, of_d[-1])
    frozen = [v.numpy() for v in d.network.non_trainable_variables]
    with tf.GradientTape() as tape:
        fakes = g(batch.latents, batch.fake_labels, training=True)
        validity, named = d(fakes, training=True)
        of_g = bce(validity, [1.0] * count) + ce(named, batch.fake_labels)
    for variable, value in zip(d.network.non_trainable_variables, frozen, strict=True):
        variable.assign(value)
    g.move(tape, of_g)
    return {"generator/loss": of_g, "discriminator/loss": 0.5 * (of_d[0] + of_d[1])}


def cgan_maxout(g, d, batch):
    """The fakes have the real batch's labels; and R1 on the real images, weighed 10."""
    ones, zeros = np.ones(len(batch.images)), np.zeros(len(batch.images))
    images = tf.constant(batch.images)
    with tf.GradientTape(persistent=True) as tape:
        fakes = g(batch.latents, batch.labels, training=True)
        with tf.GradientTape() as inner:
            inner.watch(images)
            real = d(images, batch.labels, training=True)
        norms = tf.reduce_sum(inner.gradient(real, images) ** 2, axis=[1, 2, 3])
        fake = d(fakes, batch.labels, training=True)
        of_g = bce(fake, ones)
        of_d = bce(real, ones) + bce(fake, zeros) + 10 / 2 * tf.reduce_mean(norms)
    g.move(tape, of_g)
    d.move(tape, of_d)
    return {"generator/loss": of_g, "discriminator/loss": of_d}


def tutorial_networks():
    def deconvolution(filters, strides, activation=None):
        options = {"padding": "same", "use_bias": False, "activation": activation}
        return layers.Conv2DTranspose(filters, 5, strides=strides, **options)

    def normalised():
        return [layers.BatchNormalization(), layers.LeakyReLU(0.3)]

    generator = [keras.Input([100]), layers.Dense(7 * 7 * 256, use_bias=False)]
    generator += [*normalised(), layers.Reshape([7, 7, 256])]
    generator += [deconvolution(128, 1), *normalised(), deconvolution(64, 2), *normalised()]
    generator += [deconvolution(1, 2, "tanh")]
    discriminator = [keras.Input([28, 28, 1])]
    for filters in (64, 128):
        discriminator.append(layers.Conv2D(filters, 5, strides=2, padding="same"))
        discriminator.append(layers.LeakyReLU(0.3))
    discriminator += [layers.Flatten(), layers.Dense(1)]
    return keras.Sequential(generator), keras.Sequential(discriminator)


def _embedded():
    latents, label = keras.Input([100]), keras.Input([], dtype="int32")
    return latents, label, layers.Multiply()([latents, layers.Embedding(10, 100)(label)])


def _heads(image, x):
    x = layers.Flatten()(x)
    return keras.Model(image, [layers.Dense(1)(x), layers.Dense(10)(x)])


def _keras_discriminator(slope):
    x = image = keras.Input([28, 28, 1])
    for filters, strides in ((32, 2), (64, 1), (128, 2), (256, 1)):
        x = layers.Conv2D(filters, 3, strides=strides, padding="same")(x)
        x = layers.LeakyReLU(slope)(x)
    return _heads(image, x)


def acgan_keras_networks():
    latents, label, x = _embedded()
    x = layers.Reshape([3, 3, 384])(layers.Dense(3456, activation="relu")(x))
    for filters, strides, padding in ((192, 1, "valid"), (96, 2, "same")):
        x = layers.Conv2DTranspose(filters, 5, strides, padding, activation="relu")(x)
        x = layers.BatchNormalization()(x)
    x = layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="tanh")(x)
    return keras.Model([latents, label], x), _keras_discriminator(0.2)


def acgan_keras_2017_networks():
    latents, label, x = _embedded()
    x = layers.Dense(1024, activation="relu")(x)
    x = layers.Reshape([7, 7, 128])(layers.Dense(6272, activation="relu")(x))
    for filters in (256, 128):
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(filters, 5, padding="same", activation="relu")(x)
    x = layers.Conv2D(1, 2, padding="same", activation="tanh")(x)
    return keras.Model([latents, label], x), _keras_discriminator(0.3)


def acgan_keras_gan_networks():
    latents, label, x = _embedded()
    x = layers.Reshape([7, 7, 128])(layers.Dense(6272, activation="relu")(x))
    x = layers.BatchNormalization(momentum=0.8)(x)
    for filters in (128, 64):
        x = layers.UpSampling2D(2)(x)
        x = layers.ReLU()(layers.Conv2D(filters, 3, padding="same")(x))
        x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.Activation("tanh")(layers.Conv2D(1, 3, padding="same")(x))
    generator = keras.Model([latents, label], x)

    image = keras.Input([28, 28, 1])
    x = layers.LeakyReLU(0.2)(layers.Conv2D(16, 3, strides=2, padding="same")(image))
    x = layers.Conv2D(32, 3, strides=2, padding="same")(x)
    x = layers.LeakyReLU(0.2)(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(64, 3, strides=2, padding="same")(x))
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.LeakyReLU(0.2)(layers.Conv2D(128, 3, strides=1, padding="same")(x))
    return generator, _heads(image, x)


class Maxout(layers.Layer):
    """max over k of x.W + b, one k at a time."""

    def __init__(self, k, units):
        super().__init__()
        self.k, self.units = k, units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units, self.k))
        self.b = self.add_weight(shape=(self.units, self.k))

    def call(self, x):
        largest = x @ self.w[:, :, 0] + self.b[:, 0]
        for index in range(1, self.k):
            largest = tf.maximum(largest, x @ self.w[:, :, index] + self.b[:, index])
        return largest


def cgan_maxout_networks():
    def one_hot(label):
        code = layers.Lambda(lambda x: tf.one_hot(x, 10, dtype=DTYPE), output_shape=(10,))
        return code(label)

    latents, label = keras.Input([100]), keras.Input([], dtype="int32")
    y = layers.ReLU()(layers.BatchNormalization()(layers.Dense(200)(one_hot(label))))
    z = layers.ReLU()(layers.BatchNormalization()(layers.Dense(1000)(latents)))
    x = layers.LeakyReLU(0.2)(layers.Dense(512)(layers.Concatenate()([y, z])))
    x = layers.Dense(784)(layers.BatchNormalization()(x))
    x = layers.Activation("sigmoid")(layers.BatchNormalization()(x))
    images = layers.Lambda(lambda x: 2 * x - 1)(layers.Reshape([28, 28, 1])(x))
    generator = keras.Model([latents, label], images)

    image, label = keras.Input([28, 28, 1]), keras.Input([], dtype="int32")
    x = layers.Flatten()(layers.Lambda(lambda x: (x + 1) / 2)(image))
    x = layers.Concatenate()([Maxout(5, 240)(x), Maxout(5, 50)(one_hot(label))])
    return generator, keras.Model([image, label], layers.Dense(1)(Maxout(4, 240)(x)))


# Networks, update, Adam's rate and beta_1.
SYSTEMS = {
    "dcgan_tutorial": (tutorial_networks, dcgan_tutorial, (1e-4, 0.9)),
    "acgan_keras": (acgan_keras_networks, acgan_keras, (2e-4, 0.5)),
    "acgan_keras_gan": (acgan_keras_gan_networks, acgan_keras_gan, (2e-4, 0.5)),
    "cgan_maxout": (cgan_maxout_networks, cgan_maxout, (1e-3, 0.5)),
    "acgan_keras_2017": (acgan_keras_2017_networks, acgan_keras_2017, (5e-5, 0.5)),
}
