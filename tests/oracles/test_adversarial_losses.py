"""The compact DCGAN's updates with each adversarial loss, against them written once more.

Two whole updates on a fixed batch in float64: every term, every gradient in its order, and
the weights (so Adam's moments) and moving averages afterwards.
"""

import by_hand
import numpy as np
import pytest
import tensorflow as tf
from comparing import (
    computing_in,
    fed_with,
    gradient_deviation,
    largest_deviation,
    one_update,
    perturb,
)
from conftest import new_config

from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.training.train_state import TrainState

B = 5
RATES, BETA_1 = (2e-3, 1e-3), 0.5
BOTH_PENALTIES = {"r1_weight": 0.3, "r2_weight": 0.7}
UNEVEN = {"d_weight_real": 0.75, "d_weight_fake": 1.5}
LABELS = {"real_label": by_hand.REAL_LABEL, "generator_label": by_hand.GENERATOR_LABEL}
LOSSES = {
    name: {key: value for key, value in (UNEVEN | LABELS).items() if key in loss().settings}
    for name, loss in ADVERSARIAL_LOSSES.items()
}
ALTERNATING = {"update_rule": "alternating", "g_batch_multiplier": 1, **BOTH_PENALTIES}
SEPARATE = {**ALTERNATING, "update_rule": "separate"}


@pytest.fixture(autouse=True, scope="module")
def in_float64():
    with computing_in("float64"):
        yield


def center_logits(discriminator, images):
    """Puts logits on both sides of a hinge loss's margins, 1 and -1."""
    *others, kernel, bias = discriminator.get_weights()
    logits = by_hand.Discriminator(discriminator.get_weights())(tf.constant(images))
    scale = 2 / np.std(logits)
    bias = scale * (bias - np.mean(logits)) + 1
    discriminator.set_weights([*others, scale * kernel, bias])


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        *[(loss, {}) for loss in LOSSES],
        *[(loss, BOTH_PENALTIES) for loss in LOSSES],
        # The generator is given new latents and, in pairs, the real images again.
        *[(loss, ALTERNATING) for loss in LOSSES],
        # R1 goes with the step on real images, R2 with the one on fakes.
        *[(loss, SEPARATE) for loss in ("hinge", "least_squares")],
    ],
)
def test_two_updates(loss, rule, record_property):
    rates = {"learning_rate": RATES[0], "discriminator_learning_rate": RATES[1]}
    common = {"beta_1": BETA_1, "negative_slope": by_hand.SLOPE, "r1_interval": 1, **rates}
    overrides = {**common, "r1_weight": 0.0, **LOSSES[loss], **rule}
    config = new_config(mode="dcgan", adversarial_loss=loss, **overrides)
    state = TrainState.create(config)
    players = state.gan.generator, state.gan.discriminator
    for seed, network in enumerate(players):
        perturb(network, seed)
    random = np.random.default_rng(2)
    images = random.uniform(-1, 1, (B, 28, 28, 1))
    center_logits(state.gan.discriminator, images)
    system = by_hand.System(
        by_hand.Generator(state.gan.generator.get_weights()),
        by_hand.Discriminator(state.gan.discriminator.get_weights()),
        loss,
        (config.d_weight_real, config.d_weight_fake, config.r1_weight, config.r2_weight),
        RATES,
        BETA_1,
    )
    log, terms_deviation = [], []
    for _ in range(2):
        samples = [random.normal(size=(B, 100)) for _ in range(2)]
        given = map(tf.constant, samples)
        fed = fed_with(state, log, sample_latents=lambda n, s, g=given: next(g))
        terms = one_update(fed, config, images, np.zeros(B, np.int32))
        if rule in (ALTERNATING, SEPARATE):
            expected = system.alternating(images, *samples, separate=rule == SEPARATE)
        else:
            expected = system.paired(images, samples[0])
        assert {n for n in terms if "accuracy" not in n} == expected.keys()
        ours = [terms[name] for name in expected]
        terms_deviation.append(largest_deviation(ours, expected.values()))
    moved = [
        largest_deviation(network.get_weights(), player.weights)
        for network, player in zip(players, (system.g, system.d), strict=True)
    ]
    for name, value, bound in (
        ("terms", max(terms_deviation), 1e-10),
        ("gradients", gradient_deviation(log, system.log), 1e-11),
        ("weights and moving averages", max(moved), 1e-9),
    ):
        record_property(name, value)
        assert value < bound, name
