"""What all networks keep to, and the blocks that they share.

Every generator takes [latents [B, Z], labels [B]] and returns images [B, H, W, C] in
[-1, 1]; every discriminator takes [images, labels] and returns a dict of logits: the fields
of `losses.class_heads.DiscriminatorOutput`.  A network that has no use for labels leaves
that input unconnected.  Whatever the other layers compute in, the last layers compute in
Keras's float type, and so does the first of a convolutional discriminator: most of an image
is background, one value, and weights rounded to bfloat16 shift the answer to it alike at
every pixel.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.config import floatx

from dcgan_tf.losses.class_heads import CLASS_HEADS
from dcgan_tf.models.layers import Dropout

FUSIONS = {
    "multiply": layers.Multiply,
    "add": layers.Add,
    "concatenate": layers.Concatenate,
}
CLASS_VECTORS = ("label_embedding", "one_hot")  # the layers that make them


def inputs(name: str, shape: tuple[int, ...]) -> list:
    """Returns a network's inputs: "latents" or "images" of a shape, and labels."""
    return [keras.Input(shape, name=name), keras.Input((), dtype="int32", name="labels")]


def activated(x, negative_slope: float, dropout_rate: float):
    """LeakyReLU, then dropout, as in every convolutional discriminator."""
    return Dropout(dropout_rate)(layers.LeakyReLU(negative_slope)(x))


def ignores_training(discriminator: keras.Model) -> bool:
    """Whether training mode changes no logit: there is no BatchNorm and no dropout."""
    return not any(
        isinstance(layer, layers.BatchNormalization) or getattr(layer, "rate", 0) > 0
        for layer in discriminator.layers
    )


def projection_head(features, labels, classes: int):
    """Projection (Miyato & Koyama 2018, equation 3): w . h + b + embedding(label) . h."""
    embedding = layers.Embedding(classes, features.shape[-1])(labels)
    projection = layers.Dot(axes=1, dtype=floatx())([embedding, features])
    unconditional = layers.Dense(1, dtype=floatx())(features)
    return {"adversarial": layers.Add(dtype=floatx())([unconditional, projection])}


def acgan_heads(features, classes: int, class_head: str):
    """An adversarial head, and the class heads of a choice in CLASS_HEADS."""
    heads = CLASS_HEADS[class_head].heads.items()
    units = {"adversarial": 1, **{name: logits * classes for name, logits in heads}}
    return {n: layers.Dense(units[n], name=n, dtype=floatx())(features) for n in units}


def fused_inputs(
    latent_dim: int, classes: int, label_fusion: str | None, initializer="glorot_normal"
):
    """Returns a generator's inputs, and the latents with the class's embedding.

    label_fusion: a key of FUSIONS: [B, Z], concatenated [B, 2 Z]; None: the latents alone
    """
    latents, labels = inputs("latents", (latent_dim,))
    if label_fusion is None:
        return [latents, labels], latents
    embed = layers.Embedding(classes, latent_dim, initializer, name="label_embedding")
    fused = FUSIONS[label_fusion](name="fused")([latents, embed(labels)])
    return [latents, labels], fused


def one_hot(labels, classes: int):
    encode = layers.CategoryEncoding(classes, output_mode="one_hot", name="one_hot")
    return encode(layers.Reshape((1,))(labels))  # [B, classes]


def mix_classes(generator: keras.Model, weights: np.ndarray):
    """A generator that is fed with class vectors instead of labels, and these [N, E].

    Class vectors are the rows of its embedding, or one-hot vectors.  They are mixed with
    `weights` float32 [N, classes], so a weight of 1 is the class itself, bit-exact.
    """
    latents, labels = generator.inputs
    (layer,) = (layer for layer in generator.layers if layer.name in CLASS_VECTORS)
    of_classes = keras.Model(labels, layer.output)(tf.range(weights.shape[1])).numpy()
    mixed = keras.Model([latents, layer.output], generator.outputs[0])
    return mixed, weights @ of_classes
