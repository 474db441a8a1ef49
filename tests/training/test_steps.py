import dataclasses
from functools import partial

import numpy as np
import pytest
import tensorflow as tf
import toys
from comparing import computing_in, update
from conftest import KERAS, MODES

from dcgan_tf.config.presets import CONSTANT
from dcgan_tf.data import pipeline
from dcgan_tf.gans import build
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.training import steps as training_steps
from dcgan_tf.training.steps import make_train_steps
from dcgan_tf.training.train_state import TrainState

ALTERNATING = {"update_rule": "alternating", "g_batch_multiplier": 1}
SEPARATE = {**ALTERNATING, "update_rule": "separate"}
PAIRED_AND_ALTERNATING = pytest.mark.parametrize(
    "rule", [{}, ALTERNATING], ids=["paired", "alternating"]
)


def batch(few):
    return next(iter(pipeline.Batches(few, 16, seed=0).stream()))


def weights(network):
    return [w.numpy().copy() for w in network.trainable_variables]


def weights_of_both(state):
    return weights(state.gan.generator) + weights(state.gan.discriminator)


def assert_close(arrays, others, **tolerance):
    for one, other in zip(arrays, others, strict=True):
        assert np.allclose(one, other, **tolerance)


def trainer(config, few, state=None, **options):
    """A state, new by default, and what trains it for so many steps, each on a batch."""
    state = state or TrainState.create(config)
    stream = iter(pipeline.Batches(few, 16, seed=0).stream(int(state.step)))
    steps = make_train_steps(state, config, **options)
    return state, lambda count: steps(stream, tf.constant(count))


def after(config, few, count, state=None, **options):
    state, train = trainer(config, few, state, **options)
    train(count)
    return state


@PAIRED_AND_ALTERNATING
@pytest.mark.parametrize("loss", ADVERSARIAL_LOSSES)
@pytest.mark.parametrize("mode", MODES)
def test_a_step_moves_every_weight_of_both_players(small, few, mode, loss, rule):
    """Through the augmentation, but for a bias of the discriminator's logit.

    The bias shifts real and fake logits alike, which not every loss sees: a relativistic
    one does not, and a hinge loss only beyond its margins.
    """
    augmented = {"augment_fakes": True, "max_translation": 2, "flip": True}
    config = small(mode, adversarial_loss=loss, r2_weight=0.1, **augmented, **rule)
    state = TrainState.create(config)
    players = (state.gan.generator, state.gan.discriminator)
    before = [weights(player) for player in players]
    terms = update(state, config, *batch(few), seed=[0, 0])
    for player, old in zip(players, before, strict=True):
        for variable, value in zip(player.trainable_variables, old, strict=True):
            cancels = loss != "non_saturating" and variable.shape == (1,)
            if not (cancels and player is state.gan.discriminator):
                assert not np.array_equal(variable, value), variable.path
    assert set(terms) == set(state.term_sums)
    assert all(np.isfinite(float(term)) for term in terms.values())


def test_steps_are_a_function_of_the_seed_in_one_call_or_in_several(small, few):
    """Bit by bit, with dropout and all else that is random; another seed, another run."""
    ends = []
    for seed, calls in ((5, [3]), (5, [1, 1, 1]), (6, [3])):
        state, train = trainer(small("acgan", **KERAS, seed=seed), few)
        for count in calls:
            train(count)
        assert int(state.step) == int(state.term_steps) == 3
        ends.append(
            [*weights_of_both(state), *(v.numpy() for v in state.term_sums.values())]
        )
    first, again, other = ends
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("update_rule", training_steps.RULES)
@pytest.mark.parametrize("mode", MODES)
def test_the_compiled_step_is_the_step(small, few, mode, update_rule):
    """Against the same step run line by line: no graph optimisation may change it."""
    networks = KERAS if mode == "acgan" else {}
    config = small(mode, **networks, update_rule=update_rule)
    compiled, plain = after(config, few, 1), TrainState.create(config)
    seed = tf.constant([config.seed, 0], tf.int64)
    update(plain, config, *batch(few), seed)
    for player in ("generator_optimizer", "discriminator_optimizer"):
        momentums = (getattr(state, player)._momentums for state in (compiled, plain))
        for one, other in zip(*momentums, strict=True):
            # A bias that BatchNormalization takes out has a gradient of rounding alone.
            tolerance = max(1e-4 * abs(other.numpy()).max(), 1e-8)
            assert np.allclose(one, other, atol=tolerance)


def with_ema_of_zeros(config, step):
    """A state whose EMA is 0 and whose generator is 1 throughout."""
    state = TrainState.create(config)
    state.step.assign(step)
    for slow, fast in zip(
        state.gan.ema_generator.weights, state.gan.generator.weights, strict=True
    ):
        slow.assign(tf.zeros_like(slow))
        fast.assign(tf.ones_like(fast))
    return state


@pytest.mark.parametrize(
    ("half_life", "interval", "step", "trained_before", "updates", "left"),
    [
        (160, 1, 1_000_000, False, 10, 0.5),  # long after the start
        (160, 2, 1_000_000, False, 5, 0.5),  # an EMA of every second step
        (10**9, 1, 0, False, 1, 2 / 11),  # which is soon forgotten
        (160, 1, 0, True, 1, 0.5**0.1),  # but for weights of another run
    ],
)
def test_the_ema_forgets_half_in_its_half_life(
    small, half_life, interval, step, trained_before, updates, left
):
    config = small("acgan", ema_half_life=half_life, r1_interval=interval)
    state = with_ema_of_zeros(config, step)
    for _ in range(updates):
        training_steps.update_ema(state, config, trained_before)
    for slow in state.gan.ema_generator.weights:
        assert np.allclose(slow, 1 - left, atol=1e-5)


@pytest.mark.parametrize("rule", [{}, ALTERNATING, SEPARATE])
def test_the_discriminator_sees_augmented_fakes_in_both_players_losses(small, few, rule):
    """Fakes are augmented to black here: all its logits of fakes are then one number."""
    config = small("dcgan", **rule)
    state = TrainState.create(config)
    gan = dataclasses.replace(state.gan, augment_fakes=lambda fakes, seed: -fakes / fakes)
    state = dataclasses.replace(state, gan=gan)
    images, labels = batch(few)
    black = -tf.ones_like(images)
    logit = gan.discriminate(black, labels, training=False).adversarial
    terms = update(state, config, images, labels, [0, 0])
    fake = float(terms["discriminator/adversarial_fake"])
    expected = np.log1p(np.exp(logit.numpy())).mean()
    if rule.get("update_rule") != "separate":  # which has moved on real images
        assert fake == pytest.approx(expected, rel=1e-5)
    if rule:  # the generator's step comes after the discriminator's
        logit = gan.discriminate(black, labels, training=False).adversarial
    expected = np.log1p(np.exp(-logit.numpy())).mean()
    assert float(terms["generator/adversarial"]) == pytest.approx(expected, rel=1e-5)


def test_train_steps_keep_the_ema_of_a_run_that_was_trained_before(small, few):
    config = small("dcgan", ema_half_life=160, r1_interval=1)
    gan = after(config, few, 1, with_ema_of_zeros(config, 0), trained_before=True).gan
    weights = [(1 - 0.5**0.1) * weight for weight in gan.generator.weights]
    assert_close(gan.ema_generator.weights, weights, atol=1e-6)


@pytest.mark.parametrize("architecture", ["compact", "keras_gan"])
def test_lazy_penalties_count_for_the_steps_between(small, few, architecture):
    """Three steps with --r1_interval=2 are one with twice R1, one without, one with."""
    networks = {"architecture": architecture, "deterministic": False}
    config = small("acgan", **networks, **CONSTANT | {"r1_interval": 2}, r1_weight=1.0)
    twice = small("acgan", **networks, **CONSTANT, r1_weight=2.0)
    lazy, by_hand = after(config, few, 3), TrainState.create(twice)
    stream, penalties = iter(pipeline.Batches(few, 16, seed=0).stream()), 0.0
    for step, penalised in enumerate((True, False, True)):
        seed = tf.constant([config.seed, step], tf.int64)
        terms = update(by_hand, twice, *next(stream), seed, penalised=penalised)
        penalties += 2 * float(terms.get("discriminator/r1_penalty", 0.0))
    ends = (weights(state.gan.discriminator) for state in (lazy, by_hand))
    assert_close(*ends, atol=1e-5)
    summed = float(lazy.term_sums["discriminator/r1_penalty"])
    assert summed == pytest.approx(penalties, rel=1e-3)
    every = after(small("acgan", **networks, **CONSTANT, r1_weight=1.0), few, 3)
    assert not np.allclose(
        every.gan.discriminator.get_weights()[0], lazy.gan.discriminator.get_weights()[0]
    )


def test_an_ema_of_every_second_step_moves_at_every_second_step(small, few):
    """By a generator that stands still."""
    config = small("dcgan", ema_half_life=160, r1_interval=2, learning_rate=1e-9)
    moved, (state, train) = [], trainer(config, few, with_ema_of_zeros(config, step=0))
    for _ in range(3):
        train(1)
        moved.append(float(state.gan.ema_generator.weights[0][0, 0]))
    assert moved == pytest.approx([0.0, 1 - (3 / 12) ** 2, 1 - (3 / 12) ** 2], abs=1e-6)


def test_learning_rates_fall_with_the_images_seen(small, few):
    """To a quarter of each player's own, over four batches of 16."""
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 2e-3}
    config = small("cgan", **rates, decay_images=64, lr_final_share=0.25)
    expected = [1.0, 0.25 + 0.75 * (1 + 0.5**0.5) / 2, 0.625, 0.25, 0.25]
    state, train = trainer(config, few)
    for steps, share in zip((1, 1, 1, 2, 1), expected, strict=True):
        train(steps)
        rates = (state.generator_optimizer, state.discriminator_optimizer)
        rates = [float(optimizer.learning_rate) for optimizer in rates]
        assert rates == pytest.approx([1e-3 * share, 2e-3 * share], rel=1e-5)


def test_a_step_has_the_rate_of_the_images_before_it(small, few):
    """After all have been seen at a share of 0: it moves nothing."""
    config = small("dcgan", decay_images=16, lr_final_share=0.0)
    state = TrainState.create(config)
    state.step.assign(1)
    before = weights_of_both(state)
    after(config, few, 1, state)
    assert all(map(np.array_equal, before, weights_of_both(state)))


def test_r1_falls_with_the_images_seen_in_the_loss(small, few):
    """The second step, with R1 as it was and as it has fallen; the term itself stays."""
    found, fallen = [], {"decay_images": 16, "lr_final_share": 1.0, "r1_final_share": 0.25}
    for falling in ({}, fallen):
        config = small("dcgan", **CONSTANT | falling, r1_weight=8.0, learning_rate=1e-9)
        names, sums, (state, train) = ("r1_penalty", "loss"), [], trainer(config, few)
        for _ in range(2):
            train(1)
            sums.append([float(state.term_sums[f"discriminator/{n}"]) for n in names])
        found.append(np.subtract(*sums[::-1]))
    (penalty, loss), (same, less) = found
    assert same == pytest.approx(penalty, rel=1e-4)
    assert loss - less == pytest.approx(0.75 * 8.0 * penalty, rel=1e-3)


@pytest.mark.parametrize("rule", [{}, ALTERNATING, SEPARATE])
def test_real_images_and_fakes_are_augmented_and_the_probability_moves(few, small, rule):
    """Both become white here, so all logits are one number, and none is told right."""
    rule = {**rule, "augment_target": 0.8}
    state = TrainState.create(small("dcgan", r1_weight=0.0, **rule))
    chances = []

    def augmented(images, seed, probability):
        chances.append(probability)
        return 0.0 * images + 1.0

    state = dataclasses.replace(
        state, gan=dataclasses.replace(state.gan, augment=augmented)
    )
    images, labels = batch(few)
    white = tf.ones_like(images)
    logit = float(state.gan.discriminate(white, labels, training=False).adversarial[0, 0])
    terms = update(state, small("dcgan", **rule), images, labels, [0, 0])
    real = float(terms["discriminator/adversarial_real"])
    assert real == pytest.approx(np.log1p(np.exp(-logit)), rel=1e-5)
    assert len(chances) == (3 if "update_rule" in rule else 2)  # the generator's own fakes
    config = small("dcgan", **rule)
    state = TrainState.create(config)
    probabilities = []
    for target in (-1.0, 2.0):  # every share is above, then below
        state.augment_probability.assign(0.5)
        changed = config.model_copy(update={"augment_target": target})
        stream = iter(pipeline.Batches(few, 16, seed=0).stream())
        make_train_steps(state, changed)(stream, tf.constant(5))
        probabilities.append(float(state.augment_probability))
    step = 16 / 100_000
    assert probabilities == pytest.approx([0.5 + 5 * step, 0.5 - 5 * step], abs=1e-6)


def test_the_same_steps_have_the_same_bits_where_fakes_are_augmented(digits, small):
    """Catches an optimisation by which they differ, on two cores or more."""
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": True})
    config = small("cgan", batch_size=500, augment_target=0.8)
    hashes = set()
    for _ in range(4):
        state = TrainState.create(config)
        state.augment_probability.assign(0.5)
        stream = iter(pipeline.Batches(digits, 500, seed=0).stream())
        make_train_steps(state, config)(stream, tf.constant(6))
        hashes.add(state.sha256())
    assert len(hashes) == 1


@PAIRED_AND_ALTERNATING
def test_a_step_compiled_by_xla_is_the_step(few, small, rule):
    """With all that is random, which XLA must not draw otherwise; in float64."""
    augmented = {"max_translation": 2, "flip": True, "augment_fakes": True}
    augmented |= {"augment_target": 0.5, "augment_policy": "colour"}
    ends = []
    with computing_in("float64"):
        for jit_compile in (False, True):
            lazy = {"r1_weight": 1.0, "r1_interval": 2}
            config = small("acgan", **KERAS, **augmented, **rule, **lazy)
            state = TrainState.create(config)
            state.augment_probability.assign(0.5)
            batches = pipeline.Batches(few, 16, seed=0, max_translation=2, flip=True)
            stream = batches.stream().map(lambda x, y: (tf.cast(x, tf.float64), y))
            steps = make_train_steps(state, config, jit_compile=jit_compile)
            steps(iter(stream), tf.constant(2))
            ends.append(weights_of_both(state))
    assert_close(*ends, rtol=1e-7, atol=1e-9)


def exact_cosine_decay(images, decay_images, final_share):
    """In float64: XLA's cosine in float32 is another in the last bit."""
    completed = tf.minimum(tf.cast(images, tf.float64) / decay_images, 1.0)
    return final_share + (1.0 - final_share) * (1.0 + tf.cos(np.pi * completed)) / 2.0


def toy_acgan(monkeypatch, small, **settings):
    """A toy with two class heads, R1 and the EMA at every third step, and falling rates."""
    networks = toys.generator, partial(toys.discriminator, classes=10, twin=10)
    monkeypatch.setitem(build.NETWORKS, ("acgan", "compact2"), networks)
    falling = {"decay_images": 320, "lr_final_share": 0.1, "r1_final_share": 0.1}
    lazy = {"r1_interval": 3, "r1_weight": 1.0, "ema_half_life": 100}
    drawn = {"class_head": "twin", "fake_label_source": "uniform", "augment_fakes": True}
    toy = {"latent_dim": 4, "max_translation": 2, "augment_policy": "colour"}
    toy |= {"augment_target": 0.8}
    return small("acgan", **falling, **lazy, **drawn, **toy, **settings)


@PAIRED_AND_ALTERNATING
def test_steps_compiled_as_one_are_the_steps(monkeypatch, few, small, rule):
    """From step 2 to 10: a step, two units of three, a step; in float64."""
    monkeypatch.setattr(training_steps, "cosine_decay", exact_cosine_decay)
    ends = []
    with computing_in("float64"):
        config = toy_acgan(monkeypatch, small, **rule)
        for jit_compile in (False, True):
            state = TrainState.create(config)
            state.augment_probability.assign(0.5)
            stream = pipeline.Batches(few, 16, seed=0).stream()
            batches = iter(stream.map(lambda x, y: (tf.cast(x, tf.float64), y)))
            steps = make_train_steps(state, config, jit_compile=jit_compile)
            assert [int(steps(batches, tf.constant(n))) for n in (2, 8)] == [2, 10]
            rates = state.generator_optimizer, state.discriminator_optimizer
            rates = [optimizer.learning_rate for optimizer in rates]
            counters = state.term_steps, state.augment_probability
            variables = [*state._variables().values(), *rates, *counters]
            sums = [float(total) for total in state.term_sums.values()]
            ends.append(([variable.numpy() for variable in variables], sums))
    (plain, plain_sums), (units, unit_sums) = ends
    assert_close(plain, units, rtol=0, atol=1e-9)
    assert plain_sums == pytest.approx(unit_sums, rel=1e-6)
