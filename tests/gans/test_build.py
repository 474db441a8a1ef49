import random
import threading

import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config

from dcgan_tf.config.presets import PRESETS
from dcgan_tf.gans import build
from dcgan_tf.gans import gan as gan_module
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES


def built(mode, **overrides):
    return build.build(new_config(mode=mode, **overrides))


def test_every_preset_has_networks_and_no_networks_lack_a_preset():
    assert set(build.NETWORKS) == {
        (mode, architecture)
        for mode, preset in PRESETS.items()
        for architecture in preset.architectures
    }


def test_a_gan_samples_as_its_settings_say():
    settings = {"latent_prior": "uniform", "latent_dim": 7, "fake_label_source": "uniform"}
    config = new_config(mode="acgan", **settings)
    gan = build.build(config.model_copy(update={"classes": 4}))
    assert np.array_equal(gan.sample_latents(5, [0, 1]), gan_module.uniform(7, 5, [0, 1]))
    labels = tf.fill([50], 3)
    sampled = gan.sample_labels(labels, [0, 1])
    assert np.array_equal(sampled, gan_module.uniform_labels(4, labels, [0, 1]))
    gan = built("cgan", latent_prior="normal")
    assert np.array_equal(gan.sample_latents(5, [0, 1]), gan_module.normal(100, 5, [0, 1]))
    assert np.array_equal(gan.sample_labels(labels, [0, 1]), labels)


def test_the_ema_generator_starts_as_a_copy_or_is_the_generator_itself():
    gan = built("acgan", ema_half_life=100)
    assert gan.ema_generator is not gan.generator
    for slow, fast in zip(gan.ema_generator.weights, gan.generator.weights, strict=True):
        assert np.array_equal(slow, fast)
    gan = built("acgan", ema_half_life=0)
    assert gan.ema_generator is gan.generator


ACGAN = dict(
    **dict(mode="acgan", class_head="ac", d_weight_real=0.5, d_weight_fake=0.25),
    **dict(d_class_weight_real=2.0, d_class_weight_fake=0.0, g_class_weight=3.0),
    r1_weight=0.0,
)
ADVERSARIAL = {"adversarial_real": 0.5, "adversarial_fake": 0.25}
IN_THE_LOSS = {**ADVERSARIAL, "class_real": 2.0, "class_fake": 0.0}
AC = {"adversarial": 1.0, "class": 3.0}
PENALTIES = {"r1_weight": 7.0, "r2_weight": 8.0}
RELATIVISTIC = {"adversarial_loss": "relativistic"}
DCGAN = {"mode": "dcgan", "r1_weight": 0.5}
EVEN = {"class_real": 0.5, "class_fake": 0.5}  # as an adversarial term weighs
SEPARATE = {"update_rule": "separate"}


@pytest.mark.parametrize(
    ("settings", "discriminator", "generator", "on_test"),
    [
        (ACGAN, IN_THE_LOSS, AC, {**ADVERSARIAL, **EVEN}),
        (
            {**ACGAN, "class_head": "twin"},
            {**IN_THE_LOSS, "twin_fake": 2.0},
            {**AC, "twin": -3.0},
            {**ADVERSARIAL, **EVEN, "twin_fake": 0.5},
        ),
        (
            {**ACGAN, **PENALTIES},
            {**IN_THE_LOSS, "r1_penalty": 7.0, "r2_penalty": 8.0},
            *(AC, {**ADVERSARIAL, **EVEN}),
        ),
        # A loss of pairs has one adversarial term, of weight 1.
        (
            {**DCGAN, **RELATIVISTIC},
            {"adversarial": 1.0, "r1_penalty": 0.5},
            *({"adversarial": 1.0}, {"adversarial": 1.0}),
        ),
        (
            {"mode": "acgan", "r1_weight": 0.0, **RELATIVISTIC},
            {"adversarial": 1.0, "class_real": 1.0, "class_fake": 0.0, "twin_fake": 1.0},
            {"adversarial": 1.0, "class": 1.0, "twin": -1.0},
            {"adversarial": 1.0, "class_real": 1.0, "class_fake": 1.0, "twin_fake": 1.0},
        ),
        # The loss of two separate steps is their mean.
        (
            *({**ACGAN, **SEPARATE}, IN_THE_LOSS, AC),
            {n: w / 2 for n, w in {**ADVERSARIAL, **EVEN}.items()},
        ),
    ],
)
def test_weights_of_the_terms(settings, discriminator, generator, on_test):
    """In training; and on the test split, with even classes and without penalties."""
    config = new_config(**settings)
    gan = build.build(config)
    assert gan.discriminator_weights == discriminator
    assert gan.generator_weights == generator
    tested = build.test_gan(gan, config)
    assert tested.discriminator_weights == on_test
    assert tested.generator_weights == generator
    own = ADVERSARIAL_LOSSES[config.adversarial_loss]()
    for loss in (gan.adversarial_loss, tested.adversarial_loss):
        assert (loss.source, loss.needs_pair) == (own.source, own.needs_pair)


def test_fakes_are_augmented_only_where_it_is_asked_for():
    fakes = tf.random.stateless_normal([64, 28, 28, 1], [1, 2])
    shared = {"max_translation": 2, "flip": True}
    plain = built("dcgan", **shared).augment_fakes(fakes, tf.constant([0, 1]))
    assert np.array_equal(plain, fakes)
    gan = built("dcgan", augment_fakes=True, **shared)
    changed, again = (gan.augment_fakes(fakes, tf.constant([0, 1])) for _ in range(2))
    assert not np.array_equal(changed, fakes)
    assert np.array_equal(changed, again)


def test_threads_that_build_at_once_have_each_its_own_weights():
    """Catches weights by a random state that another thread moves on."""
    state, built_at_once = random.getstate(), {}
    start = threading.Barrier(2)

    def build_at_once(seed):
        start.wait()
        built_at_once[seed] = built("acgan", seed=seed)

    threads = [threading.Thread(target=build_at_once, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, gan in built_at_once.items():
        alone = built("acgan", seed=seed)
        for network in ("generator", "discriminator"):
            pair = (getattr(each, network).get_weights() for each in (gan, alone))
            assert all(map(np.array_equal, *pair))
    assert random.getstate() == state
