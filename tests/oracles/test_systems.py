"""Each published system's flagfile, against the system written once more.

One whole update on a fixed batch, with dropout off: every loss, every gradient in its
order, every moving average afterwards, in float64.  Adam's arithmetic is compared in
test_adversarial_losses, float32 in test_layers.
"""

import functools

import keras
import numpy as np
import published
import pytest
import tensorflow as tf
from comparing import (
    computing_in,
    fed_with,
    gradient_deviation,
    largest_deviation,
    one_update,
    perturb,
)
from conftest import new_config

from dcgan_tf import main
from dcgan_tf.cli import flags
from dcgan_tf.config import presets, schema
from dcgan_tf.gans.build import build
from dcgan_tf.training.train_state import TrainState

SYSTEMS = tuple(published.SYSTEMS)
B = 6
BOUNDS = {"losses": 1e-6, "gradients": 1e-4, "moving averages": 1e-6}
RANDOM = np.random.default_rng(0)
BATCH = published.Batch(
    images=RANDOM.uniform(-1, 1, (B, 28, 28, 1)),
    labels=np.array([3, 1, 4, 1, 5, 9], np.int32),
    latents=RANDOM.normal(size=(B, 100)),
    fake_labels=np.array([2, 7, 1, 8, 2, 8], np.int32),
    more_latents=RANDOM.normal(size=(2 * B, 100)),
    more_labels=np.arange(2 * B, dtype=np.int32) % 10,
)


@functools.cache
def overrides_of(system):
    """The settings that a system's flagfile gives."""
    values = main.define_flags()
    values(["main", f"--flagfile={presets.FLAGFILES[system]}"])
    return flags.overrides(values)


def config_of(system, **changes):
    return new_config(**{**overrides_of(system), **changes})


@pytest.fixture(autouse=True, scope="module")
def in_float64():
    with computing_in("float64"):
        yield


def deviations(system, **changes):
    """The largest of the losses, gradients and moving averages of one update.

    The package's is compared with the oracle's, from the same weights.
    """
    config = config_of(system, **{"dropout_rate": 0.0, **changes})
    state = TrainState.create(config)
    networks = state.gan.generator, state.gan.discriminator
    log, oracle_log, players = [], [], []
    latents = {B: BATCH.latents, 2 * B: BATCH.more_latents}
    labels = {B: BATCH.fake_labels, 2 * B: BATCH.more_labels}
    samplers = {"sample_latents": lambda n, seed: tf.constant(latents[int(n)])}
    if config.fake_label_source == "uniform":
        samplers["sample_labels"] = lambda real, seed: tf.constant(labels[len(real)])
    fed = fed_with(state, log, **samplers)
    make_networks, update, adam = published.SYSTEMS[system]
    for seed, (theirs, ours) in enumerate(zip(make_networks(), networks, strict=True)):
        perturb(ours, seed)
        theirs.set_weights(ours.get_weights())
        name = ("generator", "discriminator")[seed]
        players.append(published.Player(name, theirs, *adam, oracle_log))
    terms = one_update(fed, config, BATCH.images, BATCH.labels)
    expected = update(*players, BATCH)
    averages = [
        largest_deviation(ours.non_trainable_weights, other.network.non_trainable_weights)
        for ours, other in zip(networks, players, strict=True)
    ]
    return {
        "losses": largest_deviation([terms[n] for n in expected], expected.values()),
        "gradients": gradient_deviation(log, oracle_log),
        "moving averages": max(averages),
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_one_update_is_the_published_one(system, record_property):
    """Losses, gradients, and which player moved how often, in which order."""
    for name, value in deviations(system).items():
        record_property(name, value)
        assert value < BOUNDS[name], name


@pytest.mark.parametrize(
    ("system", "changes"),
    [
        ("acgan_keras", {"d_step_batchnorm": "training"}),
        ("acgan_keras", {"label_fusion": "add"}),
        ("cgan_maxout", {"negative_slope": 0.3}),
    ],
)
def test_a_choice_that_all_published_systems_share_counts(system, changes):
    """Catches a setting that is ignored, and a comparison that would not see it."""
    assert max(deviations(system, **changes).values()) > 1e-3


# What the published programs do beside the update: rates, length, intervals, pictures.
COMMON = dict(latent_dim=100, max_translation=0, ema_half_life=0, beta_2=0.999)
KERAS = dict(latent_prior="uniform", dropout_rate=0.3, test_losses=True, checkpoint_every=1)
PROGRAMS = {
    "dcgan_tutorial": dict(
        **dict(batch_size=256, epochs=50, checkpoint_every=15, preview_rows=10),
        **dict(latent_prior="normal", dropout_rate=0.3, real_label=1.0),
    ),
    "acgan_keras": dict(
        **dict(**KERAS, batch_size=100, epochs=100, real_label=0.95),
        **dict(preview_rows=40, preview_real=True),
    ),
    "acgan_keras_gan": dict(
        **dict(batch_size=32, steps=14_000, log_every_steps=200),
        **dict(checkpoint_every_steps=200, latent_prior="normal", dropout_rate=0.25),
    ),
    "cgan_maxout": dict(batch_size=100, epochs=50, latent_prior="normal", dropout_rate=0.0),
    "acgan_keras_2017": dict(**KERAS, batch_size=100, epochs=50, real_label=1.0),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_flagfile_pins_every_setting_to_the_published_program(system):
    """So that a changed default changes no experiment."""
    config = config_of(system)
    given = config.model_dump(exclude_none=True).keys()
    pinned = {name for name in given if schema.kind(name) != schema.DERIVED}
    assert overrides_of(system).keys() == pinned
    assert config.dataset == "mnist"
    expected = {**COMMON, **PROGRAMS[system]}
    assert {n: getattr(config, n) for n in expected} == expected
    *_, adam = published.SYSTEMS[system]
    assert (config.learning_rate, config.beta_1) == adam
    assert config.discriminator_learning_rate == config.learning_rate


def looks_normal(weight):
    """Whether values reach beyond 1.9 deviations: a uniform's end at 1.73."""
    values = np.asarray(weight)
    return bool(abs(values).max() > 1.9 * values.std())


@pytest.mark.parametrize(
    ("system", "normal"),
    [
        # Embedding, Dense, then the convolutions; True: glorot_normal.
        ("acgan_keras", [True, False, True, True, True]),
        ("acgan_keras_gan", [False, False, False, False, False]),
        ("acgan_keras_2017", [True, False, False, True, True, True]),
        ("dcgan_tutorial", [False, False, False, False]),
    ],
)
def test_kernels_start_from_the_published_initialisers(system, normal):
    keras.utils.set_random_seed(0)
    gan = build(config_of(system))
    kernels = [w for w in gan.generator.trainable_weights if len(w.shape) > 1]
    assert [looks_normal(kernel) for kernel in kernels] == normal
    if system != "dcgan_tutorial":
        # glorot_normal of [10, 100]; Keras's default is uniform in [-0.05, 0.05].
        deviation_of = np.sqrt(2 / 110) if normal[0] else 0.05 / np.sqrt(3)
        assert np.std(kernels[0]) == pytest.approx(deviation_of, rel=0.15)
    for kernel in kernels[1:]:  # Glorot & Bengio 2010: variance 2 / (fan in + fan out)
        fans = np.prod(kernel.shape[:-2]) * (kernel.shape[-1] + kernel.shape[-2])
        assert np.std(kernel) == pytest.approx(np.sqrt(2 / fans), rel=0.15)
