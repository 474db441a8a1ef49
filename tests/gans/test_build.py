import random
import threading

import numpy as np
import tensorflow as tf
from conftest import new_config

from dcgan_tf.config.presets import PRESETS
from dcgan_tf.gans import build
from dcgan_tf.gans import gan as gan_module


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
    one, other = (gan.discriminator.get_weights()[0] for gan in built_at_once.values())
    assert not np.array_equal(one, other)
    assert random.getstate() == state
