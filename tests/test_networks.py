import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import config, gans

# (total, not trained), as published.
GENERATORS = {
    "dcgan": (2_330_944, 25_472),
    "cgan": (1_130_288, 4_992),
    "acgan": (2_657_897, 576),
}
DISCRIMINATORS = {"dcgan": 212_865, "cgan": 1_224_351, "acgan": 525_835}
MODES = tuple(GENERATORS)


@pytest.fixture(scope="module")
def built():
    return {
        mode: gans.build(config.new({"mode": mode}, dataset="mnist", classes=10))
        for mode in MODES
    }


@pytest.mark.parametrize("mode", MODES)
def test_parameter_counts_are_the_published_ones(built, mode):
    generator, discriminator = built[mode].generator, built[mode].discriminator
    untrained = sum(int(tf.size(w)) for w in generator.non_trainable_weights)
    assert (generator.count_params(), untrained) == GENERATORS[mode]
    assert discriminator.count_params() == DISCRIMINATORS[mode]
    assert not discriminator.non_trainable_weights


@pytest.mark.parametrize("mode", MODES)
def test_images_are_28_by_28_in_the_range_of_the_data(built, mode):
    images = built[mode].generator(
        [10 * tf.random.normal([3, 100]), tf.constant([0, 5, 9])]
    )
    assert images.shape == (3, 28, 28, 1)
    assert images.dtype == tf.float32
    assert float(tf.reduce_max(abs(images))) <= 1.0


@pytest.mark.parametrize(
    ("mode", "counts"), [("dcgan", False), ("cgan", True), ("acgan", True)]
)
def test_the_label_changes_the_image_where_it_should(built, mode, counts):
    noise = tf.random.stateless_normal([1, 100], [0, 0])
    zero, one = (built[mode].generator([noise, tf.constant([label])]) for label in (0, 1))
    assert np.allclose(zero, one) is not counts


@pytest.mark.parametrize(
    ("mode", "sees"), [("dcgan", False), ("cgan", True), ("acgan", False)]
)
def test_only_cgans_discriminator_sees_the_label(built, mode, sees):
    images = tf.random.stateless_uniform([1, 28, 28, 1], [0, 0], -1, 1)
    verdicts = [
        tf.nest.flatten(built[mode].discriminator([images, tf.constant([label])]))
        for label in (0, 1)
    ]
    same = all(np.allclose(a, b) for a, b in zip(*verdicts, strict=True))
    assert same is not sees


def test_acgans_verdict_is_one_logit_and_ten():
    gan = gans.build(config.new({"mode": "acgan"}, dataset="mnist", classes=10))
    verdict = gan.discriminator([tf.zeros([4, 28, 28, 1]), tf.zeros([4], tf.int32)])
    assert {n: tuple(v.shape) for n, v in verdict.items()} == {
        "generation": (4, 1),
        "auxiliary": (4, 10),
    }
