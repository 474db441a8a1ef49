"""The ACGAN example of Keras, 2018."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import (
    BatchNormalization,
    BiasConv2D,
    BiasConv2DTranspose,
    BiasDense,
)


def generator(
    spec: ImageSpec, latent_dim: int = 100, label_fusion: str = "multiply"
) -> keras.Model:
    """2,657,897 parameters, multiplying."""
    blocks.require_mnist_shape(spec)
    latents, labels = blocks.generator_inputs(latent_dim)
    x = blocks.fuse_label(latents, labels, spec.classes, label_fusion)
    x = BiasDense(3 * 3 * 384, activation="relu")(x)
    x = layers.Reshape((3, 3, 384))(x)
    normal = {"kernel_initializer": "glorot_normal"}
    # [B, 7, 7, 192], then [B, 14, 14, 96]
    for filters, strides, padding in ((192, 1, "valid"), (96, 2, "same")):
        options = {"activation": "relu", **normal}
        x = BiasConv2DTranspose(filters, 5, strides, padding, **options)(x)
        x = BatchNormalization()(x)
    options = {"activation": "tanh", "dtype": floatx(), **normal}
    images = BiasConv2DTranspose(1, 5, 2, "same", **options)(x)
    return blocks.generator_model(latents, labels, images)


def discriminator(
    spec: ImageSpec,
    negative_slope: float = 0.2,
    dropout_rate: float = 0.3,
    class_head: str = "ac",
) -> keras.Model:
    """525,835 parameters, without a twin."""
    blocks.require_mnist_shape(spec)
    images, labels = blocks.discriminator_inputs(spec)
    x = images
    for filters, strides in ((32, 2), (64, 1), (128, 2), (256, 1)):
        dtype = floatx() if x is images else None
        x = BiasConv2D(filters, 3, strides, padding="same", dtype=dtype)(x)
        x = blocks.activated(x, negative_slope, dropout_rate)
    x = layers.Flatten()(x)  # [B, 12544]
    heads = blocks.acgan_heads(x, spec.classes, class_head)
    return blocks.discriminator_model(images, labels, heads)
