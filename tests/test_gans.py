import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import gans, recipes, settings


def built(mode, **said):
    return gans.build(settings.new({"mode": mode, **said}, dataset="mnist", classes=10))


def test_every_recipe_has_networks_and_losses():
    for mode, recipe in recipes.RECIPES.items():
        assert recipe.losses in gans.VERDICTS
        for architecture in recipe.architectures:
            assert (mode, architecture) in gans.NETWORKS


def test_noise_is_a_function_of_its_seed():
    gan = built("dcgan")
    first, again, other = (
        gan.draw_noise(9, seed).numpy() for seed in ([3, 4], [3, 4], [3, 5])
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_normal_and_uniform_noise():
    normal = built("dcgan").draw_noise(1000, [0, 1]).numpy()
    uniform = built("acgan", noise="uniform").draw_noise(1000, [0, 1]).numpy()
    assert normal.shape == uniform.shape == (1000, 100)
    assert abs(normal.std() - 1) < 0.01
    assert -1 <= uniform.min() < -0.999
    assert 0.999 < uniform.max() <= 1
    assert abs(uniform.mean()) < 0.01


def test_fakes_get_the_labels_of_the_real_or_uniform_ones():
    labels = tf.fill([10_000], 3)
    assert np.array_equal(built("cgan").draw_labels(labels, [0, 1]), labels)
    drawn = built("acgan", fake_labels="random").draw_labels(labels, [0, 1]).numpy()
    assert drawn.dtype == np.int32
    counts = np.bincount(drawn, minlength=10)
    assert counts.size == 10
    assert (abs(counts - 1000) < 150).all()


def test_the_drawn_generator_starts_as_a_copy():
    gan = built("acgan", average_half_life=100)
    assert gan.drawn is not gan.generator
    for slow, fast in zip(
        gan.drawn.get_weights(), gan.generator.get_weights(), strict=True
    ):
        assert np.array_equal(slow, fast)
    plain = built("acgan", average_half_life=0)
    assert plain.drawn is plain.generator


def test_term_names_are_those_of_the_losses():
    gan = built("acgan", gradient_penalty=0.0, auxiliary_twin=False)
    assert gan.term_names() == [
        "generator/loss",
        "generator/adversarial",
        "generator/auxiliary",
        "generator/validity_accuracy",
        "generator/class_accuracy",
        "discriminator/loss",
        "discriminator/adversarial_real",
        "discriminator/auxiliary_real",
        "discriminator/validity_accuracy_real",
        "discriminator/class_accuracy_real",
        "discriminator/adversarial_fake",
        "discriminator/auxiliary_fake",
        "discriminator/validity_accuracy_fake",
        "discriminator/class_accuracy_fake",
    ]


def verdict(gan):
    images = tf.random.stateless_uniform([4, 28, 28, 1], [0, 1], -1, 1)
    labels = tf.constant([3, 1, 4, 1])
    return gan.discriminator([images, labels], training=True), labels


def test_each_class_head_learns_its_own_kind_of_images():
    gan = built("acgan")
    kernels = [gan.discriminator.get_layer(n).kernel.value for n in ("auxiliary", "twin")]
    for loss, learns in ((gan.real_loss, [True, False]), (gan.fake_loss, [False, True])):
        with tf.GradientTape() as tape:
            value = loss(*verdict(gan))["loss"]
        slopes = tape.gradient(value, kernels, unconnected_gradients="zero")
        assert [float(tf.norm(slope)) > 0 for slope in slopes] == learns


def test_classes_that_the_fakes_show_as_the_real_ones_do_cost_the_generator_nothing():
    """log q(y|x) - log p(y|x) is 0 where both heads are the same."""
    gan = built("acgan", auxiliary_generator_weight=3.0)
    heads = [gan.discriminator.get_layer(head) for head in ("auxiliary", "twin")]
    terms = gan.generator_loss(*verdict(gan))
    apart = 3 * (float(terms["auxiliary"]) - float(terms["twin"]))
    assert float(terms["loss"] - terms["adversarial"]) == pytest.approx(apart, abs=1e-5)
    assert abs(apart) > 0.01
    heads[1].set_weights(heads[0].get_weights())
    terms = gan.generator_loss(*verdict(gan))
    assert float(terms["loss"]) == pytest.approx(float(terms["adversarial"]))


def test_the_gradient_penalty_is_r1_of_being_real():
    gan = built("acgan", gradient_penalty=10.0)
    images = tf.random.stateless_uniform([3, 28, 28, 1], [0, 1], -1, 1)
    labels = tf.zeros([3], tf.int32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = gan.discriminator([images, labels], training=False)["generation"]
    squared = np.sum(tape.gradient(logits, images).numpy() ** 2) / 3
    terms = gan.penalties(images, labels)["penalty"]
    assert float(terms["gradient"]) == pytest.approx(squared / 2, rel=1e-4)
    assert float(terms["loss"]) == pytest.approx(10 * squared / 2, rel=1e-4)


def test_no_gradient_penalty_is_no_term():
    gan = built("acgan", gradient_penalty=0.0)
    assert gan.penalties(tf.zeros([1, 28, 28, 1]), tf.zeros([1])) == {}
    gan = built("acgan", gradient_penalty=1.0)
    assert "discriminator/gradient_penalty" in gan.term_names()
