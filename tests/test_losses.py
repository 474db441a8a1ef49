"""Oracles are worked out by hand: s(0) = 1/2, so a logit of 0 costs ln 2."""

import math

import pytest
import tensorflow as tf

from dcgan_tf import losses

LN_2, LN_10 = math.log(2), math.log(10)
WEIGHTS = {"real": 1.0, "fake": 1.0}


def logits(*values):
    return tf.constant([[value] for value in values], tf.float32)


def test_an_undecided_verdict_costs_ln_2_whatever_the_target():
    for target in (0.0, 0.5, 0.95, 1.0):
        assert float(losses.cross_entropy(logits(0, 0), target)) == pytest.approx(LN_2)


def test_cross_entropy_is_the_mean_over_the_batch():
    # -ln s(2) = ln(1 + e^-2), -ln s(-1) = ln(1 + e)
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.e)) / 2
    assert float(losses.cross_entropy(logits(2, -1), 1.0)) == pytest.approx(expected)


def test_a_perfect_verdict_costs_nothing():
    labels = tf.constant([0, 1])
    terms = losses.adversarial_discriminator(
        logits(30, 30), labels, logits(-30, -30), labels, real_target=1.0, weights=WEIGHTS
    )
    assert float(terms["loss"]) == pytest.approx(0, abs=1e-9)


def test_each_player_pulls_the_fakes_verdict_its_own_way():
    """By hand: the slope of -ln s(x) at 0 is -1/2, that of -ln(1 - s(x)) is 1/2."""
    fake, labels = tf.Variable([[0.0]]), tf.constant([0])
    with tf.GradientTape() as generator_tape:
        of_generator = losses.adversarial_generator(fake, labels, target=1.0)["loss"]
    with tf.GradientTape() as discriminator_tape:
        of_discriminator = losses.adversarial_discriminator(
            logits(0), labels, fake, labels, real_target=1.0, weights=WEIGHTS
        )["loss"]
    assert generator_tape.gradient(of_generator, fake).numpy() == pytest.approx(-0.5)
    assert discriminator_tape.gradient(of_discriminator, fake).numpy() == pytest.approx(0.5)


def test_a_smoothed_target_is_met_at_its_own_logit():
    # s(ln 19) = 0.95: there the loss is the entropy of 0.95, its least value.
    entropy = -(0.95 * math.log(0.95) + 0.05 * math.log(0.05))
    assert float(losses.cross_entropy(logits(math.log(19)), 0.95)) == pytest.approx(entropy)
    assert float(losses.cross_entropy(logits(9), 0.95)) > entropy


def test_a_sure_verdict_does_not_overflow():
    assert float(losses.cross_entropy(logits(-1e4), 1.0)) == pytest.approx(1e4)


def test_even_class_verdicts_cost_ln_10():
    loss = losses.class_cross_entropy(tf.zeros([3, 10]), tf.constant([1, 2, 9]))
    assert float(loss) == pytest.approx(LN_10)


def test_class_verdicts_are_judged_by_their_label():
    verdict = tf.constant([[math.log(3.0), 0.0]])  # softmax: 3/4, 1/4
    first = losses.class_cross_entropy(verdict, tf.constant([0]))
    second = losses.class_cross_entropy(verdict, tf.constant([1]))
    assert float(first) == pytest.approx(math.log(4 / 3))
    assert float(second) == pytest.approx(math.log(4))


def test_the_adversarial_discriminator_sums_its_two_terms():
    labels = tf.constant([0, 1])
    terms = losses.adversarial_discriminator(
        logits(2, 2), labels, logits(-3, -3), labels, real_target=1.0, weights=WEIGHTS
    )
    real, fake = math.log1p(math.exp(-2)), math.log1p(math.exp(-3))
    assert float(terms["real"]) == pytest.approx(real)
    assert float(terms["fake"]) == pytest.approx(fake)
    assert float(terms["loss"]) == pytest.approx(real + fake)


def test_the_generator_wants_its_images_called_real():
    terms = losses.adversarial_generator(logits(-3), tf.constant([0]), target=1.0)
    assert float(terms["loss"]) == pytest.approx(math.log1p(math.exp(3)))


def test_the_auxiliary_discriminator_weighs_its_four_terms():
    labels = tf.constant([0])
    real = {"generation": logits(0), "auxiliary": tf.constant([[math.log(3.0), 0.0]])}
    fake = {"generation": logits(-3), "auxiliary": tf.zeros([1, 2])}
    weights = {"real": 0.5, "fake": 0.5, "auxiliary_real": 1.0, "auxiliary_fake": 0.25}
    terms = losses.auxiliary_discriminator(
        real, labels, fake, labels, real_target=0.95, weights=weights
    )
    expected = 0.5 * LN_2 + 0.5 * math.log1p(math.exp(-3)) + math.log(4 / 3) + 0.25 * LN_2
    assert float(terms["loss"]) == pytest.approx(expected)


def test_the_auxiliary_generator_adds_the_class_that_it_was_asked_for():
    fake = {"generation": logits(0), "auxiliary": tf.constant([[math.log(3.0), 0.0]])}
    terms = losses.auxiliary_generator(fake, tf.constant([1]), target=1.0)
    assert float(terms["loss"]) == pytest.approx(LN_2 + math.log(4))
