import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.gans import build
from dcgan_tf.training import train_state
from dcgan_tf.training.train_state import TrainState


def test_each_player_has_its_own_learning_rate(small):
    rates = {"learning_rate": 0.5, "discriminator_learning_rate": 0.25}
    state = TrainState.create(small("cgan", **rates, beta_1=0.375, beta_2=0.75))
    assert float(state.generator_optimizer.learning_rate) == 0.5
    assert float(state.discriminator_optimizer.learning_rate) == 0.25
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert (optimizer.beta_1, optimizer.beta_2) == (0.375, 0.75)


def test_a_new_state_is_that_of_its_seed(small):
    first, again, other = (
        TrainState.create(small("dcgan", seed=seed)).gan.generator.get_weights()[0]
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("mode", "settings", "generator", "discriminator"),
    [
        (
            "acgan",
            {"r1_weight": 0.0, "class_head": "ac"},
            "loss adversarial class class_accuracy",
            "loss adversarial_real adversarial_accuracy_real adversarial_fake "
            "adversarial_accuracy_fake class_real class_accuracy_real class_fake "
            "class_accuracy_fake",
        ),
        (
            "dcgan",
            {"adversarial_loss": "relativistic", "r1_weight": 1.0, "r2_weight": 1.0},
            "loss adversarial",
            "loss adversarial adversarial_accuracy r1_penalty r2_penalty",
        ),
    ],
)
def test_term_names_are_those_of_the_losses(
    small, mode, settings, generator, discriminator
):
    names = train_state.term_names(build.build(small(mode, **settings)))
    expected = [f"generator/{term}" for term in generator.split()]
    assert names == expected + [f"discriminator/{term}" for term in discriminator.split()]


def test_term_names_leave_the_networks_as_they_are(small):
    """BatchNormalization's moving averages among them: a new run's are 0 and 1."""
    gan = build.build(small("acgan", architecture="keras_gan"))
    before = [w.numpy() for w in gan.discriminator.weights]
    train_state.term_names(gan)
    for old, new in zip(before, gan.discriminator.weights, strict=True):
        assert np.array_equal(old, new)


def test_means_are_taken_since_the_last_time(small):
    state = TrainState.create(small("dcgan"))
    state.term_sums["generator/loss"].assign(6.0)
    state.term_steps.assign(4)
    assert state.take_means()["generator/loss"] == 1.5
    state.term_sums["generator/loss"].assign_add(8.0)
    state.term_steps.assign_add(2)
    assert state.take_means()["generator/loss"] == 4.0


def test_the_first_variable_that_is_not_finite_is_named(small):
    state = TrainState.create(small("dcgan", ema_half_life=100))
    assert state.first_not_finite() is None
    for value, variable, owner in (
        (np.nan, state.gan.generator.weights[0], "generator"),
        (np.inf, state.gan.discriminator.weights[0], "discriminator"),
        (np.nan, state.gan.ema_generator.weights[0], "generator's EMA"),
        (np.inf, state.discriminator_optimizer._velocities[0], "discriminator's Adam"),
    ):
        before = variable.numpy()
        spoilt = before.copy()
        spoilt[0, 0] = value
        variable.assign(spoilt)
        assert state.first_not_finite() == f"{variable.path} of the {owner}"
        variable.assign(before)


@pytest.mark.parametrize("half_life", [0, 100])
def test_size_is_the_bytes_of_weights_and_moments(small, half_life):
    """Three float32 of each trained weight (Adam keeps two), one of each other one."""
    state = TrainState.create(small("dcgan", ema_half_life=half_life))
    gan, numbers = state.gan, 0
    for network in (gan.generator, gan.discriminator):
        numbers += 2 * sum(int(tf.size(w)) for w in network.trainable_weights)
        numbers += network.count_params()
    if half_life:
        numbers += gan.ema_generator.count_params()
    # Beside them each Adam has a few counters of its own.
    assert 0 <= state.size() - 4 * numbers <= 64
