import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config

from dcgan_tf.gans import build
from dcgan_tf.losses.class_heads import DiscriminatorOutput


def built(mode, **overrides):
    keras.utils.set_random_seed(0)
    return build.build(new_config(mode=mode, **overrides))


def images_and_labels(count=4):
    images = tf.random.stateless_uniform([count, 28, 28, 1], [0, 1], -1, 1)
    return images, tf.constant([3, 1, 4, 1][:count])


REAL = DiscriminatorOutput(
    adversarial=tf.constant([[2.0]]),
    classes=tf.constant([[math.log(3.0), 0.0]]),  # softmax: 3/4, 1/4
    twin=tf.constant([[0.0, math.log(9.0)]]),  # softmax: 1/10, 9/10
)
FAKE = DiscriminatorOutput(
    adversarial=tf.constant([[-1.0]]),
    classes=tf.constant([[0.0, 0.0]]),
    twin=tf.constant([[math.log(4.0), 0.0]]),  # softmax: 4/5, 1/5
)
ZERO, ONE, BOTH = tf.constant([0]), tf.constant([1]), tf.constant([0, 1])


def numbers(terms):
    return {name: float(term) for name, term in terms.items()}


def test_terms_are_reported_unweighted_and_the_loss_is_their_weighted_sum():
    weights = {"d_weight_real": 0.5, "d_weight_fake": 0.25, "r1_weight": 7.0}
    weights |= {"d_class_weight_real": 3.0, "d_class_weight_fake": 2.0}
    gan = built("acgan", **weights, g_class_weight=5.0, class_head="twin")
    penalty = {"r1_penalty": tf.constant(11.0)}
    found = numbers(gan.discriminator_terms(REAL, ZERO, FAKE, ONE, penalty))
    real, fake = math.log1p(math.exp(-2)), math.log1p(math.exp(-1))
    of_adversarial = 0.5 * real + 0.25 * fake
    of_classes = 3 * math.log(4 / 3) + 2 * math.log(2)
    # The twin has the first head's weight, on fakes alone.
    expected = {
        "loss": of_adversarial + of_classes + 3 * math.log(5) + 7 * 11,
        "adversarial_real": real,
        "adversarial_accuracy_real": 1,
        "adversarial_fake": fake,
        "adversarial_accuracy_fake": 1,
        "class_real": math.log(4 / 3),
        "class_accuracy_real": 1,
        "class_fake": math.log(2),
        "class_accuracy_fake": 0,
        "twin_real": math.log(10),
        "twin_fake": math.log(5),
        "r1_penalty": 11,
    }
    assert found == pytest.approx(expected)
    found = numbers(gan.generator_terms(REAL, FAKE, ONE))
    expected = {
        "loss": fake + 1 + 5 * (math.log(2) - math.log(5)),
        "adversarial": fake + 1,  # softplus(1) is 1 more than softplus(-1)
        "class": math.log(2),
        "class_accuracy": 0,
        "twin": math.log(5),
    }
    assert found == pytest.approx(expected)


def test_one_head_names_classes_of_real_images_and_of_fakes():
    """Of two classes, as real and then as fake; softmax: 1/8, 1/8, 2/8, 4/8."""
    weights = {"d_class_weight_real": 3.0, "g_class_weight": 5.0, "class_head": "adc"}
    gan = built("acgan", **weights)
    logits = tf.constant([[0.0, 0.0, math.log(2), math.log(4)]] * 2)
    output = DiscriminatorOutput(tf.constant([[2.0], [2.0]]), logits)
    found = numbers(gan.discriminator_terms(output, BOTH, output, BOTH, {}))
    adversarial = found["adversarial_real"] + found["adversarial_fake"]
    assert found["class_real"] == pytest.approx(math.log(8))
    assert found["fake_class_fake"] == pytest.approx(1.5 * math.log(2))
    assert found["class_accuracy_fake"] == 0.5  # both are named 1, as fake
    of_classes = 3 * (math.log(8) + 1.5 * math.log(2))
    assert found["loss"] - adversarial == pytest.approx(of_classes)
    found = numbers(gan.generator_terms(output, output, BOTH))
    of_classes = 5 * (math.log(8) - 1.5 * math.log(2))
    assert found["loss"] - found["adversarial"] == pytest.approx(of_classes)


def half_squared_norm(gan, images, labels):
    """By a tape of its own and NumPy."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = gan.discriminator([images, labels], training=False)["adversarial"]
    return np.sum(tape.gradient(logits, images).numpy() ** 2) / len(labels) / 2


@pytest.mark.parametrize(
    ("mode", "architecture", "steps"),
    [("acgan", "compact", 1), ("acgan", "keras_gan", 3), ("cgan", "compact", 3)],
)
def test_penalties_are_half_the_squared_gradient_norm_at_real_images_and_at_fakes(
    mode, architecture, steps
):
    """In inference mode, of the label's own logit.  Due at each third step: times 3.

    BatchNorm would change it, and so would real images' labels beside fakes in cgan.
    """
    weights = {"r1_weight": 10.0, "r2_weight": 5.0, "r1_interval": steps}
    gan = built(mode, architecture=architecture, **weights)
    for layer in gan.discriminator.layers:
        if "embedding" in layer.name:  # a new one is too small to tell two labels apart
            layer.set_weights([50 * layer.get_weights()[0]])
    images, labels = images_and_labels()
    for *seen, penalty in (
        (images, labels, "r1_penalty"),
        (images[:3] ** 3, (labels[:3] + 1) % 10, "r2_penalty"),
    ):
        alone = gan.penalty_term(*seen, penalty)
        expected = {penalty: steps * half_squared_norm(gan, *seen)}
        assert numbers(alone) == pytest.approx(expected, rel=1e-4)
        _, beside = gan.discriminate_and_penalise(*seen, penalty)
        # By now the pass in training has moved keras_gan's moving averages.
        expected = {penalty: steps * half_squared_norm(gan, *seen)}
        assert numbers(beside) == pytest.approx(expected, rel=1e-4)
    assert built(mode, r1_weight=0.0).penalty_term(images, labels, "r1_penalty") == {}


@pytest.mark.parametrize(
    ("mode", "architecture"), [which for which in build.NETWORKS if which[0] != "dcgan"]
)
def test_every_conditional_generator_mixes_classes(mode, architecture):
    """A weight of 1 is the class; half of each is that of a class with the mean's row."""
    gan = built(mode, architecture=architecture, ema_half_life=0)
    weight = next(w for w in gan.generator.weights if w.shape[0] == 10)
    values = np.random.default_rng(0).normal(size=weight.shape)
    weight.assign(values)
    latents = gan.sample_latents(3, [0, 1])
    plain = gan.generate(latents, tf.constant([3, 8, 8]))
    one_hot = np.eye(10, dtype=np.float32)
    assert np.array_equal(gan.generate(latents, one_hot[[3, 8, 8]]), plain)
    middle = gan.generate(latents, np.tile((one_hot[3] + one_hot[8]) / 2, (3, 1)))
    assert not np.array_equal(middle, plain)
    values[0] = (values[3] + values[8]) / 2
    weight.assign(values)
    expected = gan.generate(latents, tf.constant([0, 0, 0]))
    assert abs(middle.astype(int) - expected).max() <= 1
