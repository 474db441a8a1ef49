"""The ACGAN examples of Keras, 2018 and 2017: two generators, one discriminator."""

import keras
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks, layers


def generator_2018(spec: ImageSpec, latent_dim=100, label_fusion: str = "multiply"):
    """2,657,897 parameters, multiplying."""
    inputs, x = blocks.fused_inputs(latent_dim, spec.classes, label_fusion)
    x = layers.BiasDense(3 * 3 * 384, activation="relu")(x)
    x = keras.layers.Reshape((3, 3, 384))(x)
    normal = {"kernel_initializer": "glorot_normal"}
    # [B, 7, 7, 192], then [B, 14, 14, 96]
    for filters, strides, padding in ((192, 1, "valid"), (96, 2, "same")):
        options = {"activation": "relu", **normal}
        x = layers.BiasConv2DTranspose(filters, 5, strides, padding, **options)(x)
        x = layers.BatchNormalization()(x)
    options = {"activation": "tanh", "dtype": floatx(), **normal}
    images = layers.BiasConv2DTranspose(1, 5, 2, "same", **options)(x)
    return keras.Model(inputs, images, name="generator")


def generator_2017(spec: ImageSpec, latent_dim=100, label_fusion: str = "multiply"):
    """8,172,521 parameters, multiplying."""
    inputs, x = blocks.fused_inputs(latent_dim, spec.classes, label_fusion)
    x = layers.BiasDense(1024, activation="relu")(x)
    x = layers.BiasDense(7 * 7 * 128, activation="relu")(x)
    x = keras.layers.Reshape((7, 7, 128))(x)
    normal = {"kernel_initializer": "glorot_normal"}
    for filters in (256, 128):  # [B, 14, 14, 256], then [B, 28, 28, 128]
        x = layers.UpsampledConv2D(filters, "relu", **normal)(x)
    options = {"activation": "tanh", "dtype": floatx(), "padding": "same", **normal}
    images = layers.BiasConv2D(1, 2, **options)(x)
    return keras.Model(inputs, images, name="generator")


def discriminator(
    spec: ImageSpec, negative_slope=0.2, dropout_rate=0.3, class_head: str = "ac"
):
    """525,835 parameters, without a twin."""
    images, labels = blocks.inputs("images", spec.shape)
    x = images
    for filters, strides in ((32, 2), (64, 1), (128, 2), (256, 1)):
        dtype = floatx() if x is images else None
        x = layers.BiasConv2D(filters, 3, strides, padding="same", dtype=dtype)(x)
        x = blocks.activated(x, negative_slope, dropout_rate)
    x = keras.layers.Flatten()(x)  # [B, 12544]
    logits = blocks.acgan_heads(x, spec.classes, class_head)
    return keras.Model([images, labels], logits, name="discriminator")
