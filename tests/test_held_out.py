import math

import numpy as np
import pytest
import tensorflow as tf
from conftest import KERAS

from dcgan_tf import datasets, gans, held_out


def silent(network):
    """Makes every logit 0: the heads' weights and biases are the last."""
    for weight in network.weights:
        weight.assign(tf.zeros_like(weight))


def test_an_undecided_discriminator_costs_what_it_must_by_hand(small, few):
    """ln 2 for each adversarial term, ln 10 for each class term, whatever the targets.

    Real and fake classes weigh alike here, where training leaves the fakes' out.
    """
    said = {"real_target": 0.8, "generator_target": 0.7, "auxiliary_generator_weight": 0.5}
    config = small("acgan", **KERAS, **said)
    gan = gans.build(config)
    silent(gan.discriminator)
    terms = held_out.HeldOut(gan, config, few).terms()
    assert terms["test/discriminator/loss"] == pytest.approx(math.log(2) + math.log(10))
    assert terms["test/generator/loss"] == pytest.approx(math.log(2) + math.log(10) / 2)


def test_the_loss_is_what_its_table_says_of_two_separate_steps(small, few):
    """Their mean: ln 2 and ln 10, not twice as much; half of ln 10 for the fakes' twin."""
    said = {"schedule": "alternating", "discriminator_update": "separate"}
    weights = {"real_weight": 1.0, "fake_weight": 1.0, "auxiliary_fake_weight": 1.0}
    for twin, share in ((False, 1.0), (True, 1.5)):
        config = small("acgan", **said, **weights, auxiliary_twin=twin)
        gan = gans.build(config)
        silent(gan.discriminator)
        loss = held_out.HeldOut(gan, config, few).terms()["test/discriminator/loss"]
        assert loss == pytest.approx(math.log(2) + share * math.log(10))


def test_the_discriminator_sees_as_many_fakes_as_real_images(small, few):
    config = small("cgan", gradient_penalty=0.0)
    gan = gans.build(config)
    one = datasets.Split(few.images[:1], few.labels[:1])
    judge = held_out.HeldOut(gan, config, one)
    terms = judge.terms()
    # Of one image: its fake is the first of the two that the generator is judged on.
    seed = tf.random.experimental.stateless_fold_in([0, held_out.STREAM], 0)
    noise = gan.draw_noise(2, tf.unstack(tf.random.split(seed))[0])
    fakes = gan.generator([noise, tf.repeat(one.labels, 2)], training=False)
    logits = gan.discriminator([fakes, tf.repeat(one.labels, 2)], training=False)
    first, both = np.logaddexp(0, logits[0, 0]), np.logaddexp(0, -logits.numpy()).mean()
    assert terms["test/discriminator/adversarial_fake"] == pytest.approx(first, rel=1e-5)
    assert terms["test/generator/adversarial"] == pytest.approx(both, rel=1e-5)


def test_targets_are_hard(small, few):
    """A logit of 3 on everything: -ln s(3) for target 1, 3 more for target 0."""
    config = small("acgan", **KERAS, real_target=0.8, generator_target=0.7)
    gan = gans.build(config)
    silent(gan.discriminator)
    gan.discriminator.get_layer("generation").bias.assign([3.0])
    terms = held_out.HeldOut(gan, config, few).terms()
    sure = math.log1p(math.exp(-3))
    assert terms["test/discriminator/adversarial_real"] == pytest.approx(sure)
    assert terms["test/discriminator/adversarial_fake"] == pytest.approx(sure + 3)
    assert terms["test/generator/adversarial"] == pytest.approx(sure)
    assert terms["test/discriminator/validity_accuracy_real"] == 1.0
    assert terms["test/discriminator/validity_accuracy_fake"] == 0.0


def test_a_mean_over_blocks_is_the_mean_over_images(small, few, monkeypatch):
    config = small("cgan")
    gan = gans.build(config)
    means = []
    for block in (48, 20):  # 20, 20 and 8 of the 48
        monkeypatch.setattr(held_out, "BLOCK", block)
        terms = held_out.HeldOut(gan, config, few).terms()
        means.append(terms["test/discriminator/adversarial_real"])
    assert means[0] == pytest.approx(means[1], rel=1e-5)


def test_judging_moves_nothing_and_repeats(small, few):
    config = small("acgan")
    gan = gans.build(config)
    players = (gan.generator, gan.discriminator)
    before = [player.get_weights() for player in players]
    judge = held_out.HeldOut(gan, config, few)
    assert judge.terms() == judge.terms()
    for player, weights in zip(players, before, strict=True):
        for now, then in zip(player.get_weights(), weights, strict=True):
            assert np.array_equal(now, then)
