"""Our networks for images of 48 to 128 pixels: textures need convolutions at full size.

The discriminator is residual and the generator adds up images of three sizes, as in
StyleGAN2 (Karras et al. 2020, section 4.1).  A transposed convolution that ends a
generator leaves noise of single pixels, which `compact` shows from 64 pixels on.
"""

import math

import keras
from keras.config import floatx

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.models import blocks, layers

IMAGES = 3  # sizes at which the generator makes an image
MOST_CHANNELS = 256


def _levels(spec: ImageSpec) -> int:
    """Returns how often the smallest map, of 4 to 7 pixels each way, is doubled."""
    count = spec.doublings()
    smallest = {spec.height >> count, spec.width >> count}
    return count + (min(smallest) == 8)


def width(spec: ImageSpec) -> int:
    """The channels of a map of the images' size: fewer where it takes most of a step."""
    return 16 if max(spec.height, spec.width) <= 64 else 8


def generator(spec: ImageSpec, latent_dim: int = 100, label_fusion: str | None = None):
    """A hidden layer, then doublings by copies and 3x3 kernels: for 64x64x3 1.5 million.

    label_fusion: how the class is given, see `blocks.fused_inputs`; None: the labels are
    ignored
    """
    count = _levels(spec)
    smallest = spec.height >> count, spec.width >> count
    filters = [min(MOST_CHANNELS, width(spec) << (count - i)) for i in range(count + 1)]
    inputs, x = blocks.fused_inputs(latent_dim, spec.classes, label_fusion)
    for units in (256, math.prod(smallest) * filters[0]):
        x = keras.layers.Dense(units, use_bias=False)(x)
        x = keras.layers.ReLU()(layers.BatchNormalization()(x))
    x = keras.layers.Reshape((*smallest, filters[0]))(x)  # 64x64x3: [B, 4, 4, 256]
    image = None
    for level in range(1, count + 1):
        x = layers.UpSampling2D()(x)
        x = keras.layers.Conv2D(filters[level], 3, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(layers.BatchNormalization()(x))
        if level > count - IMAGES:
            options = {"padding": "same", "dtype": floatx()}
            detail = layers.BiasConv2D(spec.channels, 3, **options)(x)
            if image is not None:
                image = layers.UpSampling2D(dtype=floatx())(image)
                detail = keras.layers.Add(dtype=floatx())([image, detail])
            image = detail
    images = keras.layers.Activation("tanh", dtype=floatx())(image)
    return keras.Model(inputs, images, name="generator")


def discriminator(
    spec: ImageSpec,
    negative_slope: float = 0.2,
    dropout_rate: float = 0.0,
    class_head: str | None = None,
    projection: bool = False,
    class_std: bool = False,
):
    """Residual blocks that halve the maps, then a hidden layer: for 64x64x3 0.9 million.

    projection, class_head, class_std: see `blocks.hidden_and_heads`
    """
    images, labels = blocks.inputs("images", spec.shape)
    # The first layer in float32: see blocks.
    x = layers.BiasConv2D(width(spec), 4, 2, padding="same", dtype=floatx())(images)
    x = blocks.activated(x, negative_slope, dropout_rate)
    for level in range(1, _levels(spec)):
        filters = min(MOST_CHANNELS, width(spec) << level)
        shortcut = layers.BiasConv2D(filters, 1)(keras.layers.AveragePooling2D(2)(x))
        for kernel, strides in ((4, 2), (3, 1)):
            x = layers.BiasConv2D(filters, kernel, strides, padding="same")(x)
            x = blocks.activated(x, negative_slope, dropout_rate)
        x = keras.layers.Rescaling(0.5**0.5)(keras.layers.Add()([x, shortcut]))
    options = (negative_slope, dropout_rate, class_head, projection, class_std)
    logits = blocks.hidden_and_heads(x, labels, spec.classes, *options)
    return keras.Model([images, labels], logits, name="discriminator")
