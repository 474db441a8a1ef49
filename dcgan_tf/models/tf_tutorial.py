"""The DCGAN tutorial of tensorflow.org, and the same networks given the label."""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import BatchNormalization, BiasConv2D


def generator(
    spec: ImageSpec,
    latent_dim: int = 100,
    negative_slope: float = 0.3,
    label_fusion: str | None = None,
) -> keras.Model:
    """2,330,944 parameters; with label_fusion, which is ours, 1,000 more, multiplying."""
    blocks.require_mnist_shape(spec)
    latents, labels = blocks.generator_inputs(latent_dim)
    x = latents
    if label_fusion:
        x = blocks.fuse_label(latents, labels, spec.classes, label_fusion)
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
    return blocks.generator_model(latents, labels, images)


def discriminator(
    spec: ImageSpec, negative_slope: float = 0.3, dropout_rate: float = 0.3
) -> keras.Model:
    """212,865 parameters."""
    images, labels = blocks.discriminator_inputs(spec)
    # Made first, so that a seed gives the weights that it gave in version 0.1.
    head = layers.Dense(1, dtype=floatx())
    features = _features(images, spec, negative_slope, dropout_rate)
    return blocks.discriminator_model(images, labels, {"adversarial": head(features)})


def projection_discriminator(
    spec: ImageSpec, negative_slope: float = 0.3, dropout_rate: float = 0.3
) -> keras.Model:
    """Given the label by `blocks.projection_head`, which is ours: 275,585 parameters."""
    images, labels = blocks.discriminator_inputs(spec)
    features = _features(images, spec, negative_slope, dropout_rate)
    logits = blocks.projection_head(features, labels, spec.classes)
    return blocks.discriminator_model(images, labels, logits)


def _features(x, spec: ImageSpec, negative_slope: float, dropout_rate: float):
    """[B, 6272]."""
    blocks.require_mnist_shape(spec)
    for filters, dtype in ((64, floatx()), (128, None)):
        # [B, 14, 14, 64], then [B, 7, 7, 128]
        x = BiasConv2D(filters, 5, 2, padding="same", dtype=dtype)(x)
        x = blocks.activated(x, negative_slope, dropout_rate)
    return layers.Flatten()(x)
