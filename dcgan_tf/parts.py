"""What all networks keep to, and what they are put together of.

Every generator takes [noise [B, Z], labels [B]] and returns images [B, 28, 28, 1] in
[-1, 1]; every discriminator takes [images, labels] and returns its verdict, in logits.
A network that has no use for labels leaves that input unconnected.  Whatever the others
compute in, the last layers compute in Keras's float type, and so does the first of a
convolutional discriminator: most of an image is background, one value, and weights
rounded to bfloat16 shift the answer to it alike at every pixel.
"""

import keras
from keras import layers
from keras.config import floatx

from dcgan_tf.config import Config

IMAGE_SHAPE = (28, 28, 1)


def projected(features, labels, config: Config):
    """Projection (Miyato & Koyama 2018, equation 3): w . h + b + embedding(label) . h."""
    embedding = layers.Embedding(config.classes, features.shape[-1])(labels)
    projection = layers.Dot(axes=1, dtype=floatx())([embedding, features])
    verdict = layers.Dense(1, dtype=floatx())(features)
    return layers.Add(dtype=floatx())([verdict, projection])


def heads(features, config: Config):
    """A dict of logits: "generation" [B, 1], real or fake, and "auxiliary" [B, classes].

    With them goes "twin" [B, classes] if asked for.
    """
    units = {"generation": 1, "auxiliary": config.classes}
    if config.auxiliary_twin:
        units["twin"] = config.classes
    return {
        name: layers.Dense(count, name=name, dtype=floatx())(features)
        for name, count in units.items()
    }


def fused(noise, labels, config: Config, initializer: str):
    """Noise [B, Z] that the class's embedding has met: [B, Z], concatenated [B, 2 Z]."""
    embedding = layers.Embedding(
        config.classes,
        config.noise_size,
        embeddings_initializer=initializer,
        name="label_embedding",
    )(labels)
    return FUSIONS[config.label_fusion](name="fused")([noise, embedding])


FUSIONS = {
    "multiply": layers.Multiply,
    "add": layers.Add,
    "concatenate": layers.Concatenate,
}


def generator_inputs(config: Config):
    noise = keras.Input((config.noise_size,), name="noise")
    return noise, keras.Input((), dtype="int32", name="labels")


def discriminator_inputs():
    images = keras.Input(IMAGE_SHAPE, name="images")
    return images, keras.Input((), dtype="int32", name="labels")


def one_hot(labels, config: Config):
    encode = layers.CategoryEncoding(config.classes, output_mode="one_hot")
    return encode(layers.Reshape((1,))(labels))  # [B, classes]
