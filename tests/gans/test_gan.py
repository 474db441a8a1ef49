import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config

from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.gans import build
from dcgan_tf.gans import gan as gan_module
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
ZERO, ONE = tf.constant([0]), tf.constant([1])


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


def test_real_images_and_fakes_can_each_have_their_terms_alone():
    gan = built("acgan", r1_weight=0.0)
    real = gan.discriminator_terms(REAL, ZERO, None, None, {})
    fake = gan.discriminator_terms(None, None, FAKE, ZERO, {})
    assert {name.rsplit("_")[-1] for name in real} == {"loss", "real"}
    assert {name.rsplit("_")[-1] for name in fake} == {"loss", "fake"}
    both = gan.discriminator_terms(REAL, ZERO, FAKE, ZERO, {})
    loss = float(real["loss"]) + float(fake["loss"])
    assert loss == pytest.approx(float(both["loss"]))


def test_each_class_head_learns_its_own_kind_of_images():
    gan = built("acgan")
    kernels = [gan.discriminator.get_layer(n).kernel.value for n in ("classes", "twin")]
    images, labels = images_and_labels()
    for kind, learns in (("real", [True, False]), ("fake", [False, True])):
        with tf.GradientTape() as tape:
            output = gan.discriminate(images, labels, training=True)
            seen = (output, labels, None, None)
            if kind == "fake":
                seen = (None, None, output, labels)
            loss = gan.discriminator_terms(*seen, {})["loss"]
        slopes = tape.gradient(loss, kernels, unconnected_gradients="zero")
        assert [float(tf.norm(slope)) > 0 for slope in slopes] == learns


def test_classes_that_the_fakes_show_as_the_real_ones_do_cost_the_generator_nothing():
    """log q(y|x) - log p(y|x) is 0 where both heads are the same."""
    gan = built("acgan", g_class_weight=3.0)
    heads = [gan.discriminator.get_layer(head) for head in ("classes", "twin")]
    images, labels = images_and_labels()

    def generator_terms():
        return gan.generator_terms(
            None, gan.discriminate(images, labels, training=True), labels
        )

    terms = generator_terms()
    apart = 3 * (float(terms["class"]) - float(terms["twin"]))
    assert float(terms["loss"] - terms["adversarial"]) == pytest.approx(apart, abs=1e-5)
    assert abs(apart) > 0.01
    heads[1].set_weights(heads[0].get_weights())
    terms = generator_terms()
    assert float(terms["loss"]) == pytest.approx(float(terms["adversarial"]))


def half_squared_norm(gan, images, labels):
    """By a tape of its own and NumPy."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = gan.discriminator([images, labels], training=False)["adversarial"]
    return np.sum(tape.gradient(logits, images).numpy() ** 2) / len(labels) / 2


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("architecture", ["compact", "keras_gan"])
def test_penalties_are_half_the_squared_gradient_norm_at_real_images_and_at_fakes(
    architecture, steps
):
    """In inference mode: BatchNorm would change it.  Due at each third step: times 3."""
    weights = {"r1_weight": 10.0, "r2_weight": 5.0, "r1_interval": steps}
    gan = built("acgan", architecture=architecture, **weights)
    images, labels = images_and_labels()
    for *seen, penalty in (
        (images, labels, "r1_penalty"),
        (images[:3] ** 3, labels[:3], "r2_penalty"),
    ):
        alone = gan.penalty_term(*seen, penalty)
        expected = {penalty: steps * half_squared_norm(gan, *seen)}
        assert numbers(alone) == pytest.approx(expected, rel=1e-4)
        _, beside = gan.discriminate_and_penalise(*seen, penalty)
        # By now the pass in training has moved keras_gan's moving averages.
        expected = {penalty: steps * half_squared_norm(gan, *seen)}
        assert numbers(beside) == pytest.approx(expected, rel=1e-4)


def test_the_logits_beside_a_penalty_are_those_without():
    gan = built("acgan", r1_weight=1.0)
    images, labels = images_and_labels()
    assert gan.penalty_term(images, labels, "r2_penalty") == {}
    beside, penalty = gan.discriminate_and_penalise(images, labels, "r1_penalty")
    unpenalised = gan.unpenalised()
    alone, none = unpenalised.discriminate_and_penalise(images, labels, "r1_penalty")
    assert (penalty.keys(), none) == ({"r1_penalty"}, {})
    for one, other in zip(beside, alone, strict=True):
        assert np.array_equal(one, other)


def test_a_penalty_is_taken_of_the_labels_own_logit():
    """cgan's logit depends on the label: R1 and R2 are each given their images'."""
    gan = built("cgan", r1_weight=1.0, r2_weight=1.0, r1_interval=1)
    # A new embedding is too small to tell two labels apart.
    embedding = next(x for x in gan.discriminator.layers if "embedding" in x.name)
    embedding.set_weights([50 * embedding.get_weights()[0]])
    images, labels = images_and_labels()
    others = (labels + 1) % 10
    terms = gan.penalty_term(images, labels, "r1_penalty")
    terms |= gan.penalty_term(images, others, "r2_penalty")
    r1, r2 = (half_squared_norm(gan, images, y) for y in (labels, others))
    assert r1 != pytest.approx(r2, rel=1e-3)
    assert numbers(terms) == pytest.approx({"r1_penalty": r1, "r2_penalty": r2}, rel=1e-4)


def test_r2_gives_the_generator_no_gradient():
    """R2 is the discriminator's: the fakes count as given images in it."""
    gan = built("dcgan", r2_weight=1.0)
    images, labels = images_and_labels()
    scale = tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        penalty = gan.penalty_term(scale * images, labels, "r2_penalty")["r2_penalty"]
    assert tape.gradient(penalty, scale) is None
    kernel = gan.discriminator.trainable_variables[0]
    assert float(tf.norm(tape.gradient(penalty, kernel))) > 0


def test_generate_is_the_ema_generator_in_inference_mode(monkeypatch):
    """In blocks, each image as it would be alone, as bytes."""
    gan = built("cgan")
    # New networks make nearly even grey: their last kernels scaled, images have contrast.
    for network, contrast in ((gan.generator, 30.0), (gan.ema_generator, 60.0)):
        kernel = network.layers[-1].kernel
        kernel.assign(contrast * kernel)
    latents, labels = gan.sample_latents(7, [0, 1]), tf.range(7)
    expected = to_uint8(gan.ema_generator([latents, labels], training=False).numpy())
    monkeypatch.setattr(gan_module, "BLOCK", 3)
    images = gan.generate(latents, labels)
    assert images.dtype == np.uint8
    assert images.shape == (7, 28, 28, 1)
    # A block of another size may round another way.
    assert abs(images.astype(int) - expected).max() <= 1
    assert expected.std() > 10
    for network, training in ((gan.generator, False), (gan.ema_generator, True)):
        other = to_uint8(network([latents, labels], training=training).numpy())
        assert abs(images.astype(int) - other).max() > 1


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
