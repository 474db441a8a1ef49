"""What the generator is fed with: latents, and the labels of the fakes.

All are functions of a seed [2] alone.
"""

import tensorflow as tf

from dcgan_tf.data import replicas


def normal(latent_dim: int, count: int, seed) -> tf.Tensor:
    """Standard normal latents [count, latent_dim]."""
    return replicas.draw(tf.random.stateless_normal, [count, latent_dim], seed)


def uniform(latent_dim: int, count: int, seed) -> tf.Tensor:
    """Latents [count, latent_dim], uniform in [-1, 1]."""
    shape = [count, latent_dim]
    return replicas.draw(tf.random.stateless_uniform, shape, seed, -1.0, 1.0)


def batch_labels(classes: int, labels: tf.Tensor, seed) -> tf.Tensor:
    """The labels of the real batch."""
    del classes, seed
    return labels


def uniform_labels(classes: int, labels: tf.Tensor, seed) -> tf.Tensor:
    """As many labels, uniformly random."""
    shape = [tf.shape(labels)[0]]
    return replicas.draw(tf.random.stateless_uniform, shape, seed, 0, classes, labels.dtype)


PRIORS = {"normal": normal, "uniform": uniform}
LABEL_SOURCES = {"batch": batch_labels, "uniform": uniform_labels}
