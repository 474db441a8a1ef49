"""Gan: a recipe brought to life - two networks, two losses and what feeds them."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from dcgan_tf import losses, networks
from dcgan_tf.config import Config


@dataclasses.dataclass(frozen=True)
class Gan:
    """Two players, what each one minimises, and what the generator draws from.

    generator:            [noise [B, Z], labels [B]] -> images [B, 28, 28, 1] in [-1, 1]
    discriminator:        [images, labels [B]] -> verdict
    drawn:                what pictures are drawn with: the running average of the
                          generator, or the generator itself where none is kept
    generator_loss:       (fake, fake_labels) -> terms, "loss" among them
    discriminator_loss:   (real, labels, fake, fake_labels) -> terms, "loss" among them
    draw_noise:           (count, seed [2]) -> noise [count, Z]
    draw_labels:          (labels of the real batch [B], seed [2]) -> labels [B]

    A verdict is opaque: only this gan's own losses look into it.  That is what lets one
    step train every mode.
    """

    generator: keras.Model
    discriminator: keras.Model
    drawn: keras.Model
    generator_loss: Callable[..., losses.Terms]
    discriminator_loss: Callable[..., losses.Terms]
    draw_noise: Callable[..., tf.Tensor]
    draw_labels: Callable[..., tf.Tensor]

    def term_names(self) -> list[str]:
        """The names of all terms, as a step returns them."""
        labels = tf.zeros([1], tf.int32)
        verdict = self.discriminator([tf.zeros([1, *networks.IMAGE_SHAPE]), labels])
        terms = losses.by_player(
            self.generator_loss(verdict, labels),
            self.discriminator_loss(verdict, labels, verdict, labels),
        )
        return list(terms)


NETWORKS = {
    ("dcgan", "convolutional"): (
        networks.tutorial_generator,
        networks.tutorial_discriminator,
    ),
    ("cgan", "maxout"): (networks.maxout_generator, networks.maxout_discriminator),
    ("acgan", "convolutional"): (
        networks.acgan_generator,
        networks.acgan_discriminator,
    ),
}

LOSSES = {
    "adversarial": (losses.adversarial_generator, losses.adversarial_discriminator),
    "auxiliary": (losses.auxiliary_generator, losses.auxiliary_discriminator),
}


def build(config: Config) -> Gan:
    """The gan of a run, with new weights from Keras's global seed."""
    make_generator, make_discriminator = NETWORKS[config.mode, config.architecture]
    generator = drawn = make_generator(config)
    if config.average_half_life:
        drawn = make_generator(config)
        drawn.set_weights(generator.get_weights())
    generator_loss, discriminator_loss = LOSSES[config.losses]
    weights = {
        "real": config.real_weight,
        "fake": config.fake_weight,
        "auxiliary_real": config.auxiliary_real_weight,
        "auxiliary_fake": config.auxiliary_fake_weight,
    }
    return Gan(
        generator=generator,
        discriminator=make_discriminator(config),
        drawn=drawn,
        generator_loss=functools.partial(generator_loss, target=config.generator_target),
        discriminator_loss=functools.partial(
            discriminator_loss, real_target=config.real_target, weights=weights
        ),
        draw_noise=functools.partial(NOISE[config.noise], config.noise_size),
        draw_labels=functools.partial(
            FAKE_LABELS[config.fake_labels or "real"], config.classes
        ),
    )


def _normal_noise(size: int, count: int, seed) -> tf.Tensor:
    return tf.random.stateless_normal([count, size], seed)


def _uniform_noise(size: int, count: int, seed) -> tf.Tensor:
    return tf.random.stateless_uniform([count, size], seed, -1.0, 1.0)


def _labels_of_the_real(classes: int, labels, seed) -> tf.Tensor:
    del classes, seed
    return labels


def _random_labels(classes: int, labels, seed) -> tf.Tensor:
    return tf.random.stateless_uniform(
        tf.shape(labels), seed, 0, classes, dtype=labels.dtype
    )


NOISE = {"normal": _normal_noise, "uniform": _uniform_noise}
FAKE_LABELS = {"real": _labels_of_the_real, "random": _random_labels}
