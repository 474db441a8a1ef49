import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config

from dcgan_tf.config.presets import PRESETS
from dcgan_tf.gans import build, latents
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
    gan = built("acgan", latent_prior="uniform", latent_dim=7, fake_label_source="uniform")
    assert np.array_equal(gan.sample_latents(5, [0, 1]), latents.uniform(7, 5, [0, 1]))
    labels = tf.fill([50], 3)
    sampled = gan.sample_labels(labels, [0, 1])
    assert np.array_equal(sampled, latents.uniform_labels(10, labels, [0, 1]))
    gan = built("cgan", latent_prior="normal")
    assert np.array_equal(gan.sample_latents(5, [0, 1]), latents.normal(100, 5, [0, 1]))
    assert np.array_equal(gan.sample_labels(labels, [0, 1]), labels)


def test_uniform_labels_are_of_the_data_set_s_classes():
    config = new_config(mode="acgan", fake_label_source="uniform")
    gan = build.build(config.model_copy(update={"classes": 4}))
    assert set(gan.sample_labels(tf.zeros([100], tf.int32), [0, 1]).numpy()) == {0, 1, 2, 3}


def test_the_ema_generator_starts_as_a_copy():
    gan = built("acgan", ema_half_life=100)
    assert gan.ema_generator is not gan.generator
    for slow, fast in zip(
        gan.ema_generator.get_weights(), gan.generator.get_weights(), strict=True
    ):
        assert np.array_equal(slow, fast)


def test_without_an_ema_images_are_the_generator_s():
    gan = built("acgan", ema_half_life=0)
    assert gan.ema_generator is gan.generator


def test_networks_have_the_options_that_the_settings_give():
    """Both LeakyReLUs' slope and the size of the latents, away from the defaults."""
    gan = built("dcgan", negative_slope=0.125, latent_dim=9)
    assert gan.generator.inputs[0].shape == (None, 9)
    slopes = {
        layer.negative_slope
        for layer in gan.discriminator.layers
        if type(layer).__name__ == "LeakyReLU"
    }
    assert slopes == {0.125}


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_the_adversarial_loss_is_the_one_that_the_settings_name(name):
    real, fake = tf.constant([[2.0], [-0.5]]), tf.constant([[0.25], [-3.0]])
    loss = build.adversarial_loss(new_config(adversarial_loss=name))
    own = ADVERSARIAL_LOSSES[name]()
    assert loss.discriminator(real, fake) == own.discriminator(real, fake)
    assert loss.generator(real, fake) == own.generator(real, fake)
    assert loss.needs_pair == own.needs_pair


def test_the_labels_of_the_loss_are_those_that_the_settings_give():
    """At a logit of 1: softplus(-1) for target 1, and 1 - target more for another."""
    config = new_config(real_label=0.75, generator_label=0.5)
    logits = tf.constant([[1.0]])
    least = np.log1p(np.exp(-1))
    loss = build.adversarial_loss(config)
    real = loss.discriminator(logits, None)["adversarial_real"]
    assert float(real) == pytest.approx(least + 0.25)
    generator = loss.generator(None, logits)["adversarial"]
    assert float(generator) == pytest.approx(least + 0.5)


ACGAN = {
    "mode": "acgan",
    "d_weight_real": 0.5,
    "d_weight_fake": 0.25,
    "d_class_weight_real": 2.0,
    "d_class_weight_fake": 0.0,
    "g_class_weight": 3.0,
    "class_head": "ac",
    "r1_weight": 0.0,
}
IN_THE_LOSS = {
    "adversarial_real": 0.5,
    "adversarial_fake": 0.25,
    "class_real": 2.0,
    "class_fake": 0.0,
}


@pytest.mark.parametrize(
    ("changes", "discriminator", "generator"),
    [
        ({}, IN_THE_LOSS, {"adversarial": 1.0, "class": 3.0}),
        (
            {"class_head": "twin"},
            {**IN_THE_LOSS, "twin_fake": 2.0},
            {"adversarial": 1.0, "class": 3.0, "twin": -3.0},
        ),
        (
            {"r1_weight": 7.0, "r2_weight": 8.0},
            {**IN_THE_LOSS, "r1_penalty": 7.0, "r2_penalty": 8.0},
            {"adversarial": 1.0, "class": 3.0},
        ),
    ],
)
def test_weights_of_the_terms(changes, discriminator, generator):
    config = new_config(**{**ACGAN, **changes})
    assert build.discriminator_weights(config) == discriminator
    assert build.generator_weights(config) == generator


def test_weights_of_a_relativistic_loss():
    """Its one adversarial term has weight 1; it has no terms of real and of fake apart."""
    config = new_config(mode="dcgan", adversarial_loss="relativistic", r1_weight=0.5)
    assert build.discriminator_weights(config) == {"adversarial": 1.0, "r1_penalty": 0.5}
    assert build.generator_weights(config) == {"adversarial": 1.0}


def test_losses_on_the_test_split_have_hard_labels_even_classes_and_no_penalties():
    config = new_config(
        **{**ACGAN, "class_head": "twin", "r1_weight": 7.0, "r2_weight": 8.0},
        real_label=0.75,
        generator_label=0.5,
    )
    tested = build.test_gan(build.build(config), config)
    assert tested.discriminator_weights == {
        "adversarial_real": 0.5,
        "adversarial_fake": 0.25,
        "class_real": 0.5,
        "class_fake": 0.5,
        "twin_fake": 0.5,
    }
    assert tested.generator_weights == build.generator_weights(config)
    logits = tf.constant([[1.0]])
    least = np.log1p(np.exp(-1))
    real = tested.adversarial_loss.discriminator(logits, None)["adversarial_real"]
    assert float(real) == pytest.approx(least)
    generator = tested.adversarial_loss.generator(None, logits)["adversarial"]
    assert float(generator) == pytest.approx(least)


def test_losses_on_the_test_split_keep_a_loss_without_labels():
    config = new_config(mode="acgan", adversarial_loss="relativistic")
    tested = build.test_gan(build.build(config), config)
    assert tested.adversarial_loss.needs_pair
    assert tested.discriminator_weights == {
        "adversarial": 1.0,
        "class_real": 1.0,
        "class_fake": 1.0,
        "twin_fake": 1.0,
    }


def test_fakes_are_augmented_only_where_it_is_asked_for():
    fakes = tf.random.stateless_normal([64, 28, 28, 1], [1, 2])
    shared = {"max_translation": 2, "flip": True}
    plain = built("dcgan", **shared).augment_fakes(fakes, tf.constant([0, 1]))
    assert np.array_equal(plain, fakes)
    gan = built("dcgan", augment_fakes=True, **shared)
    changed = gan.augment_fakes(fakes, tf.constant([0, 1])).numpy()
    assert not np.array_equal(changed, fakes)
    again = gan.augment_fakes(fakes, tf.constant([0, 1]))
    assert np.array_equal(changed, again)
