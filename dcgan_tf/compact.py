"""Our networks, the default of every mode: small enough for two CPU cores."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf import parts
from dcgan_tf.config import Config
from dcgan_tf.layers import BatchNormalization, Conv2D, Conv2DTranspose, Dense, Dropout


def generator(config: Config) -> keras.Model:
    """A hidden layer, then two doublings by 4x4 kernels: 1,789,697 parameters.

    Where classes are asked for 1,000 more, multiplying.
    """
    noise, labels = parts.generator_inputs(config)
    x = parts.fused(noise, labels, config, "glorot_normal") if config.conditional else noise
    for units in (256, 7 * 7 * 128):
        x = layers.Dense(units, use_bias=False)(x)
        x = layers.ReLU()(BatchNormalization()(x))
    x = layers.Reshape((7, 7, 128))(x)
    x = layers.Conv2DTranspose(64, 4, 2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(BatchNormalization()(x))  # [B, 14, 14, 64]
    images = Conv2DTranspose(1, 4, 2, "same", activation="tanh", dtype=floatx())(x)
    return keras.Model([noise, labels], images, name="generator")


def discriminator(config: Config) -> keras.Model:
    """836,705 parameters.  Verdict: logits [B, 1]."""
    images, labels = parts.discriminator_inputs()
    verdict = layers.Dense(1, dtype=floatx())(_features(images, config))
    return keras.Model([images, labels], verdict, name="discriminator")


def projection_discriminator(config: Config) -> keras.Model:
    """With `parts.projected`: 839,265 parameters.  Verdict: logits [B, 1]."""
    images, labels = parts.discriminator_inputs()
    verdict = parts.projected(_features(images, config), labels, config)
    return keras.Model([images, labels], verdict, name="discriminator")


def auxiliary_discriminator(config: Config) -> keras.Model:
    """Naming the class: 841,845 parameters, with a twin.  Verdict: see `parts.heads`."""
    images, labels = parts.discriminator_inputs()
    verdict = parts.heads(_features(images, config), config)
    return keras.Model([images, labels], verdict, name="discriminator")


def _features(x, config: Config):
    """[B, 256].  The hidden layer is what sees an image whole."""

    def activated(x):
        return Dropout(config.dropout)(layers.LeakyReLU(config.leaky_slope)(x))

    x = Conv2D(32, 4, 2, padding="same", dtype=floatx())(x)
    x = Conv2D(64, 4, 2, padding="same")(activated(x))  # [B, 7, 7, 64]
    x = Dense(256)(layers.Flatten()(activated(x)))
    return activated(x)
