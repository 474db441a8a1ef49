"""The ACGAN of Keras-GAN: BatchNorm in both networks."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import (
    BatchNormalization,
    BiasConv2D,
    BiasDense,
    UpSampling2D,
)


def generator(
    spec: ImageSpec, latent_dim: int = 100, label_fusion: str = "multiply"
) -> keras.Model:
    """857,705 parameters, multiplying."""
    blocks.require_mnist_shape(spec)
    latents, labels = blocks.generator_inputs(latent_dim)
    x = blocks.fuse_label(latents, labels, spec.classes, label_fusion, "uniform")
    x = BiasDense(7 * 7 * 128, activation="relu")(x)
    x = BatchNormalization(momentum=0.8)(layers.Reshape((7, 7, 128))(x))
    for filters in (128, 64):
        x = UpSampling2D()(x)  # [B, 14, 14, 128], then [B, 28, 28, 128]
        x = BiasConv2D(filters, 3, padding="same", activation="relu")(x)
        x = BatchNormalization(momentum=0.8)(x)
    images = BiasConv2D(1, 3, padding="same", activation="tanh", dtype=floatx())(x)
    return blocks.generator_model(latents, labels, images)


def discriminator(
    spec: ImageSpec,
    negative_slope: float = 0.2,
    dropout_rate: float = 0.25,
    class_head: str = "ac",
) -> keras.Model:
    """120,075 parameters, without a twin."""
    blocks.require_mnist_shape(spec)
    images, labels = blocks.discriminator_inputs(spec)

    def activated(x):
        return blocks.activated(x, negative_slope, dropout_rate)

    x = BiasConv2D(16, 3, 2, padding="same", dtype=floatx())(images)
    x = activated(x)  # [B, 14, 14, 16]
    x = BiasConv2D(32, 3, 2, padding="same")(x)
    x = activated(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))  # [B, 8, 8, 32]
    x = BatchNormalization(momentum=0.8)(x)
    x = activated(BiasConv2D(64, 3, 2, padding="same")(x))  # [B, 4, 4, 64]
    x = BatchNormalization(momentum=0.8)(x)
    x = activated(BiasConv2D(128, 3, 1, padding="same")(x))
    x = layers.Flatten()(x)  # [B, 2048]
    heads = blocks.acgan_heads(x, spec.classes, class_head)
    return blocks.discriminator_model(images, labels, heads)
