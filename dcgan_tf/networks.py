"""The published generators and discriminators, as functional Keras models.

Ours are in compact.py; what they all keep to stands in parts.py.
"""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf import parts
from dcgan_tf.config import Config
from dcgan_tf.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    MaxoutDense,
    UpsampledConv2D,
)


def tutorial_generator(config: Config) -> keras.Model:
    """DCGAN of the TensorFlow tutorial: 2,330,944 parameters."""
    noise, labels = parts.generator_inputs(config)
    return keras.Model([noise, labels], _tutorial_images(noise, config), name="generator")


def tutorial_discriminator(config: Config) -> keras.Model:
    """DCGAN of the TensorFlow tutorial: 212,865 parameters.  Verdict: logits [B, 1]."""
    images, labels = parts.discriminator_inputs()
    verdict = layers.Dense(1, dtype=floatx())(_tutorial_features(images, config))
    return keras.Model([images, labels], verdict, name="discriminator")


def conditional_generator(config: Config) -> keras.Model:
    """The tutorial's generator, fed with noise that the class's embedding has met."""
    noise, labels = parts.generator_inputs(config)
    x = parts.fused(noise, labels, config, "glorot_normal")
    return keras.Model([noise, labels], _tutorial_images(x, config), name="generator")


def conditional_discriminator(config: Config) -> keras.Model:
    """The tutorial's discriminator, asking for the class as `parts.projected` does.

    Verdict: logits [B, 1].
    """
    images, labels = parts.discriminator_inputs()
    verdict = parts.projected(_tutorial_features(images, config), labels, config)
    return keras.Model([images, labels], verdict, name="discriminator")


def _tutorial_images(x, config: Config):
    x = layers.Dense(7 * 7 * 256, use_bias=False)(x)
    x = BatchNormalization()(x)
    x = layers.LeakyReLU(config.leaky_slope)(x)
    x = layers.Reshape((7, 7, 256))(x)
    for filters, strides in ((128, 1), (64, 2)):
        x = layers.Conv2DTranspose(filters, 5, strides, padding="same", use_bias=False)(
            x
        )  # [B, 7, 7, 128], then [B, 14, 14, 64]
        x = BatchNormalization()(x)
        x = layers.LeakyReLU(config.leaky_slope)(x)
    return layers.Conv2DTranspose(
        1, 5, 2, padding="same", use_bias=False, activation="tanh", dtype=floatx()
    )(x)


def _tutorial_features(x, config: Config):
    for filters, dtype in ((64, floatx()), (128, None)):
        x = Conv2D(filters, 5, 2, padding="same", dtype=dtype)(x)  # [B, 14, 14, 64], ...
        x = layers.LeakyReLU(config.leaky_slope)(x)
        x = Dropout(config.dropout)(x)
    return layers.Flatten()(x)


def maxout_generator(config: Config) -> keras.Model:
    """CGAN of Mirza & Osindero 2014, section 4.1: 1,130,288 parameters.

    The last BatchNormalization stands before the sigmoid, not behind it, where it could
    leave [0, 1]; and 512 units follow the concatenation, where the paper has 1,200.
    """
    noise, labels = parts.generator_inputs(config)
    hidden = []
    for x, units in ((parts.one_hot(labels, config), 200), (noise, 1000)):
        x = BatchNormalization()(Dense(units)(x))
        hidden.append(layers.ReLU()(x))
    x = layers.Concatenate()(hidden)  # [B, 1200]
    x = layers.LeakyReLU(config.leaky_slope)(Dense(512)(x))
    x = BatchNormalization()(x)
    x = BatchNormalization(dtype=floatx())(layers.Dense(28 * 28, dtype=floatx())(x))
    x = layers.Activation("sigmoid", dtype=floatx())(x)
    x = layers.Rescaling(2.0, offset=-1.0, dtype=floatx())(x)
    images = layers.Reshape(parts.IMAGE_SHAPE, dtype=floatx())(x)
    return keras.Model([noise, labels], images, name="generator")


def maxout_discriminator(config: Config) -> keras.Model:
    """CGAN of Mirza & Osindero 2014: 1,224,351 parameters.  Verdict: logits [B, 1]."""
    images, labels = parts.discriminator_inputs()
    seen = layers.Flatten()(layers.Rescaling(0.5, offset=0.5)(images))  # in [0, 1]
    image_features = MaxoutDense(240, k=5)(seen)
    label_features = MaxoutDense(50, k=5)(parts.one_hot(labels, config))
    x = layers.Concatenate()([image_features, label_features])  # [B, 290]
    x = Dropout(config.dropout)(x)
    x = Dropout(config.dropout)(MaxoutDense(240, k=4)(x))
    verdict = layers.Dense(1, dtype=floatx())(x)
    return keras.Model([images, labels], verdict, name="discriminator")


def acgan_generator(config: Config) -> keras.Model:
    """ACGAN of the Keras example, 2018: 2,657,897 parameters, multiplying."""
    noise, labels = parts.generator_inputs(config)
    x = parts.fused(noise, labels, config, "glorot_normal")
    x = Dense(3 * 3 * 384, activation="relu")(x)
    x = layers.Reshape((3, 3, 384))(x)
    for filters, strides, padding in ((192, 1, "valid"), (96, 2, "same")):
        x = Conv2DTranspose(
            filters,
            5,
            strides,
            padding,
            activation="relu",
            kernel_initializer="glorot_normal",
        )(x)  # [B, 7, 7, 192], then [B, 14, 14, 96]
        x = BatchNormalization()(x)
    images = Conv2DTranspose(
        1,
        5,
        2,
        "same",
        activation="tanh",
        kernel_initializer="glorot_normal",
        dtype=floatx(),
    )(x)
    return keras.Model([noise, labels], images, name="generator")


def acgan_discriminator(config: Config) -> keras.Model:
    """ACGAN of the Keras example: 525,835 parameters.  Verdict: see `parts.heads`."""
    images, labels = parts.discriminator_inputs()
    x = images
    for filters, strides, dtype in (
        (32, 2, floatx()),
        (64, 1, None),
        (128, 2, None),
        (256, 1, None),
    ):
        x = Conv2D(filters, 3, strides, padding="same", dtype=dtype)(x)
        x = layers.LeakyReLU(config.leaky_slope)(x)
        x = Dropout(config.dropout)(x)
    verdict = parts.heads(layers.Flatten()(x), config)  # from [B, 12544]
    return keras.Model([images, labels], verdict, name="discriminator")


def batchnorm_generator(config: Config) -> keras.Model:
    """ACGAN of Keras-GAN: 857,705 parameters, multiplying."""
    noise, labels = parts.generator_inputs(config)
    x = parts.fused(noise, labels, config, "uniform")
    x = Dense(7 * 7 * 128, activation="relu")(x)
    x = BatchNormalization(momentum=0.8)(layers.Reshape((7, 7, 128))(x))
    for filters in (128, 64):
        x = layers.UpSampling2D()(x)  # [B, 14, 14, 128], then [B, 28, 28, 128]
        x = Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = BatchNormalization(momentum=0.8)(x)
    images = Conv2D(1, 3, padding="same", activation="tanh", dtype=floatx())(x)
    return keras.Model([noise, labels], images, name="generator")


def batchnorm_discriminator(config: Config) -> keras.Model:
    """ACGAN of Keras-GAN: 120,075 parameters.  Verdict: see `parts.heads`."""
    images, labels = parts.discriminator_inputs()

    def activated(x):
        return Dropout(config.dropout)(layers.LeakyReLU(config.leaky_slope)(x))

    x = Conv2D(16, 3, 2, padding="same", dtype=floatx())(images)
    x = activated(x)  # [B, 14, 14, 16]
    x = Conv2D(32, 3, 2, padding="same")(x)
    x = activated(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))  # [B, 8, 8, 32]
    x = BatchNormalization(momentum=0.8)(x)
    x = activated(Conv2D(64, 3, 2, padding="same")(x))  # [B, 4, 4, 64]
    x = BatchNormalization(momentum=0.8)(x)
    x = activated(Conv2D(128, 3, 1, padding="same")(x))
    verdict = parts.heads(layers.Flatten()(x), config)  # from [B, 2048]
    return keras.Model([images, labels], verdict, name="discriminator")


def upsampling_generator(config: Config) -> keras.Model:
    """ACGAN of the Keras example, 2017: 8,172,521 parameters, multiplying."""
    noise, labels = parts.generator_inputs(config)
    x = parts.fused(noise, labels, config, "glorot_normal")
    x = Dense(1024, activation="relu")(x)
    x = Dense(7 * 7 * 128, activation="relu")(x)
    x = layers.Reshape((7, 7, 128))(x)
    for filters in (256, 128):  # [B, 14, 14, 256], then [B, 28, 28, 128]
        x = UpsampledConv2D(filters, "relu", kernel_initializer="glorot_normal")(x)
    images = Conv2D(
        1,
        2,
        padding="same",
        activation="tanh",
        kernel_initializer="glorot_normal",
        dtype=floatx(),
    )(x)
    return keras.Model([noise, labels], images, name="generator")
