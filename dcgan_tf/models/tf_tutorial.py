"""The DCGAN tutorial of tensorflow.org, and the same networks given the label."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import BatchNormalization, BiasConv2D


def generator(
    spec: ImageSpec, latent_dim=100, negative_slope=0.3, label_fusion: str | None = None
):
    """2,330,944 parameters; with label_fusion, which is ours, 1,000 more, multiplying."""
    inputs, x = blocks.fused_inputs(latent_dim, spec.classes, label_fusion)
    x = layers.Dense(7 * 7 * 256, use_bias=False)(x)
    x = layers.LeakyReLU(negative_slope)(BatchNormalization()(x))
    x = layers.Reshape((7, 7, 256))(x)
    options = {"padding": "same", "use_bias": False}
    # [B, 7, 7, 128], then [B, 14, 14, 64]
    for filters, strides in ((128, 1), (64, 2)):
        x = layers.Conv2DTranspose(filters, 5, strides, **options)(x)
        x = layers.LeakyReLU(negative_slope)(BatchNormalization()(x))
    options |= {"activation": "tanh", "dtype": floatx()}
    images = layers.Conv2DTranspose(1, 5, 2, **options)(x)
    return keras.Model(inputs, images, name="generator")


def discriminator(
    spec: ImageSpec, negative_slope=0.3, dropout_rate=0.3, projection: bool = False
):
    """212,865 parameters.

    projection: it is given the label by `blocks.projection_head`, which is ours: 275,585
    """
    images, labels = blocks.inputs("images", spec.shape)
    # Made first, so that a seed gives the weights that it gave in version 0.1.
    plain = None if projection else layers.Dense(1, dtype=floatx())
    x = images
    # [B, 14, 14, 64], then [B, 7, 7, 128]
    for filters, dtype in ((64, floatx()), (128, None)):
        x = BiasConv2D(filters, 5, 2, padding="same", dtype=dtype)(x)
        x = blocks.activated(x, negative_slope, dropout_rate)
    x = layers.Flatten()(x)  # [B, 6272]
    if projection:
        logits = blocks.projection_head(x, labels, spec.classes)
    else:
        logits = {"adversarial": plain(x)}
    return keras.Model([images, labels], logits, name="discriminator")
