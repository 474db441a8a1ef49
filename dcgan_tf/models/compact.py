"""Our networks, the default of every mode: small enough for two CPU cores."""

import math

import keras
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks, layers


def width(spec: ImageSpec) -> int:
    """The channels of the largest feature map; a map of half its size has twice as many.

    Half as many for images over 32 pixels, whose largest maps take most of a step's time.
    """
    return 32 if max(spec.height, spec.width) <= 32 else 16


def generator(
    spec: ImageSpec,
    latent_dim: int = 100,
    label_fusion: str | None = None,
    subpixel: bool = False,
):
    """A hidden layer, then doublings by 4x4 kernels: for MNIST 1,789,697 parameters.

    label_fusion: how the class is given, see `blocks.fused_inputs` (1,000 parameters more,
    concatenated 26,600); None: the labels are ignored
    subpixel: the first doubling is by 2x2 kernels, 98,304 parameters less; each pixel of
        the map that it doubles depends on the whole latent vector already
    """
    count = spec.doublings()
    smallest, filters = (spec.height >> count, spec.width >> count), width(spec) << count
    inputs, x = blocks.fused_inputs(latent_dim, spec.classes, label_fusion)
    for units in (256, math.prod(smallest) * filters):
        x = keras.layers.Dense(units, use_bias=False)(x)
        x = keras.layers.ReLU()(layers.BatchNormalization()(x))
    x = keras.layers.Reshape((*smallest, filters))(x)  # MNIST: [B, 7, 7, 128]
    options = {"kernel_size": 4, "strides": 2, "padding": "same"}
    for level in range(1, count):
        if subpixel and level == 1:
            x = layers.SubpixelConv2DTranspose(filters >> level)(x)
        else:
            x = keras.layers.Conv2DTranspose(filters >> level, use_bias=False, **options)(x)
        x = keras.layers.ReLU()(layers.BatchNormalization()(x))  # MNIST: [B, 14, 14, 64]
    options |= {"activation": "tanh", "dtype": floatx()}
    images = layers.BiasConv2DTranspose(spec.channels, **options)(x)
    return keras.Model(inputs, images, name="generator")


def discriminator(
    spec: ImageSpec,
    negative_slope: float = 0.2,
    dropout_rate: float = 0.0,
    class_head: str | None = None,
    projection: bool = False,
    class_std: bool = False,
):
    """For MNIST 836,705 parameters; its hidden layer is what sees an image whole.

    projection: it is given the label by `blocks.projection_head`: 2,560 parameters more
    class_head: it has `blocks.acgan_heads`, with a twin 5,140 more
    class_std: it sees by `layers.ClassStd`, 256 parameters more, whether images of a class
        are more alike than real ones
    """
    images, labels = blocks.inputs("images", spec.shape)
    # Made first, so that a seed gives the weights that it gave in version 0.1.
    plain = None if class_head or projection else keras.layers.Dense(1, dtype=floatx())
    x = images
    for level in range(spec.doublings()):  # MNIST: [B, 14, 14, 32], then [B, 7, 7, 64]
        # The first layer in float32: see blocks.
        dtype = None if level else floatx()
        x = layers.BiasConv2D(width(spec) << level, 4, 2, padding="same", dtype=dtype)(x)
        x = blocks.activated(x, negative_slope, dropout_rate)
    x = keras.layers.Flatten()(x)
    if class_std:
        std = layers.ClassStd(spec.classes, dtype=floatx())(x, labels)
        x = keras.layers.Concatenate(dtype=floatx())([x, std])
    x = layers.BiasDense(256)(x)
    x = blocks.activated(x, negative_slope, dropout_rate)
    if plain:
        logits = {"adversarial": plain(x)}
    elif projection:
        logits = blocks.projection_head(x, labels, spec.classes)
    else:
        logits = blocks.acgan_heads(x, spec.classes, class_head)
    return keras.Model([images, labels], logits, name="discriminator")
