import math

import numpy as np
import pytest
import tensorflow as tf
from conftest import KERAS, blank

from dcgan_tf.data.pipeline import Split
from dcgan_tf.gans import build
from dcgan_tf.metrics import test_losses
from dcgan_tf.metrics.test_losses import TestLosses


def measured(gan, config, split):
    return TestLosses(build.test_gan(gan, config), config.seed, split).terms()


LABELS = {"real_label": 0.8, "generator_label": 0.7, "g_class_weight": 0.5}
SEPARATE = dict(
    **dict(update_rule="separate"),
    **dict(d_weight_real=1.0, d_weight_fake=1.0, d_class_weight_fake=1.0),
)
LN_2, LN_10 = math.log(2), math.log(10)


@pytest.mark.parametrize(
    ("settings", "discriminator", "generator"),
    [
        # ln 2 for an adversarial term, ln 10 for a class term, whatever the targets;
        # real and fake classes weigh alike, where training leaves the fakes' out.
        ({"mode": "acgan", **KERAS, **LABELS}, LN_2 + LN_10, LN_2 + LN_10 / 2),
        # The mean of two steps; half of ln 10 for the fakes' twin.
        ({"mode": "acgan", "class_head": "ac", **SEPARATE}, LN_2 + LN_10, None),
        ({"mode": "acgan", "class_head": "twin", **SEPARATE}, LN_2 + 1.5 * LN_10, None),
        # Logits of 0: 1 + 1 and 0; 1/2 + 0 and 1/2; ln 2 and ln 2, of a pair one term.
        ({"mode": "cgan", "adversarial_loss": "hinge"}, 2.0, 0.0),
        ({"mode": "cgan", "adversarial_loss": "least_squares"}, 0.5, 0.5),
        ({"mode": "cgan", "adversarial_loss": "relativistic"}, LN_2, LN_2),
    ],
)
def test_what_an_undecided_discriminator_costs_by_hand(
    small, few, settings, discriminator, generator
):
    config = small(**settings)
    gan = build.build(config)
    blank(gan.discriminator)
    terms = measured(gan, config, few)
    assert terms["test/discriminator/loss"] == pytest.approx(discriminator)
    if generator is not None:
        assert terms["test/generator/loss"] == pytest.approx(generator)
    paired = config.adversarial_loss == "relativistic"
    assert ("test/discriminator/adversarial" in terms) is paired
    assert ("test/discriminator/adversarial_real" in terms) is not paired


def test_the_discriminator_sees_as_many_fakes_as_real_images(small, few, monkeypatch):
    config = small("cgan", r1_weight=1000.0, r2_weight=1000.0)
    gan = build.build(config)
    one = Split(few.images[:1], few.labels[:1])
    terms = measured(gan, config, one)
    # Of one image: its fake is the first of the two that the generator is measured on.
    seed = tf.random.experimental.stateless_fold_in([0, test_losses.STREAM], 0)
    latents = gan.sample_latents(2, tf.unstack(tf.random.split(seed))[0])
    labels = tf.repeat(one.labels, 2)
    fakes = gan.generator([latents, labels], training=False)
    logits = gan.discriminate(fakes, labels, training=False).adversarial
    first, both = np.logaddexp(0, logits[0, 0]), np.logaddexp(0, -logits.numpy()).mean()
    assert terms["test/discriminator/adversarial_fake"] == pytest.approx(first, rel=1e-5)
    assert terms["test/generator/adversarial"] == pytest.approx(both, rel=1e-5)
    # Penalties are of training alone.
    assert not [name for name in terms if "penalty" in name]
    parts = [terms[f"test/discriminator/adversarial_{kind}"] for kind in ("real", "fake")]
    assert terms["test/discriminator/loss"] == pytest.approx(sum(parts))
    # A mean over blocks is that over images.
    whole = measured(gan, config, few)["test/discriminator/adversarial_real"]
    monkeypatch.setattr(test_losses, "BLOCK", 20)  # 20, 20 and 8 of the 48
    parts = measured(gan, config, few)["test/discriminator/adversarial_real"]
    assert parts == pytest.approx(whole, rel=1e-5)


def test_targets_are_hard(small, few):
    """A logit of 3 on everything: -ln s(3) for target 1, 3 more for target 0."""
    config = small("acgan", **KERAS, real_label=0.8, generator_label=0.7)
    gan = build.build(config)
    blank(gan.discriminator)
    gan.discriminator.get_layer("adversarial").bias.assign([3.0])
    terms = measured(gan, config, few)
    sure = math.log1p(math.exp(-3))
    assert terms["test/discriminator/adversarial_real"] == pytest.approx(sure)
    assert terms["test/discriminator/adversarial_fake"] == pytest.approx(sure + 3)
    assert terms["test/generator/adversarial"] == pytest.approx(sure)
    assert terms["test/discriminator/adversarial_accuracy_real"] == 1.0
    assert terms["test/discriminator/adversarial_accuracy_fake"] == 0.0
