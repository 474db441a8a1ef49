"""The compact DCGAN's update with each adversarial loss, against it written once more.

One whole update on a fixed batch in float64: every term, every gradient in its order, and
the weights and moving averages afterwards.
"""

import dataclasses

import by_hand
import numpy as np
import pytest
import tensorflow as tf
from comparing import Recorder, computing_in, deviation, perturb
from conftest import new_config

from dcgan_tf.training import updates
from dcgan_tf.training.train_state import TrainState

B = 5
RATES, BETA_1 = (2e-3, 1e-3), 0.5
BOTH_PENALTIES = {"r1_weight": 0.3, "r2_weight": 0.7}


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


def compare(loss, **overrides):
    """The largest deviations of a package's update from the oracle's."""
    config = new_config(
        **{
            "mode": "dcgan",
            "adversarial_loss": loss,
            "learning_rate": RATES[0],
            "discriminator_learning_rate": RATES[1],
            "beta_1": BETA_1,
            "negative_slope": by_hand.SLOPE,
            "r1_weight": 0.0,
            "r1_interval": 1,
            **overrides,
        }
    )
    ours = TrainState.create(config)
    for seed, network in enumerate((ours.gan.generator, ours.gan.discriminator)):
        perturb(network, seed)
    random = np.random.default_rng(2)
    images = random.uniform(-1, 1, (B, 28, 28, 1))
    samples = [random.normal(size=(B, 100)) for _ in range(2)]
    center_logits(ours.gan.discriminator, images)
    system = by_hand.System(
        by_hand.Generator(ours.gan.generator.get_weights()),
        by_hand.Discriminator(ours.gan.discriminator.get_weights()),
        loss,
        (
            config.d_weight_real,
            config.d_weight_fake,
            config.r1_weight,
            config.r2_weight,
        ),
        RATES,
        BETA_1,
    )
    log = []
    given = iter(samples)
    ours = dataclasses.replace(
        ours,
        gan=dataclasses.replace(
            ours.gan, sample_latents=lambda count, seed: tf.constant(next(given))
        ),
        generator_optimizer=Recorder("generator", ours.generator_optimizer, log),
        discriminator_optimizer=Recorder(
            "discriminator", ours.discriminator_optimizer, log
        ),
    )
    terms = updates.update(
        ours, config, tf.constant(images), tf.zeros([B], tf.int32), tf.constant([0, 0])
    )
    if config.update_rule == "paired":
        expected = system.paired(images, samples[0])
    else:
        separate = config.discriminator_update == "separate"
        expected = system.alternating(images, *samples, separate=separate)
    assert {n for n in terms if "accuracy" not in n} == expected.keys()
    assert [name for name, _ in log] == [name for name, _ in system.log]
    gradients = [
        deviation(one, other)
        for (_, some), (_, others) in zip(log, system.log, strict=True)
        for one, other in zip(some, others, strict=True)
        # A bias of the logit that a loss cancels has a gradient of rounding alone.
        if max(abs(one).max(), abs(other).max()) > 1e-12
    ]
    moved = [
        deviation(ours_w, theirs_w)
        for network, player in (
            (ours.gan.generator, system.g),
            (ours.gan.discriminator, system.d),
        )
        for ours_w, theirs_w in zip(network.get_weights(), player.weights, strict=True)
    ]
    return {
        "terms": max(deviation(terms[name], value) for name, value in expected.items()),
        "gradients": max(gradients),
        "weights and moving averages": max(moved),
    }


def check(found, record_property):
    for name, value in found.items():
        record_property(name, value)
    assert found["terms"] < 1e-12
    assert found["gradients"] < 1e-12
    assert found["weights and moving averages"] < 1e-9


UNEVEN = {"d_weight_real": 0.75, "d_weight_fake": 1.5}
CASES = {
    "non_saturating": {
        **UNEVEN,
        "real_label": by_hand.REAL_LABEL,
        "generator_label": by_hand.GENERATOR_LABEL,
    },
    "hinge": UNEVEN,
    "least_squares": UNEVEN,
    "relativistic": {},
}


@pytest.mark.parametrize("penalties", [{}, BOTH_PENALTIES], ids=["alone", "r1 and r2"])
@pytest.mark.parametrize("loss", CASES)
def test_a_paired_update(loss, penalties, record_property):
    check(compare(loss, **CASES[loss], **penalties), record_property)


@pytest.mark.parametrize("loss", CASES)
def test_an_alternating_update(loss, record_property):
    """The generator is given new latents and, in pairs, the real images again."""
    rule = {"update_rule": "alternating", "g_batch_multiplier": 1}
    check(compare(loss, **CASES[loss], **rule, **BOTH_PENALTIES), record_property)


@pytest.mark.parametrize("loss", ["hinge", "least_squares"])
def test_two_separate_steps_of_the_discriminator(loss, record_property):
    """R1 goes with the step on real images, R2 with the one on fakes."""
    rule = {"update_rule": "alternating", "g_batch_multiplier": 1}
    rule["discriminator_update"] = "separate"
    check(compare(loss, **CASES[loss], **rule, **BOTH_PENALTIES), record_property)
