"""The ACGAN example of Keras, 2017: its discriminator is that of 2018."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import BiasConv2D, BiasDense, UpsampledConv2D


def generator(
    spec: ImageSpec, latent_dim: int = 100, label_fusion: str = "multiply"
) -> keras.Model:
    """8,172,521 parameters, multiplying."""
    blocks.require_mnist_shape(spec)
    latents, labels = blocks.generator_inputs(latent_dim)
    x = blocks.fuse_label(latents, labels, spec.classes, label_fusion)
    x = BiasDense(1024, activation="relu")(x)
    x = BiasDense(7 * 7 * 128, activation="relu")(x)
    x = layers.Reshape((7, 7, 128))(x)
    for filters in (256, 128):  # [B, 14, 14, 256], then [B, 28, 28, 128]
        x = UpsampledConv2D(filters, "relu", kernel_initializer="glorot_normal")(x)
    options = {"activation": "tanh", "dtype": floatx(), "padding": "same"}
    images = BiasConv2D(1, 2, kernel_initializer="glorot_normal", **options)(x)
    return blocks.generator_model(latents, labels, images)
