"""From a Config to its Gan: the registry of networks, and the weights of the losses."""

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras

from dcgan_tf.config.schema import Config
from dcgan_tf.data.augment import augment
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans import latents
from dcgan_tf.gans.gan import Gan
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES, AdversarialLoss
from dcgan_tf.losses.class_heads import CLASS_HEADS, NO_CLASS_HEAD, ClassHead
from dcgan_tf.models import compact, keras_2017, keras_2018, keras_gan, maxout, tf_tutorial

# A network's options are settings of the same names.
NETWORKS: dict[tuple[str, str], tuple[Callable, Callable]] = {
    ("dcgan", "compact"): (compact.generator, compact.discriminator),
    ("dcgan", "tf_tutorial"): (tf_tutorial.generator, tf_tutorial.discriminator),
    ("cgan", "compact"): (compact.generator, compact.projection_discriminator),
    ("cgan", "maxout"): (maxout.generator, maxout.discriminator),
    ("cgan", "tf_tutorial"): (
        tf_tutorial.generator,
        tf_tutorial.projection_discriminator,
    ),
    ("acgan", "compact"): (compact.generator, compact.acgan_discriminator),
    ("acgan", "keras_2018"): (keras_2018.generator, keras_2018.discriminator),
    ("acgan", "keras_gan"): (keras_gan.generator, keras_gan.discriminator),
    ("acgan", "keras_2017"): (keras_2017.generator, keras_2018.discriminator),
}


def build(config: Config) -> Gan:
    """Returns the gan of a run, with new weights from Keras's global seed."""
    make_generator, make_discriminator = (
        functools.partial(network, ImageSpec.of(config), **_options(network, config))
        for network in NETWORKS[config.mode, config.architecture]
    )
    with _computing_in(config.precision):
        generator = ema_generator = make_generator()
        if config.ema_half_life:
            ema_generator = make_generator()
            ema_generator.set_weights(generator.get_weights())
        discriminator = make_discriminator()
    prior = latents.PRIORS[config.latent_prior]
    label_source = latents.LABEL_SOURCES[config.fake_label_source or "batch"]
    augmentation: dict[str, Any] = {}
    if config.augment_fakes:
        augmentation = {"max_translation": config.max_translation, "flip": config.flip}
    return Gan(
        generator=generator,
        discriminator=discriminator,
        ema_generator=ema_generator,
        adversarial_loss=adversarial_loss(config),
        class_terms=_class_head(config).terms,
        discriminator_weights=discriminator_weights(config),
        generator_weights=generator_weights(config),
        sample_latents=functools.partial(prior, config.latent_dim),
        sample_labels=functools.partial(label_source, config.classes),
        augment_fakes=functools.partial(augment, **augmentation),
        penalty_interval=config.r1_interval,
    )


def _options(function: Callable, config: Config) -> dict[str, object]:
    """Returns the settings that a function has arguments of the same names for."""
    names = inspect.signature(function).parameters
    return {n: getattr(config, n) for n in names if getattr(config, n, None) is not None}


@contextlib.contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Lets networks that are built within compute in `precision`; weights are float32.

    A run settles "auto" when it begins; whoever builds without that gets float32.
    """
    before = keras.config.dtype_policy()
    if precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def adversarial_loss(config: Config) -> AdversarialLoss:
    loss = ADVERSARIAL_LOSSES[config.adversarial_loss]
    return loss(**_options(loss, config))


def _class_head(config: Config) -> ClassHead:
    return CLASS_HEADS.get(config.class_head, NO_CLASS_HEAD)


def discriminator_weights(config: Config) -> dict[str, float]:
    """Returns the weight of each term in the discriminator's loss.

    The terms are summed in this order.
    """
    class_settings = _class_head(config).discriminator_weights
    weights = {}
    for kind in ("real", "fake"):
        weights[f"adversarial_{kind}"] = getattr(config, f"d_weight_{kind}")
        weights |= {
            term: getattr(config, setting)
            for term, setting in class_settings.items()
            if term.endswith(kind)
        }
    weights["adversarial"] = 1.0 if adversarial_loss(config).needs_pair else None
    weights["r1_penalty"] = config.r1_weight or None
    weights["r2_penalty"] = config.r2_weight or None
    return {name: weight for name, weight in weights.items() if weight is not None}


def generator_weights(config: Config) -> dict[str, float]:
    """Returns the weight of each term in the generator's loss."""
    class_weights = _class_head(config).generator_weights
    return {
        "adversarial": 1.0,
        **{term: sign * config.g_class_weight for term, sign in class_weights.items()},
    }


def test_gan(gan: Gan, config: Config) -> Gan:
    """Returns the same players, with the losses that the test split is measured by.

    Labels are hard, and the classes of real images and fakes weigh alike, as the Keras
    examples do; a second class head has the first one's weight; there are no penalties.
    The loss of two separate steps is their mean, as in training.
    """
    half = 0.5 if config.discriminator_update == "separate" else 1.0
    weights = gan.unpenalised().discriminator_weights
    weights = {name: half * weight for name, weight in weights.items()}
    alike = weights.get("adversarial_real", 1.0)
    weights |= dict.fromkeys(_class_head(config).discriminator_weights, alike)
    return dataclasses.replace(
        gan,
        adversarial_loss=ADVERSARIAL_LOSSES[config.adversarial_loss](),
        discriminator_weights=weights,
    )
