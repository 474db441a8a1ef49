"""From a Config to its Gan: the registry of networks, and the weights of the losses."""

import dataclasses
import inspect
from collections.abc import Callable
from functools import partial

from dcgan_tf.config.schema import Config
from dcgan_tf.data.augment import augment, augment_sometimes
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans.gan import LABEL_SOURCES, PRIORS, Gan
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES, AdversarialLoss
from dcgan_tf.losses.class_heads import CLASS_HEADS, NO_CLASS_HEAD, ClassHead
from dcgan_tf.models import (
    compact,
    keras_examples,
    keras_gan,
    maxout,
    tf_tutorial,
)
from dcgan_tf.support import tf_setup

# The discriminators of cgan are given the label.
compact_projection = partial(compact.discriminator, projection=True)
subpixel = partial(compact.generator, subpixel=True)
seeing_std = partial(compact.discriminator, class_std=True)
tutorial_projection = partial(tf_tutorial.discriminator, projection=True)

# A network's options are settings of the same names.
NETWORKS: dict[tuple[str, str], tuple[Callable, Callable]] = {
    ("dcgan", "compact"): (compact.generator, compact.discriminator),
    ("dcgan", "tf_tutorial"): (tf_tutorial.generator, tf_tutorial.discriminator),
    ("cgan", "compact2"): (subpixel, compact_projection),
    ("cgan", "compact"): (compact.generator, compact_projection),
    ("cgan", "maxout"): (maxout.generator, maxout.discriminator),
    ("cgan", "tf_tutorial"): (tf_tutorial.generator, tutorial_projection),
    ("acgan", "compact2"): (subpixel, seeing_std),
    ("acgan", "compact"): (compact.generator, compact.discriminator),
    ("acgan", "keras_2018"): (keras_examples.generator_2018, keras_examples.discriminator),
    ("acgan", "keras_gan"): (keras_gan.generator, keras_gan.discriminator),
    ("acgan", "keras_2017"): (keras_examples.generator_2017, keras_examples.discriminator),
}


def build(config: Config) -> Gan:
    """Returns the gan of a run, with new weights, which its seed decides."""
    make_generator, make_discriminator = (
        partial(network, ImageSpec.of(config), **_options(network, config))
        for network in NETWORKS[config.mode, config.architecture]
    )
    with tf_setup.building(config.seed, config.precision):
        generator = ema_generator = make_generator()
        if config.ema_half_life:
            ema_generator = make_generator()
            ema_generator.set_weights(generator.get_weights())
        discriminator = make_discriminator()
    class_head = _class_head(config)
    signs = class_head.generator_weights
    class_weights = {n: sign * config.g_class_weight for n, sign in signs.items()}
    label_source = LABEL_SOURCES[config.fake_label_source or "batch"]
    moves: dict = {"max_translation": config.max_translation, "flip": config.flip}
    sometimes = None
    if config.augment_target:
        sometimes = partial(augment_sometimes, policy=config.augment_policy)
    return Gan(
        generator,
        discriminator,
        ema_generator,
        adversarial_loss=adversarial_loss(config),
        class_terms=class_head.terms,
        discriminator_weights=_discriminator_weights(config),
        generator_weights={"adversarial": 1.0, **class_weights},
        sample_latents=partial(PRIORS[config.latent_prior], config.latent_dim),
        sample_labels=partial(label_source, config.classes),
        augment_fakes=partial(augment, **(moves if config.augment_fakes else {})),
        augment=sometimes,
        penalty_interval=config.r1_interval,
    )


def _options(function: Callable, config: Config) -> dict[str, object]:
    """Returns the settings that a function has arguments of the same names for."""
    names = inspect.signature(function).parameters
    return {n: getattr(config, n) for n in names if getattr(config, n, None) is not None}


def adversarial_loss(config: Config) -> AdversarialLoss:
    loss = ADVERSARIAL_LOSSES[config.adversarial_loss]
    return loss(**_options(loss, config))


def _discriminator_weights(config: Config) -> dict[str, float]:
    """Returns the weight of each term in the discriminator's loss, in order of the sum."""
    of_classes = _class_head(config).discriminator_weights
    settings: dict[str, str] = {}
    for kind in ("real", "fake"):
        settings[f"adversarial_{kind}"] = f"d_weight_{kind}"
        settings |= {n: setting for n, setting in of_classes.items() if n.endswith(kind)}
    weights = {name: getattr(config, setting) for name, setting in settings.items()}
    weights["adversarial"] = 1.0 if adversarial_loss(config).needs_pair else None
    weights["r1_penalty"] = config.r1_weight or None
    weights["r2_penalty"] = config.r2_weight or None
    return {name: weight for name, weight in weights.items() if weight is not None}


def _class_head(config: Config) -> ClassHead:
    return CLASS_HEADS.get(config.class_head, NO_CLASS_HEAD)


def test_gan(gan: Gan, config: Config) -> Gan:
    """Returns the same players, with the losses that the test split is measured by.

    Labels are hard, and the classes of real images and fakes weigh alike, as the Keras
    examples do; a second class head has the first one's weight; there are no penalties.
    The loss of two separate steps is their mean, as in training.
    """
    half = 0.5 if config.update_rule == "separate" else 1.0
    weights = gan.unpenalised().discriminator_weights
    weights = {name: half * weight for name, weight in weights.items()}
    alike = weights.get("adversarial_real", 1.0)
    weights |= dict.fromkeys(_class_head(config).discriminator_weights, alike)
    loss = ADVERSARIAL_LOSSES[config.adversarial_loss]()
    return dataclasses.replace(gan, adversarial_loss=loss, discriminator_weights=weights)
