import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.gans import build
from dcgan_tf.training import train_state
from dcgan_tf.training.train_state import TrainState


def test_each_player_has_its_own_learning_rate(small):
    state = TrainState.create(
        small(
            "cgan",
            learning_rate=0.5,
            discriminator_learning_rate=0.25,
            beta_1=0.375,
            beta_2=0.75,
        )
    )
    assert float(state.generator_optimizer.learning_rate) == 0.5
    assert float(state.discriminator_optimizer.learning_rate) == 0.25
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert optimizer.beta_1 == 0.375
        assert optimizer.beta_2 == 0.75


def test_a_new_state_is_that_of_its_seed(small):
    first, again, other = (
        TrainState.create(small("dcgan", seed=seed)).gan.generator.get_weights()[0]
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def names(small, mode, **overrides):
    return train_state.term_names(build.build(small(mode, **overrides)))


def test_term_names_are_those_of_the_losses(small):
    assert names(small, "acgan", r1_weight=0.0, class_head="ac") == [
        "generator/loss",
        "generator/adversarial",
        "generator/class",
        "generator/class_accuracy",
        "discriminator/loss",
        "discriminator/adversarial_real",
        "discriminator/adversarial_accuracy_real",
        "discriminator/adversarial_fake",
        "discriminator/adversarial_accuracy_fake",
        "discriminator/class_real",
        "discriminator/class_accuracy_real",
        "discriminator/class_fake",
        "discriminator/class_accuracy_fake",
    ]


def test_term_names_of_a_relativistic_loss_with_penalties(small):
    loss = {"adversarial_loss": "relativistic", "r1_weight": 1.0, "r2_weight": 1.0}
    assert names(small, "dcgan", **loss) == [
        "generator/loss",
        "generator/adversarial",
        "discriminator/loss",
        "discriminator/adversarial",
        "discriminator/adversarial_accuracy",
        "discriminator/r1_penalty",
        "discriminator/r2_penalty",
    ]


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


@pytest.mark.parametrize(
    ("find", "owner"),
    [
        (lambda s: s.gan.generator.weights[0], "generator"),
        (lambda s: s.gan.discriminator.weights[0], "discriminator"),
        (lambda s: s.gan.ema_generator.weights[0], "generator's EMA"),
        (lambda s: s.discriminator_optimizer._velocities[0], "discriminator's Adam"),
    ],
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_variable_that_is_not_finite_is_named(small, find, owner, value):
    state = TrainState.create(small("dcgan", ema_half_life=100))
    assert state.first_not_finite() is None
    variable = find(state)
    spoilt = variable.numpy()
    spoilt[0, 0] = value
    variable.assign(spoilt)
    assert state.first_not_finite() == f"{variable.path} of the {owner}"


def test_size_is_the_bytes_of_weights_and_moments(small):
    """Three float32 of each trained weight (Adam keeps two), one of each other one."""
    for half_life in (0, 100):
        state = TrainState.create(small("dcgan", ema_half_life=half_life))
        gan = state.gan
        numbers = 0
        for network in (gan.generator, gan.discriminator):
            trained = sum(int(tf.size(w)) for w in network.trainable_weights)
            numbers += 3 * trained
            numbers += sum(int(tf.size(w)) for w in network.non_trainable_weights)
        if half_life:
            numbers += gan.ema_generator.count_params()
        # Beside them each Adam has a few counters of its own.
        assert 0 <= state.size() - 4 * numbers <= 64
