"""The conditional GAN of Mirza & Osindero 2014: dense networks, maxout in one of them."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import BatchNormalization, BiasDense, Dropout, MaxoutDense


def generator(spec: ImageSpec, latent_dim: int = 100, negative_slope: float = 0.2):
    """Section 4.1: 1,130,288 parameters.

    The last BatchNormalization stands before the sigmoid, not behind it, where it could
    leave [0, 1]; and 512 units follow the concatenation, where the paper has 1,200.
    """
    latents, labels = blocks.inputs("latents", (latent_dim,))
    hidden = []
    for x, units in ((blocks.one_hot(labels, spec.classes), 200), (latents, 1000)):
        x = BatchNormalization()(BiasDense(units)(x))
        hidden.append(layers.ReLU()(x))
    x = layers.Concatenate()(hidden)  # [B, 1200]
    x = layers.LeakyReLU(negative_slope)(BiasDense(512)(x))
    x = BatchNormalization()(x)
    x = BatchNormalization(dtype=floatx())(layers.Dense(28 * 28, dtype=floatx())(x))
    x = layers.Activation("sigmoid", dtype=floatx())(x)
    x = layers.Rescaling(2.0, offset=-1.0, dtype=floatx())(x)
    images = layers.Reshape(spec.shape, dtype=floatx())(x)
    return keras.Model([latents, labels], images, name="generator")


def discriminator(spec: ImageSpec, dropout_rate: float = 0.0):
    """1,224,351 parameters; given the label as a one-hot vector."""
    images, labels = blocks.inputs("images", spec.shape)
    x = layers.Flatten()(layers.Rescaling(0.5, offset=0.5)(images))  # in [0, 1]
    x = MaxoutDense(240, k=5)(x)
    label_features = MaxoutDense(50, k=5)(blocks.one_hot(labels, spec.classes))
    x = layers.Concatenate()([x, label_features])  # [B, 290]
    x = Dropout(dropout_rate)(x)
    x = Dropout(dropout_rate)(MaxoutDense(240, k=4)(x))
    logits = {"adversarial": layers.Dense(1, dtype=floatx())(x)}
    return keras.Model([images, labels], logits, name="discriminator")
