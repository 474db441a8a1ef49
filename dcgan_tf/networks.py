"""The generators and discriminators of the published systems, as functional Keras models.

Every generator takes [noise [B, Z], labels [B]] and returns images [B, 28, 28, 1] in
[-1, 1]; every discriminator takes [images, labels] and returns its verdict, in logits.
A network that has no use for labels leaves that input unconnected.
"""

import keras
from keras import layers

from dcgan_tf.config import Config
from dcgan_tf.layers import MaxoutDense

IMAGE_SHAPE = (28, 28, 1)


def tutorial_generator(config: Config) -> keras.Model:
    """DCGAN of the TensorFlow tutorial: 2,330,944 parameters."""
    noise, labels = _generator_inputs(config)
    x = layers.Dense(7 * 7 * 256, use_bias=False)(noise)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU(config.leaky_slope)(x)
    x = layers.Reshape((7, 7, 256))(x)
    for filters, strides in ((128, 1), (64, 2)):
        x = layers.Conv2DTranspose(filters, 5, strides, padding="same", use_bias=False)(
            x
        )  # [B, 7, 7, 128], then [B, 14, 14, 64]
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU(config.leaky_slope)(x)
    images = layers.Conv2DTranspose(
        1, 5, 2, padding="same", use_bias=False, activation="tanh"
    )(x)
    return keras.Model([noise, labels], images, name="generator")


def tutorial_discriminator(config: Config) -> keras.Model:
    """DCGAN of the TensorFlow tutorial: 212,865 parameters.  Verdict: logits [B, 1]."""
    images, labels = _discriminator_inputs()
    x = images
    for filters in (64, 128):
        x = layers.Conv2D(filters, 5, 2, padding="same")(x)  # [B, 14, 14, 64], ...
        x = layers.LeakyReLU(config.leaky_slope)(x)
        x = layers.Dropout(config.dropout)(x)
    verdict = layers.Dense(1)(layers.Flatten()(x))
    return keras.Model([images, labels], verdict, name="discriminator")


def maxout_generator(config: Config) -> keras.Model:
    """CGAN of Mirza & Osindero 2014, section 4.1: 1,130,288 parameters.

    The last BatchNormalization stands before the sigmoid, not behind it, where it could
    leave [0, 1]; and 512 units follow the concatenation, where the paper has 1,200.
    """
    noise, labels = _generator_inputs(config)
    hidden = []
    for x, units in ((_one_hot(labels, config), 200), (noise, 1000)):
        x = layers.BatchNormalization()(layers.Dense(units)(x))
        hidden.append(layers.ReLU()(x))
    x = layers.Concatenate()(hidden)  # [B, 1200]
    x = layers.LeakyReLU(config.leaky_slope)(layers.Dense(512)(x))
    x = layers.BatchNormalization()(x)
    x = layers.BatchNormalization()(layers.Dense(28 * 28)(x))
    x = layers.Activation("sigmoid")(x)
    images = layers.Reshape(IMAGE_SHAPE)(layers.Rescaling(2.0, offset=-1.0)(x))
    return keras.Model([noise, labels], images, name="generator")


def maxout_discriminator(config: Config) -> keras.Model:
    """CGAN of Mirza & Osindero 2014: 1,224,351 parameters.  Verdict: logits [B, 1]."""
    images, labels = _discriminator_inputs()
    seen = layers.Flatten()(layers.Rescaling(0.5, offset=0.5)(images))  # in [0, 1]
    image_features = MaxoutDense(240, k=5)(seen)
    label_features = MaxoutDense(50, k=5)(_one_hot(labels, config))
    x = layers.Concatenate()([image_features, label_features])  # [B, 290]
    x = layers.Dropout(config.dropout)(x)
    x = layers.Dropout(config.dropout)(MaxoutDense(240, k=4)(x))
    return keras.Model([images, labels], layers.Dense(1)(x), name="discriminator")


def acgan_generator(config: Config) -> keras.Model:
    """ACGAN of the Keras example, 2018: 2,657,897 parameters.

    The class's embedding multiplies the noise.
    """
    noise, labels = _generator_inputs(config)
    embedding = layers.Embedding(
        config.classes, config.noise_size, embeddings_initializer="glorot_normal"
    )(labels)  # [B, Z]
    x = layers.Multiply()([noise, embedding])
    x = layers.Dense(3 * 3 * 384, activation="relu")(x)
    x = layers.Reshape((3, 3, 384))(x)
    for filters, strides, padding in ((192, 1, "valid"), (96, 2, "same")):
        x = layers.Conv2DTranspose(
            filters,
            5,
            strides,
            padding,
            activation="relu",
            kernel_initializer="glorot_normal",
        )(x)  # [B, 7, 7, 192], then [B, 14, 14, 96]
        x = layers.BatchNormalization()(x)
    images = layers.Conv2DTranspose(
        1, 5, 2, "same", activation="tanh", kernel_initializer="glorot_normal"
    )(x)
    return keras.Model([noise, labels], images, name="generator")


def acgan_discriminator(config: Config) -> keras.Model:
    """ACGAN of the Keras example: 525,835 parameters.

    Verdict: a dict of logits, "generation" [B, 1] (real or fake) and "auxiliary"
    [B, classes].
    """
    images, labels = _discriminator_inputs()
    x = images
    for filters, strides in ((32, 2), (64, 1), (128, 2), (256, 1)):
        x = layers.Conv2D(filters, 3, strides, padding="same")(x)
        x = layers.LeakyReLU(config.leaky_slope)(x)
        x = layers.Dropout(config.dropout)(x)
    x = layers.Flatten()(x)  # [B, 12544]
    verdict = {
        "generation": layers.Dense(1, name="generation")(x),
        "auxiliary": layers.Dense(config.classes, name="auxiliary")(x),
    }
    return keras.Model([images, labels], verdict, name="discriminator")


def _generator_inputs(config: Config):
    noise = keras.Input((config.noise_size,), name="noise")
    return noise, keras.Input((), dtype="int32", name="labels")


def _discriminator_inputs():
    images = keras.Input(IMAGE_SHAPE, name="images")
    return images, keras.Input((), dtype="int32", name="labels")


def _one_hot(labels, config: Config):
    encode = layers.CategoryEncoding(config.classes, output_mode="one_hot")
    return encode(layers.Reshape((1,))(labels))  # [B, classes]
