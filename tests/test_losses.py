"""Oracles are worked out by hand: s(0) = 1/2, so a logit of 0 costs ln 2."""

import math

import pytest
import tensorflow as tf

from dcgan_tf import losses

LN_2, LN_10 = math.log(2), math.log(10)


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
    for sure, target in ((30, 1.0), (-30, 0.0)):
        loss = losses.cross_entropy(logits(sure, sure), target)
        assert float(loss) == pytest.approx(0, abs=1e-9)


def test_each_player_pulls_the_fakes_verdict_its_own_way():
    """By hand: the slope of -ln s(x) at 0 is -1/2, that of -ln(1 - s(x)) is 1/2."""
    fake, labels = tf.Variable([[0.0]]), tf.constant([0])
    for target, slope in ((1.0, -0.5), (0.0, 0.5)):
        with tf.GradientTape() as tape:
            loss = losses.adversarial(fake, labels, target)["adversarial"]
        assert tape.gradient(loss, fake).numpy() == pytest.approx(slope)


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


CLASS_VERDICT = {
    "generation": tf.constant([[2.0]]),
    "auxiliary": tf.constant([[math.log(3.0), 0.0]]),
}


def test_an_auxiliary_verdict_is_judged_by_both_its_parts():
    terms = losses.auxiliary(CLASS_VERDICT, tf.constant([1]), 0.0)
    assert float(terms["adversarial"]) == pytest.approx(2 + math.log1p(math.exp(-2)))
    assert float(terms["auxiliary"]) == pytest.approx(math.log(4))


def test_a_second_class_head_is_judged_apart():
    verdict = {**CLASS_VERDICT, "twin": tf.constant([[0.0, math.log(9.0)]])}
    terms = losses.auxiliary(verdict, tf.constant([1]), 0.0)
    assert float(terms["auxiliary"]) == pytest.approx(math.log(4))
    assert float(terms["twin"]) == pytest.approx(math.log(10 / 9))


def test_an_objective_weighs_its_terms_and_tells_them_unweighted():
    weights = {"adversarial": 0.5, "auxiliary": 3.0}
    objective = losses.Objective(losses.auxiliary, target=1.0, weights=weights)
    terms = objective(CLASS_VERDICT, tf.constant([0]))
    adversarial, auxiliary = math.log1p(math.exp(-2)), math.log(4 / 3)
    assert float(terms["adversarial"]) == pytest.approx(adversarial)
    assert float(terms["auxiliary"]) == pytest.approx(auxiliary)
    assert float(terms["loss"]) == pytest.approx(0.5 * adversarial + 3 * auxiliary)


def test_parts_of_a_loss_add_up_and_keep_their_names():
    parts = losses.together(
        real={"loss": tf.constant(1.0), "adversarial": 2.0},
        fake={"loss": tf.constant(3.0), "adversarial": 4.0},
    )
    assert float(parts.pop("loss")) == 4
    assert parts == {"adversarial_real": 2.0, "adversarial_fake": 4.0}


def test_the_gradient_penalty_is_the_mean_squared_slope():
    """Of 3 x first pixel + (second pixel)^2: 9 at 0, and 9 + (2 x 0.5)^2 at 0.5."""
    images = tf.constant([[0.0, 0.0], [0.0, 0.5]])[:, :, None, None]

    def realness(seen):
        return 3 * seen[:, 0, :, 0] + seen[:, 1, :, 0] ** 2

    assert float(losses.gradient_penalty(realness, images)) == pytest.approx(9.5)
