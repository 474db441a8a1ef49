"""Our networks, the default of every mode: small enough for two CPU cores."""

import math

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


def width(spec: ImageSpec) -> int:
    """The channels of the largest feature map; a map of half its size has twice as many.

    Half as many for images over 32 pixels, whose largest maps take most of a step's time.
    """
    return 32 if max(spec.height, spec.width) <= 32 else 16


def generator(
    spec: ImageSpec, latent_dim: int = 100, label_fusion: str | None = None
) -> keras.Model:
    """A hidden layer, then doublings by 4x4 kernels: for MNIST 1,789,697 parameters.

    label_fusion: how the class is given, see `blocks.fuse_label` (1,000 parameters more,
    concatenated 26,600); None: the labels are ignored
    """
    count = spec.doublings()
    smallest, filters = (spec.height >> count, spec.width >> count), width(spec) << count
    latents, labels = blocks.generator_inputs(latent_dim)
    x = latents
    if label_fusion:
        x = blocks.fuse_label(latents, labels, spec.classes, label_fusion)
    for units in (256, math.prod(smallest) * filters):
        x = layers.Dense(units, use_bias=False)(x)
        x = layers.ReLU()(BatchNormalization()(x))
    x = layers.Reshape((*smallest, filters))(x)  # MNIST: [B, 7, 7, 128]
    for level in range(1, count):
        enlarge = layers.Conv2DTranspose(filters >> level, 4, 2, "same", use_bias=False)
        x = enlarge(x)
        x = layers.ReLU()(BatchNormalization()(x))  # MNIST: [B, 14, 14, 64]
    options = {"activation": "tanh", "dtype": floatx()}
    images = BiasConv2DTranspose(spec.channels, 4, 2, "same", **options)(x)
    return blocks.generator_model(latents, labels, images)


def discriminator(
    spec: ImageSpec, negative_slope: float = 0.2, dropout_rate: float = 0.0
) -> keras.Model:
    """For MNIST 836,705 parameters."""
    images, labels = blocks.discriminator_inputs(spec)
    # Made first, so that a seed gives the weights that it gave in version 0.1.
    head = layers.Dense(1, dtype=floatx())
    features = _features(images, spec, negative_slope, dropout_rate)
    return blocks.discriminator_model(images, labels, {"adversarial": head(features)})


def projection_discriminator(
    spec: ImageSpec, negative_slope: float = 0.2, dropout_rate: float = 0.0
) -> keras.Model:
    """Given the label by `blocks.projection_head`: for MNIST 839,265 parameters."""
    images, labels = blocks.discriminator_inputs(spec)
    features = _features(images, spec, negative_slope, dropout_rate)
    logits = blocks.projection_head(features, labels, spec.classes)
    return blocks.discriminator_model(images, labels, logits)


def acgan_discriminator(
    spec: ImageSpec,
    negative_slope: float = 0.2,
    dropout_rate: float = 0.0,
    class_head: str = "twin",
) -> keras.Model:
    """With `blocks.acgan_heads`: for MNIST 841,845 parameters, with a twin."""
    images, labels = blocks.discriminator_inputs(spec)
    features = _features(images, spec, negative_slope, dropout_rate)
    logits = blocks.acgan_heads(features, spec.classes, class_head)
    return blocks.discriminator_model(images, labels, logits)


def _features(x, spec: ImageSpec, negative_slope: float, dropout_rate: float):
    """[B, 256].  The hidden layer is what sees an image whole."""
    for level in range(spec.doublings()):
        # The first layer in float32: see blocks.
        dtype = None if level else floatx()
        x = BiasConv2D(width(spec) << level, 4, 2, padding="same", dtype=dtype)(x)
        # MNIST: [B, 14, 14, 32], then [B, 7, 7, 64]
        x = blocks.activated(x, negative_slope, dropout_rate)
    x = BiasDense(256)(layers.Flatten()(x))
    return blocks.activated(x, negative_slope, dropout_rate)
