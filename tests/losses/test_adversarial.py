"""Expected values are worked out by hand from each paper's formula, of a few logits."""

import math

import pytest
import tensorflow as tf

from dcgan_tf.losses import adversarial

LN_2 = math.log(2)
LOSSES = {name: make() for name, make in adversarial.ADVERSARIAL_LOSSES.items()}


def logits(*values):
    return tf.constant([[value] for value in values], tf.float32)


def softplus(value):
    return math.log1p(math.exp(value))


def check(terms, expected):
    assert {n: float(t) for n, t in terms.items()} == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_of_logit_0_is_ln_2_whatever_the_target():
    for target in (0.0, 0.5, 0.95, 1.0):
        loss = adversarial.cross_entropy(logits(0, 0), target)
        assert float(loss) == pytest.approx(LN_2)


def test_cross_entropy_is_the_mean_over_the_batch():
    # -ln s(2) = ln(1 + e^-2), -ln s(-1) = ln(1 + e)
    expected = (softplus(-2) + softplus(1)) / 2
    loss = adversarial.cross_entropy(logits(2, -1), 1.0)
    assert float(loss) == pytest.approx(expected)


def test_cross_entropy_of_a_sure_and_right_logit_is_0():
    for sure, target in ((30, 1.0), (-30, 0.0)):
        loss = adversarial.cross_entropy(logits(sure, sure), target)
        assert float(loss) == pytest.approx(0, abs=1e-9)


def test_cross_entropy_with_a_smoothed_target_is_least_at_the_target_s_own_logit():
    # s(ln 19) = 0.95: there the loss is the entropy of 0.95, its least value.
    entropy = -(0.95 * math.log(0.95) + 0.05 * math.log(0.05))
    at_least = adversarial.cross_entropy(logits(math.log(19)), 0.95)
    assert float(at_least) == pytest.approx(entropy)
    assert float(adversarial.cross_entropy(logits(9), 0.95)) > entropy


@pytest.mark.parametrize("name", ["non_saturating", "relativistic"])
def test_large_logits_do_not_overflow(name):
    loss = LOSSES[name]
    terms = loss.discriminator(logits(-1e4), logits(1e4))
    total = sum(float(t) for n, t in terms.items() if "accuracy" not in n)
    assert total == pytest.approx(2e4)
    terms = loss.generator(logits(1e4), logits(-1e4))
    assert float(terms["adversarial"]) == pytest.approx(
        2e4 if name == "relativistic" else 1e4
    )


def test_non_saturating_by_hand():
    """-log s(x) = softplus(-x) and -log(1 - s(x)) = softplus(x)."""
    loss = adversarial.non_saturating()
    check(
        loss.discriminator(logits(2, -1), logits(-3, 0, 1)),
        {
            "adversarial_real": (softplus(-2) + softplus(1)) / 2,
            "adversarial_accuracy_real": 1 / 2,
            "adversarial_fake": (softplus(-3) + LN_2 + softplus(1)) / 3,
            "adversarial_accuracy_fake": 2 / 3,
        },
    )
    check(
        loss.generator(None, logits(-3, 0, 1)),
        {"adversarial": (softplus(3) + LN_2 + softplus(-1)) / 3},
    )


def test_label_smoothing_is_one_sided_and_by_hand():
    """Only real images and the generator's have another target; fakes keep 0."""
    loss = adversarial.non_saturating(real_label=0.9, generator_label=0.7)
    terms = loss.discriminator(logits(2), logits(-3))
    smoothed = 0.9 * softplus(-2) + 0.1 * softplus(2)
    assert float(terms["adversarial_real"]) == pytest.approx(smoothed)
    assert float(terms["adversarial_fake"]) == pytest.approx(softplus(-3))
    assert float(terms["adversarial_accuracy_real"]) == 1
    generator = float(loss.generator(None, logits(-3))["adversarial"])
    assert generator == pytest.approx(0.7 * softplus(3) + 0.3 * softplus(-3))


def test_hinge_by_hand():
    """max(0, 1 - (2, 0.5, -1)) = (0, 0.5, 2); max(0, 1 + (-2, 0, 3)) = (0, 1, 4)."""
    loss = adversarial.hinge()
    check(
        loss.discriminator(logits(2, 0.5, -1), logits(-2, 0, 3)),
        {
            "adversarial_real": 2.5 / 3,
            "adversarial_accuracy_real": 2 / 3,
            "adversarial_fake": 5 / 3,
            "adversarial_accuracy_fake": 2 / 3,
        },
    )
    check(loss.generator(None, logits(-2, 0, 3)), {"adversarial": -1 / 3})


def test_least_squares_by_hand():
    """((2, 0.5, -1) - 1)^2 = (1, 0.25, 4); (-2, 0.5, 3)^2 = (4, 0.25, 9)."""
    loss = adversarial.least_squares()
    check(
        loss.discriminator(logits(2, 0.5, -1), logits(-2, 0.5, 3)),
        {
            "adversarial_real": 5.25 / 6,
            # 0.5 is as far from a fake's 0 as from a real image's 1: it counts as fake.
            "adversarial_accuracy_real": 1 / 3,
            "adversarial_fake": 13.25 / 6,
            "adversarial_accuracy_fake": 2 / 3,
        },
    )
    # ((-2, 0.5, 3) - 1)^2 = (9, 0.25, 4)
    check(loss.generator(None, logits(-2, 0.5, 3)), {"adversarial": 13.25 / 6})


def test_relativistic_by_hand():
    """Each fake with the real image of its place: (-2, 0, 3) - (2, 0.5, -1)."""
    loss = adversarial.relativistic()
    check(
        loss.discriminator(logits(2, 0.5, -1), logits(-2, 0, 3)),
        {
            "adversarial": (softplus(-4) + softplus(-0.5) + softplus(4)) / 3,
            "adversarial_accuracy": 2 / 3,
        },
    )
    check(
        loss.generator(logits(2, 0.5, -1), logits(-2, 0, 3)),
        {"adversarial": (softplus(4) + softplus(0.5) + softplus(-4)) / 3},
    )


# At a logit of 0.25 on either kind: d/dx softplus(x) = s(x).
SURE = 1 / (1 + math.exp(-0.25))
SLOPES = {  # of the discriminator's loss by real and by fake, of the generator's by fake
    "non_saturating": (SURE - 1, SURE, SURE - 1),
    "hinge": (-1.0, 1.0, -1.0),
    "least_squares": (-0.75, 0.25, -0.75),
    "relativistic": (-0.5, 0.5, -0.5),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_by_hand(name):
    """The discriminator raises real and lowers fake logits, the generator raises fake."""
    real, fake = tf.Variable([[0.25]]), tf.Variable([[0.25]])
    with tf.GradientTape(persistent=True) as tape:
        terms = LOSSES[name].discriminator(real, fake)
        of_discriminator = tf.add_n([t for n, t in terms.items() if "accuracy" not in n])
        of_generator = LOSSES[name].generator(real, fake)["adversarial"]
    gradients = (
        *tape.gradient(of_discriminator, [real, fake]),
        tape.gradient(of_generator, fake),
    )
    assert [g.numpy().item() for g in gradients] == pytest.approx(SLOPES[name], rel=1e-6)


def test_hinge_leaves_images_beyond_the_margin_alone():
    """No gradient for the discriminator there; the generator's stays -1."""
    real, fake = tf.Variable([[1.5]]), tf.Variable([[-1.5]])
    with tf.GradientTape(persistent=True) as tape:
        terms = adversarial.hinge().discriminator(real, fake)
        loss = terms["adversarial_real"] + terms["adversarial_fake"]
        of_generator = adversarial.hinge().generator(None, fake)["adversarial"]
    gradients = tape.gradient(loss, [real, fake])
    assert [g.numpy().item() for g in gradients] == [0, 0]
    assert tape.gradient(of_generator, fake).numpy().item() == -1


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_needs_no_pair_takes_either_kind_alone(name):
    """And gives the terms that it gives of both together."""
    loss = LOSSES[name]
    assert loss.needs_pair == (name == "relativistic")
    if loss.needs_pair:
        return
    real, fake = logits(2, -1), logits(-3, 0, 1)
    both = loss.discriminator(real, fake)
    alone = loss.discriminator(real, None), loss.discriminator(None, fake)
    assert [{n.rsplit("_", 1)[1] for n in terms} for terms in alone] == [{"real"}, {"fake"}]
    check(alone[0] | alone[1], {n: float(t) for n, t in both.items()})
