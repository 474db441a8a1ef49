"""The ACGAN of Keras-GAN: BatchNorm in both networks."""

import keras
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks, layers


def generator(spec: ImageSpec, latent_dim: int = 100, label_fusion: str = "multiply"):
    """857,705 parameters, multiplying."""
    inputs, x = blocks.fused_inputs(latent_dim, spec.classes, label_fusion, "uniform")
    x = layers.BiasDense(7 * 7 * 128, activation="relu")(x)
    x = layers.BatchNormalization(momentum=0.8)(keras.layers.Reshape((7, 7, 128))(x))
    for filters in (128, 64):
        x = layers.UpSampling2D()(x)  # [B, 14, 14, 128], then [B, 28, 28, 128]
        x = layers.BiasConv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.BatchNormalization(momentum=0.8)(x)
    options = {"activation": "tanh", "dtype": floatx(), "padding": "same"}
    images = layers.BiasConv2D(1, 3, **options)(x)
    return keras.Model(inputs, images, name="generator")


def discriminator(
    spec: ImageSpec, negative_slope=0.2, dropout_rate=0.25, class_head: str = "ac"
):
    """120,075 parameters, without a twin."""
    images, labels = blocks.inputs("images", spec.shape)
    x = images
    # [B, 14, 14, 16], [B, 8, 8, 32], [B, 4, 4, 64], [B, 4, 4, 128]
    for filters, strides in ((16, 2), (32, 2), (64, 2), (128, 1)):
        dtype = floatx() if x is images else None
        x = layers.BiasConv2D(filters, 3, strides, padding="same", dtype=dtype)(x)
        if filters == 32:
            x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
        x = blocks.activated(x, negative_slope, dropout_rate)
        if filters in (32, 64):
            x = layers.BatchNormalization(momentum=0.8)(x)
    x = keras.layers.Flatten()(x)  # [B, 2048]
    logits = blocks.acgan_heads(x, spec.classes, class_head)
    return keras.Model([images, labels], logits, name="discriminator")
