"""Gan: a recipe brought to life - two networks, two losses and what feeds them."""

import contextlib
import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from dcgan_tf import compact, losses, networks, parts
from dcgan_tf.config import Config
from dcgan_tf.losses import Objective, Terms


@dataclasses.dataclass(frozen=True)
class Gan:
    """Two players, what each one minimises, and what the generator draws from.

    generator:        [noise [B, Z], labels [B]] -> images [B, 28, 28, 1] in [-1, 1]
    discriminator:    [images, labels [B]] -> verdict
    drawn:            what pictures are drawn with: the running average of the generator,
                      or the generator itself where none is kept
    generator_loss:   (verdict on fakes, their labels) -> terms, "loss" among them
    real_loss, fake_loss: the discriminator's two parts, (verdict, labels) -> terms
    realness:         verdict -> logits [B, 1] of being real
    gradient_penalty: weight of R1 in the discriminator's loss; 0: none
    draw_noise:       (count, seed [2]) -> noise [count, Z]
    draw_labels:      (labels of the real batch [B], seed [2]) -> labels [B]

    A verdict is opaque: only this gan's own losses look into it.  That is what lets one
    step train every mode.
    """

    generator: keras.Model
    discriminator: keras.Model
    drawn: keras.Model
    generator_loss: Objective
    real_loss: Objective
    fake_loss: Objective
    realness: Callable[..., tf.Tensor]
    gradient_penalty: float
    draw_noise: Callable[..., tf.Tensor]
    draw_labels: Callable[..., tf.Tensor]

    def penalties(self, images: tf.Tensor, labels: tf.Tensor) -> dict[str, Terms]:
        """The part of the discriminator's loss that is no verdict's, if there is one.

        Taken in inference mode, in which a verdict is of its own image alone.
        """
        if not self.gradient_penalty:
            return {}

        def realness(seen):
            return self.realness(self.discriminator([seen, labels], training=False))

        half = losses.gradient_penalty(realness, images) / 2
        return {"penalty": {"loss": self.gradient_penalty * half, "gradient": half}}

    def term_names(self) -> list[str]:
        """The names of all terms, as a step returns them."""
        images = tf.zeros([1, *parts.IMAGE_SHAPE], keras.config.floatx())
        labels = tf.zeros([1], tf.int32)
        verdict = self.discriminator([images, labels])
        terms = losses.by_player(
            self.generator_loss(verdict, labels),
            losses.together(
                real=self.real_loss(verdict, labels),
                fake=self.fake_loss(verdict, labels),
                **self.penalties(images, labels),
            ),
        )
        return list(terms)


NETWORKS = {
    ("dcgan", "compact"): (compact.generator, compact.discriminator),
    ("dcgan", "convolutional"): (
        networks.tutorial_generator,
        networks.tutorial_discriminator,
    ),
    ("cgan", "compact"): (compact.generator, compact.projection_discriminator),
    ("cgan", "maxout"): (networks.maxout_generator, networks.maxout_discriminator),
    ("cgan", "convolutional"): (
        networks.conditional_generator,
        networks.conditional_discriminator,
    ),
    ("acgan", "compact"): (compact.generator, compact.auxiliary_discriminator),
    ("acgan", "convolutional"): (networks.acgan_generator, networks.acgan_discriminator),
    ("acgan", "batchnorm"): (
        networks.batchnorm_generator,
        networks.batchnorm_discriminator,
    ),
    ("acgan", "upsampling"): (networks.upsampling_generator, networks.acgan_discriminator),
}

# How a verdict is judged, and which part of it says how real an image is.
VERDICTS = {
    "adversarial": (losses.adversarial, lambda verdict: verdict),
    "auxiliary": (losses.auxiliary, operator.itemgetter("generation")),
}


def build(config: Config) -> Gan:
    """The gan of a run, with new weights from Keras's global seed."""
    make_generator, make_discriminator = NETWORKS[config.mode, config.architecture]
    with _computing_in(config.precision):
        generator = drawn = make_generator(config)
        if config.average_half_life:
            drawn = make_generator(config)
            drawn.set_weights(generator.get_weights())
        discriminator = make_discriminator(config)
    generator_loss, real_loss, fake_loss = objectives(config)
    return Gan(
        generator=generator,
        discriminator=discriminator,
        drawn=drawn,
        generator_loss=generator_loss,
        real_loss=real_loss,
        fake_loss=fake_loss,
        realness=VERDICTS[config.losses][1],
        gradient_penalty=config.gradient_penalty,
        draw_noise=functools.partial(NOISE[config.noise], config.noise_size),
        draw_labels=functools.partial(
            FAKE_LABELS[config.fake_labels or "real"], config.classes
        ),
    )


@contextlib.contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Networks that are built within compute in it; their weights are float32.

    A run settles "auto" when it begins; whoever builds without that gets float32.
    """
    before = keras.config.dtype_policy()
    if precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def objectives(config: Config) -> tuple[Objective, Objective, Objective]:
    """What is minimised: the generator's, and the discriminator's on real and on fakes."""
    judge, _ = VERDICTS[config.losses]

    def objective(target, **weights):
        kept = {name: weight for name, weight in weights.items() if weight is not None}
        return Objective(judge, target, kept)

    twin = config.auxiliary_twin
    return (
        objective(
            config.generator_target,
            adversarial=1.0,
            auxiliary=config.auxiliary_generator_weight,
            twin=-config.auxiliary_generator_weight if twin else None,
        ),
        objective(
            config.real_target,
            adversarial=config.real_weight,
            auxiliary=config.auxiliary_real_weight,
        ),
        objective(
            0.0,
            adversarial=config.fake_weight,
            auxiliary=config.auxiliary_fake_weight,
            twin=config.auxiliary_real_weight if twin else None,
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
