"""Each published system's flagfile, against the system written once more.

One whole update on a fixed batch, with dropout off: every loss, every gradient in its
order, every moving average afterwards; and Adam's arithmetic by itself.  In float64, and
the update once more in the float32 that runs train in, against the same float64.
"""

import dataclasses

import numpy as np
import published
import pytest
import tensorflow as tf
from comparing import Recorder, computing_in, deviation, perturb
from conftest import new_config

from dcgan_tf import main
from dcgan_tf.cli import flags
from dcgan_tf.config import schema
from dcgan_tf.training import updates
from dcgan_tf.training.train_state import TrainState

SYSTEMS = tuple(published.NETWORKS)
B = 6
ROUNDING = {"float64": 1e-12, "float32": 1e-7}  # gradients below are nothing else


def overrides_of(system):
    """The settings that a system's flagfile gives."""
    values = main.define_flags()
    values(["main", f"--flagfile={flags.FLAGFILES / system}.flags"])
    return flags.overrides(values)


def config_of(system, **changes):
    return new_config(**{**overrides_of(system), **changes})


@pytest.fixture(autouse=True, scope="module")
def in_float64():
    with computing_in("float64"):
        yield


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    return published.Batch(
        images=random.uniform(-1, 1, (B, 28, 28, 1)),
        labels=np.array([3, 1, 4, 1, 5, 9], np.int32),
        latents=random.normal(size=(B, 100)),
        fake_labels=np.array([2, 7, 1, 8, 2, 8], np.int32),
        more_latents=random.normal(size=(2 * B, 100)),
        more_labels=np.arange(2 * B, dtype=np.int32) % 10,
    )


def package_and_oracle(system, batch, dtype, **changes):
    """The package's update of a system and the oracle's, from the same weights."""
    config = config_of(system, **{"dropout_rate": 0.0, **changes})
    with computing_in(dtype):
        ours = TrainState.create(config)
    log, oracle_log = [], []
    latents = {B: batch.latents, 2 * B: batch.more_latents}
    labels = {B: batch.fake_labels, 2 * B: batch.more_labels}
    if config.fake_label_source in (None, "batch"):
        sample_labels = ours.gan.sample_labels
    else:
        sample_labels = lambda real, seed: tf.constant(labels[len(real)])  # noqa: E731
    ours = dataclasses.replace(
        ours,
        gan=dataclasses.replace(
            ours.gan,
            sample_latents=lambda count, seed: tf.constant(latents[int(count)], dtype),
            sample_labels=sample_labels,
        ),
        generator_optimizer=Recorder("generator", ours.generator_optimizer, log),
        discriminator_optimizer=Recorder(
            "discriminator", ours.discriminator_optimizer, log
        ),
    )
    players = []
    for name, theirs, network in zip(
        ("generator", "discriminator"),
        published.NETWORKS[system](),
        (ours.gan.generator, ours.gan.discriminator),
        strict=True,
    ):
        perturb(network, seed=len(players))
        theirs.set_weights(network.get_weights())
        players.append(published.Player(name, theirs, *published.ADAM[system], oracle_log))
    images = tf.constant(batch.images, dtype)
    with computing_in(dtype):
        terms = updates.update(ours, config, images, tf.constant(batch.labels), [0, 0])
    expected = published.UPDATES[system](*players, batch)
    return ours, players, terms, expected, log, oracle_log


def deviations(system, batch, dtype="float64", **changes):
    """The largest of the losses, the gradients and the moving averages."""
    ours, players, terms, expected, log, oracle_log = package_and_oracle(
        system, batch, dtype, **changes
    )
    if [name for name, _ in log] != [name for name, _ in oracle_log]:
        return {"moves": np.inf}
    losses = [deviation(terms[name], loss) for name, loss in expected.items()]
    gradients = [
        deviation(gradient, other)
        for (_, some), (_, others) in zip(log, oracle_log, strict=True)
        for gradient, other in zip(some, others, strict=True)
        # Not of a bias that BatchNormalization takes out, of which both are rounding.
        if max(abs(gradient).max(), abs(other).max()) > ROUNDING[dtype]
    ]
    averages = [
        deviation(weight, other)
        for player, network in zip(
            players, (ours.gan.generator, ours.gan.discriminator), strict=True
        )
        for weight, other in zip(
            network.non_trainable_weights, player.network.non_trainable_weights, strict=True
        )
    ]
    return {
        "losses": max(losses),
        "gradients": max(gradients),
        "moving averages": max(averages, default=0.0),
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_one_update_is_the_published_one(system, batch, record_property):
    """Losses, gradients, and which player moved how often, in which order."""
    found = deviations(system, batch)
    for name, value in found.items():
        record_property(name, value)
    assert found["losses"] < 1e-6
    assert found["gradients"] < 1e-4
    assert found["moving averages"] < 1e-6


@pytest.mark.parametrize("system", SYSTEMS)
def test_one_update_in_float32_is_the_published_one(system, batch, record_property):
    """What float64 takes past: BatchNormalization as one operation."""
    found = deviations(system, batch, "float32")
    for name, value in found.items():
        record_property(name, value)
    # In Keras-GAN's generator one input of a ReLU is zero but for rounding, and changes
    # sides; with Keras's own BatchNormalization, too.
    kinks = system == "acgan_keras_gan"
    assert found["losses"] < 1e-5
    assert found["gradients"] < (0.1 if kinks else 1e-4)
    assert found["moving averages"] < 1e-5


@pytest.mark.parametrize(
    ("system", "changes"),
    [
        ("dcgan_tutorial", {"d_weight_real": 0.5, "d_weight_fake": 0.5}),
        ("acgan_keras", {"real_label": 1.0}),
        ("acgan_keras", {"generator_label": 1.0}),
        ("acgan_keras", {"d_class_weight_real": 2.0}),
        ("acgan_keras", {"d_class_weight_fake": 1.0}),
        ("acgan_keras", {"d_step_batchnorm": "training"}),
        ("acgan_keras", {"discriminator_update": "separate"}),
        ("acgan_keras", {"g_batch_multiplier": 1}),
        ("acgan_keras", {"label_fusion": "add"}),
        ("acgan_keras_gan", {"discriminator_update": "mixed"}),
        ("acgan_keras_gan", {"resample_latents": True, "g_batch_multiplier": 2}),
        ("cgan_maxout", {"fake_label_source": "uniform"}),
        ("cgan_maxout", {"r1_weight": 0.0}),
        ("cgan_maxout", {"r2_weight": 10.0}),
        ("cgan_maxout", {"negative_slope": 0.3}),
        ("acgan_keras_2017", {"d_class_weight_fake": 0.0}),
    ],
)
def test_every_published_choice_counts(system, changes, batch):
    """With another value the update is another one."""
    assert max(deviations(system, batch, **changes).values()) > 1e-3


@pytest.mark.parametrize("system", SYSTEMS)
def test_adam_moves_the_weights_as_its_paper_says(system, batch, record_property):
    """From the package's own gradients, which the test above compares: NumPy's Adam."""
    ours = TrainState.create(config_of(system, dropout_rate=0.0))
    rate, beta_1 = published.ADAM[system]
    found = []
    for network, optimizer in (
        (ours.gan.generator, ours.generator_optimizer),
        (ours.gan.discriminator, ours.discriminator_optimizer),
    ):
        player = published.Player("", network, rate, beta_1, [])
        before = [w.numpy() for w in network.trainable_variables]
        random = np.random.default_rng(0)
        steps = [[random.normal(size=w.shape) for w in before] for _ in range(3)]
        for gradients in steps:
            optimizer.apply(
                [tf.constant(g) for g in gradients], network.trainable_variables
            )
        moved = [w.numpy() for w in network.trainable_variables]
        for variable, value in zip(network.trainable_variables, before, strict=True):
            variable.assign(value)
        for gradients in steps:
            player.move(Given(gradients), None)
        for variable, value in zip(network.trainable_variables, moved, strict=True):
            found.append(deviation(value, variable))
    record_property("weights", max(found))
    assert max(found) < 1e-5  # Keras rounds beta_2 to float32


class Given:
    """In the place of a tape: gradients that are given."""

    def __init__(self, gradients):
        self.gradients = gradients

    def gradient(self, loss, variables):
        return self.gradients


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_flagfile_pins_every_setting(system):
    """So that a changed default changes no experiment."""
    config = config_of(system)
    pinned = {
        name
        for name in schema.FIELDS
        if getattr(config, name) is not None and schema.kind(name) != schema.DERIVED
    }
    assert overrides_of(system).keys() == pinned
    assert config.dataset == "mnist"


# What the published programs do beside the update: length, intervals, pictures.
LENGTHS = {
    "dcgan_tutorial": {
        "batch_size": 256,
        "epochs": 50,
        "checkpoint_every": 15,
        "latent_prior": "normal",
        "dropout_rate": 0.3,
    },
    "acgan_keras": {
        "batch_size": 100,
        "epochs": 100,
        "checkpoint_every": 1,
        "preview_rows": 40,
        "preview_real": True,
        "test_losses": True,
        "latent_prior": "uniform",
        "dropout_rate": 0.3,
    },
    "acgan_keras_gan": {
        "batch_size": 32,
        "steps": 14_000,
        "log_every_steps": 200,
        "checkpoint_every_steps": 200,
        "latent_prior": "normal",
        "dropout_rate": 0.25,
    },
    "cgan_maxout": {
        "batch_size": 100,
        "epochs": 50,
        "latent_prior": "normal",
        "dropout_rate": 0.0,
    },
    "acgan_keras_2017": {
        "batch_size": 100,
        "epochs": 50,
        "checkpoint_every": 1,
        "test_losses": True,
        "latent_prior": "uniform",
        "dropout_rate": 0.3,
    },
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_flagfile_has_the_published_length_and_intervals(system):
    config = config_of(system)
    published_values = {"latent_dim": 100, "max_translation": 0, "ema_half_life": 0}
    published_values |= {"preview_rows": 10}
    published_values |= LENGTHS[system]
    assert {n: getattr(config, n) for n in published_values} == published_values


# Parameters by part: layers of the generator and of the discriminator.
PARTS = {
    "acgan_keras": (
        {"label_embedding": 1_000},
        {"adversarial": 12_545, "classes": 125_450},
    ),
    "acgan_keras_gan": (
        {"label_embedding": 1_000},
        {"adversarial": 2_049, "classes": 20_490},
    ),
    "acgan_keras_2017": (
        {"label_embedding": 1_000},
        {"adversarial": 12_545, "classes": 125_450},
    ),
}


@pytest.mark.parametrize("system", PARTS)
def test_the_parts_have_the_published_counts(system):
    gan = TrainState.create(config_of(system)).gan
    for network, parts in zip(
        (gan.generator, gan.discriminator), PARTS[system], strict=True
    ):
        assert {n: network.get_layer(n).count_params() for n in parts} == parts


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
    generator = TrainState.create(config_of(system)).gan.generator
    kernels = [w for w in generator.trainable_weights if len(w.shape) > 1]
    assert [looks_normal(kernel) for kernel in kernels] == normal
    if "label_embedding" in [layer.name for layer in generator.layers]:
        # glorot_normal of [10, 100]; Keras's default is uniform in [-0.05, 0.05].
        deviation_of = np.sqrt(2 / 110) if normal[0] else 0.05 / np.sqrt(3)
        assert np.std(kernels[0]) == pytest.approx(deviation_of, rel=0.15)
    for kernel in kernels[1:]:  # Glorot & Bengio 2010: variance 2 / (fan in + fan out)
        fans = np.prod(kernel.shape[:-2]) * (kernel.shape[-1] + kernel.shape[-2])
        assert np.std(kernel) == pytest.approx(np.sqrt(2 / fans), rel=0.15)
