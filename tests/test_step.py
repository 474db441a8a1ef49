import numpy as np
import pytest
import tensorflow as tf
from conftest import KERAS

from dcgan_tf import data, state, step

REAL = "discriminator/adversarial_real"


def batch(few):
    return next(iter(data.Batches(few, 16, seed=0).stream()))


def weights(network):
    return [w.numpy().copy() for w in network.trainable_variables]


@pytest.mark.parametrize("mode", ["dcgan", "cgan", "acgan"])
def test_a_step_moves_every_weight_of_both_players(small, few, mode):
    run = state.create(small(mode))
    players = (run.gan.generator, run.gan.discriminator)
    before = [weights(player) for player in players]
    terms = step.paired(run, small(mode), *batch(few), seed=[0, 0])
    for player, old in zip(players, before, strict=True):
        for variable, value in zip(player.trainable_variables, old, strict=True):
            assert not np.array_equal(variable, value), variable.path
    assert set(terms) == set(run.sums)
    assert all(np.isfinite(float(term)) for term in terms.values())


def test_each_player_has_its_own_learning_rate(small):
    run = state.create(small("cgan", learning_rate=0.5, discriminator_learning_rate=0.25))
    assert float(run.generator_optimizer.learning_rate) == 0.5
    assert float(run.discriminator_optimizer.learning_rate) == 0.25


@pytest.mark.parametrize("mode", ["dcgan", "cgan", "acgan"])
def test_paired_gradients_are_those_of_two_tapes(small, few, mode):
    """Each player's gradient is the one that a pass and a tape of its own give.

    After one step Adam's mean of the gradients is 1 - beta_1 times the gradient.
    """
    config = small(mode, dropout=0.0, gradient_penalty=0.0)
    run, reference = state.create(config), state.create(config)
    images, labels = batch(few)
    step.paired(run, config, images, labels, seed=[7, 8])

    gan = reference.gan
    noise_seed, label_seed = tf.unstack(tf.random.split([7, 8]))
    fake_labels = gan.draw_labels(labels, label_seed)
    noise = gan.draw_noise(16, noise_seed)

    def verdicts():
        fakes = gan.generator([noise, fake_labels], training=True)
        real = gan.discriminator([images, labels], training=True)
        return real, gan.discriminator([fakes, fake_labels], training=True)

    with tf.GradientTape() as tape:
        _, fake = verdicts()
        loss = gan.generator_loss(fake, fake_labels)["loss"]
    of_generator = tape.gradient(loss, gan.generator.trainable_variables)
    with tf.GradientTape() as tape:
        real, fake = verdicts()
        loss = gan.real_loss(real, labels)["loss"]
        loss += gan.fake_loss(fake, fake_labels)["loss"]
    of_discriminator = tape.gradient(loss, gan.discriminator.trainable_variables)

    for optimizer, gradients in (
        (run.generator_optimizer, of_generator),
        (run.discriminator_optimizer, of_discriminator),
    ):
        for momentum, gradient in zip(optimizer._momentums, gradients, strict=True):
            kept = momentum.numpy() / (1 - config.beta_1)
            expected = tf.convert_to_tensor(gradient).numpy()  # an embedding's is sparse
            assert np.allclose(kept, expected, atol=1e-4 * abs(expected).max())


def test_many_steps_in_one_call_are_the_steps_one_by_one(small, few):
    config = small("acgan", **KERAS)
    together, apart = state.create(config), state.create(config)
    batches = data.Batches(few, 16, seed=0)
    step.make_train_steps(together, config)(iter(batches.stream()), tf.constant(3))
    one_by_one, stream = step.make_train_steps(apart, config), iter(batches.stream())
    for _ in range(3):
        one_by_one(stream, tf.constant(1))
    assert int(together.step) == int(apart.step) == 3
    for a, b in zip(
        weights(together.gan.generator), weights(apart.gan.generator), strict=True
    ):
        assert np.array_equal(a, b)
    for name, total in together.sums.items():
        assert float(total) == float(apart.sums[name])
        assert float(total) > 0 or "accuracy" in name


@pytest.mark.parametrize("schedule", ["paired", "alternating"])
@pytest.mark.parametrize("mode", ["dcgan", "cgan", "acgan"])
def test_the_compiled_step_is_the_step(small, few, mode, schedule):
    """Against the same step run line by line: no graph optimisation may change it."""
    networks = KERAS if mode == "acgan" else {}
    config = small(mode, **networks, schedule=schedule)
    compiled, plain = state.create(config), state.create(config)
    batches = data.Batches(few, 16, seed=0)
    step.make_train_steps(compiled, config)(iter(batches.stream()), tf.constant(1))
    seed = tf.constant([config.seed, 0], tf.int64)
    step.SCHEDULES[schedule](plain, config, *batch(few), seed)
    for player in ("generator_optimizer", "discriminator_optimizer"):
        momentums = (getattr(run, player)._momentums for run in (compiled, plain))
        for one, other in zip(*momentums, strict=True):
            # A bias that BatchNormalization takes out has a gradient of rounding alone.
            tolerance = max(1e-4 * abs(other.numpy()).max(), 1e-8)
            assert np.allclose(one, other, atol=tolerance)


def test_one_trace_serves_every_stream_and_count(small, few):
    config = small("cgan")
    run = state.create(config)
    train_steps = step.make_train_steps(run, config)
    batches = data.Batches(few, 16, seed=0)
    for start, count in ((0, 3), (3, 1), (6, 2)):
        train_steps(iter(batches.stream(start)), tf.constant(count))
    assert train_steps.experimental_get_tracing_count() == 1


def test_two_runs_of_one_seed_are_equal_and_of_two_are_not(small, few):
    ends = []
    for seed in (5, 5, 6):
        config = small("acgan", **KERAS, seed=seed)
        run = state.create(config)
        batches = data.Batches(few, 16, seed=seed)
        step.make_train_steps(run, config)(iter(batches.stream()), tf.constant(3))
        ends.append(np.concatenate([w.ravel() for w in weights(run.gan.generator)]))
    assert np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])


def test_the_average_halves_its_memory_in_the_half_life(small):
    run = state.create(small("acgan"))
    run.step.assign(1_000_000)  # long after the start
    for slow, fast in zip(run.gan.drawn.weights, run.gan.generator.weights, strict=True):
        slow.assign(tf.zeros_like(slow))
        fast.assign(tf.ones_like(fast))
    for _ in range(10):
        step.average(run, half_life=160, batch_size=16)
    for slow in run.gan.drawn.weights:
        assert np.allclose(slow, 0.5, atol=1e-5)


def test_the_average_soon_forgets_the_start(small):
    run = state.create(small("acgan"))
    run.step.assign(1)
    for slow, fast in zip(run.gan.drawn.weights, run.gan.generator.weights, strict=True):
        slow.assign(tf.zeros_like(slow))
        fast.assign(tf.ones_like(fast))
    step.average(run, half_life=10**9, batch_size=16)
    assert np.allclose(run.gan.drawn.weights[0], 1 - 2 / 11)


def test_the_discriminator_learns_eight_images_by_heart(small, few):
    config = small("dcgan", learning_rate=1e-3, gradient_penalty=0.0)
    run = state.create(config)
    images, labels = batch(few)
    first = step.paired(run, config, images[:8], labels[:8], seed=[0, 0])
    for _ in range(15):
        last = step.paired(run, config, images[:8], labels[:8], seed=[0, 0])
    assert float(last[REAL]) < 0.5 * float(first[REAL])
