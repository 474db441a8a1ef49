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


def numbers(terms):
    return {name: float(term) for name, term in terms.items()}


def total(terms):
    return sum(value for name, value in numbers(terms).items() if "accuracy" not in name)


@pytest.mark.parametrize(
    ("name", "expected"), [("non_saturating", 1e4), ("relativistic", 2e4)]
)
def test_large_logits_do_not_overflow(name, expected):
    loss = LOSSES[name]
    assert total(loss.discriminator(logits(-1e4), logits(1e4))) == pytest.approx(2e4)
    terms = loss.generator(logits(1e4), logits(-1e4))
    assert float(terms["adversarial"]) == pytest.approx(expected)


NAMES = ("real", "accuracy_real", "fake", "accuracy_fake")
REAL = (2, 0.5, -1)
BOTH = (softplus(-2) + softplus(-0.5) + softplus(1)) / 3
FAKES = (softplus(-3) + LN_2 + softplus(1)) / 3
TURNED = (softplus(3) + LN_2 + softplus(-1)) / 3
# By loss: logits of fakes, the discriminator's terms, the generator's.
BY_HAND = {
    # -log s(x) = softplus(-x) and -log(1 - s(x)) = softplus(x).
    "non_saturating": ((-3, 0, 1), (BOTH, 2 / 3, FAKES, 2 / 3), TURNED),
    # Real images and the generator's have another target: (1 - t) x more each, because
    # softplus(x) = softplus(-x) + x.  Fakes keep 0.
    "smoothed": ((-3, 0, 1), (BOTH + 0.05, 2 / 3, FAKES, 2 / 3), TURNED - 0.2),
    # max(0, 1 - (2, 0.5, -1)) = (0, 0.5, 2); max(0, 1 + (-2, 0, 3)) = (0, 1, 4).
    "hinge": ((-2, 0, 3), (2.5 / 3, 2 / 3, 5 / 3, 2 / 3), -1 / 3),
    # ((2, 0.5, -1) - 1)^2 = (1, 0.25, 4); (-2, 0.5, 3)^2 = (4, 0.25, 9); the generator's
    # ((-2, 0.5, 3) - 1)^2 = (9, 0.25, 4).  0.5, as far from 0 as from 1, counts as fake.
    "least_squares": ((-2, 0.5, 3), (5.25 / 6, 1 / 3, 13.25 / 6, 2 / 3), 13.25 / 6),
    # Each fake with the real image of its place: (-2, 0, 3) - (2, 0.5, -1).
    "relativistic": (
        *((-2, 0, 3), ((softplus(-4) + softplus(-0.5) + softplus(4)) / 3, 2 / 3)),
        (softplus(4) + softplus(0.5) + softplus(-4)) / 3,
    ),
}


def test_every_loss_has_numbers_by_hand():
    assert LOSSES.keys() == BY_HAND.keys() - {"smoothed"}


@pytest.mark.parametrize("name", BY_HAND)
def test_terms_by_hand(name):
    smoothed = adversarial.non_saturating(real_label=0.9, generator_label=0.7)
    loss = {**LOSSES, "smoothed": smoothed}[name]
    fakes, discriminator, generator = BY_HAND[name]
    names = ("", "accuracy") if loss.needs_pair else NAMES
    keys = ["_".join(filter(None, ("adversarial", name))) for name in names]
    real, fake = logits(*REAL), logits(*fakes)
    expected = dict(zip(keys, discriminator, strict=True))
    assert numbers(loss.discriminator(real, fake)) == pytest.approx(expected, rel=1e-6)
    terms = numbers(loss.generator(real if loss.needs_pair else None, fake))
    assert terms == pytest.approx({"adversarial": generator}, rel=1e-6)
