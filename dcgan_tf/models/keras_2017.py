"""The ACGAN example of Keras, 2017: its discriminator is that of 2018."""

import keras
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks, layers


def generator(spec: ImageSpec, latent_dim: int = 100, label_fusion: str = "multiply"):
    """8,172,521 parameters, multiplying."""
    latents, labels = blocks.generator_inputs(latent_dim)
    x = blocks.fuse_label(latents, labels, spec.classes, label_fusion)
    x = layers.BiasDense(1024, activation="relu")(x)
    x = layers.BiasDense(7 * 7 * 128, activation="relu")(x)
    x = keras.layers.Reshape((7, 7, 128))(x)
    normal = {"kernel_initializer": "glorot_normal"}
    for filters in (256, 128):  # [B, 14, 14, 256], then [B, 28, 28, 128]
        x = layers.UpsampledConv2D(filters, "relu", **normal)(x)
    options = {"activation": "tanh", "dtype": floatx(), "padding": "same", **normal}
    images = layers.BiasConv2D(1, 2, **options)(x)
    return keras.Model([latents, labels], images, name="generator")
