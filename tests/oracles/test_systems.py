"""Each published system's flagfile, against the system written once more.

One whole update on a fixed batch, with dropout off: every loss, every gradient in its
order, every moving average afterwards; and Adam's arithmetic by itself.  In float64, and
the update once more in the float32 that runs train in, against the same float64.
"""

import contextlib
import dataclasses
import pathlib

import keras
import numpy as np
import published
import pytest
import tensorflow as tf

from dcgan_tf import command, config, main, settings, state, step

EXPERIMENTS = pathlib.Path(__file__).parents[2] / "experiments"
SYSTEMS = tuple(published.NETWORKS)
B = 6
ROUNDING = {"float64": 1e-12, "float32": 1e-7}  # gradients below are nothing else


def said(system):
    values = main.define_flags()
    values(["main", f"--flagfile={EXPERIMENTS / system}.flags"])
    return command.said(values)


@contextlib.contextmanager
def computing_in(dtype):
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(before)


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
        noise=random.normal(size=(B, 100)),
        fake_labels=np.array([2, 7, 1, 8, 2, 8], np.int32),
        more_noise=random.normal(size=(2 * B, 100)),
        more_labels=np.arange(2 * B, dtype=np.int32) % 10,
    )


class Recorder:
    """An optimizer that notes each player's gradients, in order, before it applies them."""

    def __init__(self, name, optimizer, log):
        self.name, self.optimizer, self.log = name, optimizer, log

    def apply(self, gradients, variables):
        dense = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
        self.log.append((self.name, dense))
        self.optimizer.apply(gradients, variables)


def package_and_oracle(system, batch, dtype, **changes):
    """The package's update of a system and the oracle's, from the same weights."""
    run = settings.new({**said(system), "dropout": 0.0, **changes}, "mnist", 10)
    with computing_in(dtype):
        ours = state.create(run)
    log, oracle_log = [], []
    noise = {B: batch.noise, 2 * B: batch.more_noise}
    labels = {B: batch.fake_labels, 2 * B: batch.more_labels}
    if run.fake_labels == "real":
        draw_labels = ours.gan.draw_labels
    else:
        draw_labels = lambda real, seed: tf.constant(labels[len(real)])  # noqa: E731
    ours = dataclasses.replace(
        ours,
        gan=dataclasses.replace(
            ours.gan,
            draw_noise=lambda count, seed: tf.constant(noise[int(count)], dtype),
            draw_labels=draw_labels,
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
        # Away from what a new network has: zero biases and averages would hide mistakes.
        random = np.random.default_rng(len(players))
        weights = [
            w * random.uniform(0.9, 1.1, w.shape) + random.normal(0, 0.01, w.shape)
            for w in network.get_weights()
        ]
        network.set_weights(weights)
        theirs.set_weights(network.get_weights())
        players.append(published.Player(name, theirs, *published.ADAM[system], oracle_log))
    update = step.SCHEDULES[run.schedule]
    images = tf.constant(batch.images, dtype)
    with computing_in(dtype):
        terms = update(ours, run, images, tf.constant(batch.labels), [0, 0])
    expected = published.UPDATES[system](*players, batch)
    return ours, players, terms, expected, log, oracle_log


def deviation(ours, theirs):
    """The largest difference, relative to the largest value; infinite in another shape."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return np.inf
    return float(abs(ours - theirs).max() / max(abs(theirs).max(), 1e-300))


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
        ("dcgan_tutorial", {"real_weight": 0.5, "fake_weight": 0.5}),
        ("acgan_keras", {"real_target": 1.0}),
        ("acgan_keras", {"generator_target": 1.0}),
        ("acgan_keras", {"auxiliary_real_weight": 2.0}),
        ("acgan_keras", {"auxiliary_fake_weight": 1.0}),
        ("acgan_keras", {"discriminator_fakes": "training"}),
        ("acgan_keras", {"discriminator_update": "separate"}),
        ("acgan_keras", {"generator_batches": 1}),
        ("acgan_keras", {"label_fusion": "add"}),
        ("acgan_keras_gan", {"discriminator_update": "mixed"}),
        ("acgan_keras_gan", {"generator_noise": "fresh", "generator_batches": 2}),
        ("cgan_maxout", {"fake_labels": "random"}),
        ("cgan_maxout", {"gradient_penalty": 0.0}),
        ("cgan_maxout", {"leaky_slope": 0.3}),
        ("acgan_keras_2017", {"auxiliary_fake_weight": 0.0}),
    ],
)
def test_every_published_choice_counts(system, changes, batch):
    """With another value the update is another one."""
    assert max(deviations(system, batch, **changes).values()) > 1e-3


@pytest.mark.parametrize("system", SYSTEMS)
def test_adam_moves_the_weights_as_its_paper_says(system, batch, record_property):
    """From the package's own gradients, which the test above compares: NumPy's Adam."""
    run = settings.new({**said(system), "dropout": 0.0}, "mnist", 10)
    ours = state.create(run)
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
    run = settings.new(said(system), "mnist", 10)
    pinned = {
        name
        for name, field in config.FIELDS.items()
        if getattr(run, name) is not None and field.metadata["kind"] != config.DERIVED
    }
    assert said(system).keys() == pinned
    assert run.dataset == "mnist"


# What the published programs do beside the update: length, intervals, pictures.
LENGTHS = {
    "dcgan_tutorial": {
        "batch_size": 256,
        "epochs": 50,
        "checkpoint_every": 15,
        "noise": "normal",
        "dropout": 0.3,
    },
    "acgan_keras": {
        "batch_size": 100,
        "epochs": 100,
        "checkpoint_every": 1,
        "sample_rows": 40,
        "sample_real": True,
        "evaluate_losses": True,
        "noise": "uniform",
        "dropout": 0.3,
    },
    "acgan_keras_gan": {
        "batch_size": 32,
        "steps": 14_000,
        "sample_every_steps": 200,
        "checkpoint_every_steps": 200,
        "noise": "normal",
        "dropout": 0.25,
    },
    "cgan_maxout": {"batch_size": 100, "epochs": 50, "noise": "normal", "dropout": 0.0},
    "acgan_keras_2017": {
        "batch_size": 100,
        "epochs": 50,
        "checkpoint_every": 1,
        "evaluate_losses": True,
        "noise": "uniform",
        "dropout": 0.3,
    },
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_flagfile_has_the_published_length_and_intervals(system):
    run = settings.new(said(system), "mnist", 10)
    published_values = {"noise_size": 100, "shift": 0, "average_half_life": 0}
    published_values |= {"sample_rows": 10}
    published_values |= LENGTHS[system]
    assert {n: getattr(run, n) for n in published_values} == published_values


# Parameters by part: layers of the generator and of the discriminator.
PARTS = {
    "acgan_keras": (
        {"label_embedding": 1_000},
        {"generation": 12_545, "auxiliary": 125_450},
    ),
    "acgan_keras_gan": (
        {"label_embedding": 1_000},
        {"generation": 2_049, "auxiliary": 20_490},
    ),
    "acgan_keras_2017": (
        {"label_embedding": 1_000},
        {"generation": 12_545, "auxiliary": 125_450},
    ),
}


@pytest.mark.parametrize("system", PARTS)
def test_the_parts_have_the_published_counts(system):
    gan = state.create(settings.new(said(system), "mnist", 10)).gan
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
    generator = state.create(settings.new(said(system), "mnist", 10)).gan.generator
    kernels = [w for w in generator.trainable_weights if len(w.shape) > 1]
    assert [looks_normal(kernel) for kernel in kernels] == normal
    if "label_embedding" in [layer.name for layer in generator.layers]:
        # glorot_normal of [10, 100]; Keras's default is uniform in [-0.05, 0.05].
        deviation_of = np.sqrt(2 / 110) if normal[0] else 0.05 / np.sqrt(3)
        assert np.std(kernels[0]) == pytest.approx(deviation_of, rel=0.15)
    for kernel in kernels[1:]:  # Glorot & Bengio 2010: variance 2 / (fan in + fan out)
        fans = np.prod(kernel.shape[:-2]) * (kernel.shape[-1] + kernel.shape[-2])
        assert np.std(kernel) == pytest.approx(np.sqrt(2 / fans), rel=0.15)
