import numpy as np

from dcgan_tf.gans import build
from dcgan_tf.training import train_state
from dcgan_tf.training.train_state import TrainState


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
