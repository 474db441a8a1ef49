import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from comparing import computing_in, update
from conftest import KERAS, MODES

from dcgan_tf.config.presets import CONSTANT
from dcgan_tf.data import pipeline
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.training import steps as training_steps
from dcgan_tf.training.steps import make_train_steps
from dcgan_tf.training.train_state import TrainState

ALTERNATING = {"update_rule": "alternating", "g_batch_multiplier": 1}


def batch(few):
    return next(iter(pipeline.Batches(few, 16, seed=0).stream()))


def weights(network):
    return [w.numpy().copy() for w in network.trainable_variables]


@pytest.mark.parametrize(
    "rule", [{}, ALTERNATING], ids=lambda rule: rule.get("update_rule", "paired")
)
@pytest.mark.parametrize("loss", ADVERSARIAL_LOSSES)
@pytest.mark.parametrize("mode", MODES)
def test_a_step_moves_every_weight_of_both_players(small, few, mode, loss, rule):
    """But for a bias of the discriminator's logit, which may cancel.

    It shifts real and fake logits alike, which a relativistic loss does not see, and a
    hinge loss only beyond its margins.
    """
    config = small(mode, adversarial_loss=loss, r2_weight=0.1, **rule)
    state = TrainState.create(config)
    players = (state.gan.generator, state.gan.discriminator)
    before = [weights(player) for player in players]
    terms = update(state, config, *batch(few), seed=[0, 0])
    for player, old in zip(players, before, strict=True):
        for variable, value in zip(player.trainable_variables, old, strict=True):
            cancels = loss in ("hinge", "relativistic") and variable.shape == (1,)
            if not (cancels and player is state.gan.discriminator):
                assert not np.array_equal(variable, value), variable.path
    assert set(terms) == set(state.term_sums)
    assert all(np.isfinite(float(term)) for term in terms.values())


@pytest.mark.parametrize("mode", MODES)
def test_paired_gradients_are_those_of_two_tapes(small, few, mode):
    """Each player's gradient is the one that a pass and a tape of its own give.

    After one step Adam's mean of the gradients is 1 - beta_1 times the gradient.
    """
    config = small(mode, dropout_rate=0.0, r1_weight=0.0)
    state, reference = TrainState.create(config), TrainState.create(config)
    images, labels = batch(few)
    update(state, config, images, labels, seed=[7, 8])

    gan = reference.gan
    latent_seed, label_seed = tf.unstack(tf.random.split([7, 8]))
    fake_labels = gan.sample_labels(labels, label_seed)
    latents = gan.sample_latents(16, latent_seed)

    def outputs():
        fakes = gan.generator([latents, fake_labels], training=True)
        real = gan.discriminate(images, labels, training=True)
        return real, gan.discriminate(fakes, fake_labels, training=True)

    with tf.GradientTape() as tape:
        _, fake = outputs()
        loss = gan.generator_terms(None, fake, fake_labels)["loss"]
    of_generator = tape.gradient(loss, gan.generator.trainable_variables)
    with tf.GradientTape() as tape:
        real, fake = outputs()
        loss = gan.discriminator_terms(real, labels, None, None, {})["loss"]
        loss += gan.discriminator_terms(None, None, fake, fake_labels, {})["loss"]
    of_discriminator = tape.gradient(loss, gan.discriminator.trainable_variables)

    for optimizer, gradients in (
        (state.generator_optimizer, of_generator),
        (state.discriminator_optimizer, of_discriminator),
    ):
        for momentum, gradient in zip(optimizer._momentums, gradients, strict=True):
            mean = momentum.numpy() / (1 - config.beta_1)
            expected = tf.convert_to_tensor(gradient).numpy()  # an embedding's is sparse
            assert np.allclose(mean, expected, atol=1e-4 * abs(expected).max())


def test_the_generator_s_step_leaves_the_discriminator_s_moving_averages(small, few):
    """They are of its own step: the same whatever the generator's loss asks of it.

    A relativistic generator asks for the real images' logits as well.
    """
    averages = []
    for loss in ("hinge", "relativistic"):
        config = small(
            "acgan",
            architecture="keras_gan",
            adversarial_loss=loss,
            dropout_rate=0.0,
            **ALTERNATING,
        )
        state = TrainState.create(config)
        before = [w.numpy() for w in state.gan.discriminator.non_trainable_weights]
        update(state, config, *batch(few), seed=[0, 0])
        after = [w.numpy() for w in state.gan.discriminator.non_trainable_weights]
        assert len(after) == 4
        assert not any(map(np.array_equal, before, after))
        averages.append(after)
    for one, other in zip(*averages, strict=True):
        assert np.allclose(one, other, rtol=1e-6)


def test_many_steps_in_one_call_are_the_steps_one_by_one(small, few):
    config = small("acgan", **KERAS)
    together, apart = TrainState.create(config), TrainState.create(config)
    batches = pipeline.Batches(few, 16, seed=0)
    make_train_steps(together, config)(iter(batches.stream()), tf.constant(3))
    one_by_one, stream = make_train_steps(apart, config), iter(batches.stream())
    for _ in range(3):
        one_by_one(stream, tf.constant(1))
    assert int(together.step) == int(apart.step) == 3
    for a, b in zip(
        weights(together.gan.generator), weights(apart.gan.generator), strict=True
    ):
        assert np.array_equal(a, b)
    assert int(together.term_steps) == int(apart.term_steps) == 3
    for name, total in together.term_sums.items():
        assert float(total) == float(apart.term_sums[name])
        assert float(total) > 0 or "accuracy" in name


@pytest.mark.parametrize("update_rule", training_steps.RULES)
@pytest.mark.parametrize("mode", MODES)
def test_the_compiled_step_is_the_step(small, few, mode, update_rule):
    """Against the same step run line by line: no graph optimisation may change it."""
    networks = KERAS if mode == "acgan" else {}
    config = small(mode, **networks, update_rule=update_rule)
    compiled, plain = TrainState.create(config), TrainState.create(config)
    batches = pipeline.Batches(few, 16, seed=0)
    make_train_steps(compiled, config)(iter(batches.stream()), tf.constant(1))
    seed = tf.constant([config.seed, 0], tf.int64)
    update(plain, config, *batch(few), seed)
    for player in ("generator_optimizer", "discriminator_optimizer"):
        momentums = (getattr(state, player)._momentums for state in (compiled, plain))
        for one, other in zip(*momentums, strict=True):
            # A bias that BatchNormalization takes out has a gradient of rounding alone.
            tolerance = max(1e-4 * abs(other.numpy()).max(), 1e-8)
            assert np.allclose(one, other, atol=tolerance)


def test_two_runs_of_one_seed_are_equal_and_of_two_are_not(small, few):
    ends = []
    for seed in (5, 5, 6):
        config = small("acgan", **KERAS, seed=seed)
        state = TrainState.create(config)
        batches = pipeline.Batches(few, 16, seed=seed)
        make_train_steps(state, config)(iter(batches.stream()), tf.constant(3))
        ends.append(np.concatenate([w.ravel() for w in weights(state.gan.generator)]))
    assert np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])


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


def test_the_ema_halves_its_memory_in_the_half_life(small):
    config = small("acgan", ema_half_life=160, r1_interval=1)
    state = with_ema_of_zeros(config, step=1_000_000)  # long after the start
    for _ in range(10):
        training_steps.update_ema(state, config, trained_before=False)
    for slow in state.gan.ema_generator.weights:
        assert np.allclose(slow, 0.5, atol=1e-5)


def test_the_ema_soon_forgets_the_start(small):
    config = small("acgan", ema_half_life=10**9, r1_interval=1)
    state = with_ema_of_zeros(config, step=0)
    training_steps.update_ema(state, config, trained_before=False)
    assert np.allclose(state.gan.ema_generator.weights[0], 1 - 2 / 11)


def test_the_ema_of_a_run_with_another_s_weights_is_kept_from_the_start(small):
    config = small("acgan", ema_half_life=160, r1_interval=1)
    state = with_ema_of_zeros(config, step=0)
    training_steps.update_ema(state, config, trained_before=True)
    assert np.allclose(state.gan.ema_generator.weights[0], 1 - 0.5**0.1, atol=1e-6)


def test_the_discriminator_learns_eight_images_by_heart(small, few):
    """Against a generator that hardly moves, in sixteen steps."""
    rates = {"learning_rate": 1e-9, "discriminator_learning_rate": 1e-3}
    config = small("dcgan", **rates, r1_weight=0.0)
    state = TrainState.create(config)
    images, labels = batch(few)
    first = update(state, config, images[:8], labels[:8], seed=[0, 0])
    for _ in range(15):
        last = update(state, config, images[:8], labels[:8], seed=[0, 0])
    for term in ("loss", "adversarial_real", "adversarial_fake"):
        name = f"discriminator/{term}"
        assert float(last[name]) < 0.5 * float(first[name])


@pytest.mark.parametrize(
    "rule",
    [
        {},
        ALTERNATING,
        {**ALTERNATING, "update_rule": "separate"},
    ],
    ids=["paired", "mixed", "separate"],
)
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
    after = gan.discriminate(black, labels, training=False).adversarial
    if rule:  # the generator's step comes after the discriminator's
        expected = np.log1p(np.exp(-after.numpy())).mean()
        assert float(terms["generator/adversarial"]) == pytest.approx(expected, rel=1e-5)
    else:
        expected = np.log1p(np.exp(-logit.numpy())).mean()
        assert float(terms["generator/adversarial"]) == pytest.approx(expected, rel=1e-5)


def test_the_generator_learns_through_the_augmentation(small, few):
    config = small("cgan", augment_fakes=True, max_translation=2, flip=True)
    state = TrainState.create(config)
    before = weights(state.gan.generator)
    update(state, config, *batch(few), seed=[0, 0])
    for variable, old in zip(state.gan.generator.trainable_variables, before, strict=True):
        assert not np.array_equal(variable, old), variable.path


def test_train_steps_keep_the_ema_of_a_run_that_was_trained_before(small, few):
    config = small("dcgan", ema_half_life=160)
    state = with_ema_of_zeros(config, step=0)
    steps = make_train_steps(state, config, trained_before=True)
    steps(iter(pipeline.Batches(few, 16, seed=0).stream()), tf.constant(1))
    for slow, fast in zip(
        state.gan.ema_generator.weights, state.gan.generator.weights, strict=True
    ):
        assert np.allclose(slow, (1 - 0.5**0.1) * fast, atol=1e-6)


def after(config, few, steps):
    state = TrainState.create(config)
    stream = iter(pipeline.Batches(few, 16, seed=0).stream())
    make_train_steps(state, config)(stream, tf.constant(steps))
    return state


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
    for one, other in zip(
        weights(lazy.gan.discriminator), weights(by_hand.gan.discriminator), strict=True
    ):
        assert np.allclose(one, other, atol=1e-5)
    summed = float(lazy.term_sums["discriminator/r1_penalty"])
    assert summed == pytest.approx(penalties, rel=1e-3)
    every = after(small("acgan", **networks, **CONSTANT, r1_weight=1.0), few, 3)
    assert not np.allclose(
        every.gan.discriminator.get_weights()[0], lazy.gan.discriminator.get_weights()[0]
    )


def test_an_ema_of_every_second_step_forgets_as_much(small, few):
    """By a generator that stands still."""
    config = small("acgan", ema_half_life=160, r1_interval=2)
    state = with_ema_of_zeros(config, step=1_000_000)
    for _ in range(5):
        training_steps.update_ema(state, config, trained_before=False)
    assert np.allclose(state.gan.ema_generator.weights[0], 0.5, atol=1e-5)
    config = small("dcgan", ema_half_life=160, r1_interval=2, learning_rate=1e-9)
    moved = []
    for steps in (1, 2, 3):
        state = with_ema_of_zeros(config, step=0)
        stream = iter(pipeline.Batches(few, 16, seed=0).stream())
        make_train_steps(state, config)(stream, tf.constant(steps))
        moved.append(float(state.gan.ema_generator.weights[0][0, 0]))
    assert moved == pytest.approx([0.0, 1 - (3 / 12) ** 2, 1 - (3 / 12) ** 2], abs=1e-6)


def test_learning_rates_fall_with_the_images_seen(small, few):
    """To a quarter of each player's own, over four batches of 16."""
    config = small(
        "cgan",
        learning_rate=1e-3,
        discriminator_learning_rate=2e-3,
        decay_images=64,
        lr_final_share=0.25,
    )
    expected = [1.0, 0.25 + 0.75 * (1 + 0.5**0.5) / 2, 0.625, 0.25, 0.25]
    for steps, share in zip((1, 2, 3, 5, 6), expected, strict=True):
        state = after(config, few, steps)
        rates = (state.generator_optimizer, state.discriminator_optimizer)
        rates = [float(optimizer.learning_rate) for optimizer in rates]
        assert rates == pytest.approx([1e-3 * share, 2e-3 * share], rel=1e-5)


def test_a_step_has_the_rate_of_the_images_before_it(small, few):
    """After all have been seen at a share of 0: it moves nothing."""
    config = small("dcgan", decay_images=16, lr_final_share=0.0)
    state = TrainState.create(config)
    state.step.assign(1)
    before = weights(state.gan.generator) + weights(state.gan.discriminator)
    stream = iter(pipeline.Batches(few, 16, seed=0).stream(1))
    make_train_steps(state, config)(stream, tf.constant(1))
    for old, new in zip(
        before, weights(state.gan.generator) + weights(state.gan.discriminator), strict=True
    ):
        assert np.array_equal(old, new)


def test_r1_falls_with_the_images_seen_in_the_loss(small, few):
    """The second step, with R1 as it was and as it has fallen; the term itself stays."""
    found, fallen = [], {"decay_images": 16, "lr_final_share": 1.0, "r1_final_share": 0.25}
    for falling in ({}, fallen):
        config = small("dcgan", **CONSTANT | falling, r1_weight=8.0, learning_rate=1e-9)
        first, second = after(config, few, 1), after(config, few, 2)
        names = ("discriminator/r1_penalty", "discriminator/loss")
        sums = [[float(s.term_sums[n]) for n in names] for s in (first, second)]
        found.append(np.subtract(*sums[::-1]))
    (penalty, loss), (same, less) = found
    assert same == pytest.approx(penalty, rel=1e-4)
    assert loss - less == pytest.approx(0.75 * 8.0 * penalty, rel=1e-3)


@pytest.mark.parametrize("rule", [{}, ALTERNATING], ids=["paired", "alternating"])
def test_r2_moves_no_generator(small, few, rule):
    """Though its gradient could: the fakes are the generator's."""
    moved = []
    for weight in (0.0, 5.0):
        rates = {"discriminator_learning_rate": 1e-9}
        config = small(
            "dcgan", **CONSTANT, r1_weight=0.0, r2_weight=weight, **rates, **rule
        )
        moved.append(weights(after(config, few, 1).gan.generator))
    for one, other in zip(*moved, strict=True):
        assert np.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("rule", [{}, ALTERNATING], ids=["paired", "alternating"])
def test_a_step_compiled_by_xla_is_the_step(few, small, rule):
    """With all that is random, which XLA must not draw otherwise; in float64."""
    augmented = {"max_translation": 2, "flip": True, "augment_fakes": True}
    ends = []
    with computing_in("float64"):
        for jit_compile in (False, True):
            lazy = {"r1_weight": 1.0, "r1_interval": 2}
            config = small("acgan", **KERAS, **augmented, **rule, **lazy)
            state = TrainState.create(config)
            batches = pipeline.Batches(few, 16, seed=0, max_translation=2, flip=True)
            stream = batches.stream().map(lambda x, y: (tf.cast(x, tf.float64), y))
            steps = make_train_steps(state, config, jit_compile=jit_compile)
            steps(iter(stream), tf.constant(2))
            ends.append(weights(state.gan.generator) + weights(state.gan.discriminator))
    for one, other in zip(*ends, strict=True):
        assert np.allclose(one, other, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("images", "decay", "share"),
    [
        (0, 1000, 1.0),
        (250, 1000, 0.2 + 0.8 * (1 + 0.5**0.5) / 2),
        (500, 1000, 0.6),
        (5000, 1000, 0.2),
        (7, 0, 1.0),
    ],
)
def test_a_cosine_decay_falls_along_half_a_cosine_and_stays(images, decay, share):
    """Of 0 images to fall over, it is 1 throughout."""
    decayed = training_steps.cosine_decay(tf.constant(images, tf.int64), decay, 0.2)
    assert float(decayed) == pytest.approx(share)
