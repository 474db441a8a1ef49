import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import gans, settings

# (total, not trained) of the generator and of the discriminator, as published.
COUNTS = {
    ("dcgan", "convolutional"): ((2_330_944, 25_472), (212_865, 0)),
    ("cgan", "maxout"): ((1_130_288, 4_992), (1_224_351, 0)),
    ("acgan", "convolutional"): ((2_657_897, 576), (525_835, 0)),
    ("acgan", "batchnorm"): ((857_705, 640), (120_075, 192)),
    ("acgan", "upsampling"): ((8_172_521, 0), (525_835, 0)),
}
# Ours.  The compact generator: 100 x 256, 256 x 6,272, 4 x 4 x 64 x 128, 4 x 4 x 64 + 1,
# and four numbers for each channel that is normalised, two of them not trained.  Its
# discriminator: 4 x 4 x 32 + 32, 4 x 4 x 32 x 64 + 64, 3,136 x 256 + 256, 256 + 1.  A
# projection adds an embedding of 10 x 256, a class head 10 x 257; a class fused with noise
# 10 x 100.
COMPACT = 25_600 + 4 * 256 + 1_605_632 + 4 * 6_272 + 131_072 + 4 * 64 + 1_025
JUDGE = 544 + 32_768 + 64 + 802_816 + 256 + 257
COUNTS |= {
    ("dcgan", "compact"): ((COMPACT, 13_184), (JUDGE, 0)),
    ("cgan", "compact"): ((COMPACT + 1_000, 13_184), (JUDGE + 2_560, 0)),
    ("acgan", "compact"): ((COMPACT + 1_000, 13_184), (JUDGE + 5_140, 0)),
    ("cgan", "convolutional"): ((2_331_944, 25_472), (275_585, 0)),
}


@pytest.fixture(scope="module")
def built():
    return {
        (mode, architecture): gans.build(
            settings.new(
                {"mode": mode, "architecture": architecture}, dataset="mnist", classes=10
            )
        )
        for mode, architecture in COUNTS
    }


def test_every_architecture_is_counted():
    assert COUNTS.keys() == gans.NETWORKS.keys()


@pytest.mark.parametrize("which", COUNTS)
def test_parameter_counts_are_the_published_or_by_hand(built, which):
    players = (built[which].generator, built[which].discriminator)
    counts = tuple(
        (p.count_params(), sum(int(tf.size(w)) for w in p.non_trainable_weights))
        for p in players
    )
    assert counts == COUNTS[which]


@pytest.mark.parametrize("which", COUNTS)
def test_images_are_28_by_28_in_the_range_of_the_data(built, which):
    images = built[which].generator(
        [10 * tf.random.normal([3, 100]), tf.constant([0, 5, 9])]
    )
    assert images.shape == (3, 28, 28, 1)
    assert images.dtype == tf.float32
    assert float(tf.reduce_max(abs(images))) <= 1.0


@pytest.mark.parametrize("which", COUNTS)
def test_the_label_changes_the_image_where_it_should(built, which):
    noise = tf.random.stateless_normal([1, 100], [0, 0])
    zero, one = (built[which].generator([noise, tf.constant([label])]) for label in (0, 1))
    assert np.array_equal(zero, one) == (which[0] == "dcgan")


@pytest.mark.parametrize("which", COUNTS)
def test_only_cgans_discriminator_sees_the_label(built, which):
    images = tf.random.stateless_uniform([1, 28, 28, 1], [0, 0], -1, 1)
    verdicts = [
        tf.nest.flatten(built[which].discriminator([images, tf.constant([label])]))
        for label in (0, 1)
    ]
    same = all(np.array_equal(a, b) for a, b in zip(*verdicts, strict=True))
    assert same == (which[0] != "cgan")


@pytest.mark.parametrize(
    ("fusion", "by_hand"),
    [
        ("multiply", lambda noise, row: noise * row),
        ("add", lambda noise, row: noise + row),
        ("concatenate", lambda noise, row: np.concatenate([noise, row])),
    ],
)
def test_the_embedding_meets_the_noise_as_asked(fusion, by_hand):
    said = {"mode": "acgan", "label_fusion": fusion}
    gan = gans.build(settings.new(said, dataset="mnist", classes=10))
    dense = next(layer for layer in gan.generator.layers if "dense" in layer.name)
    rows = gan.generator.get_layer("label_embedding").get_weights()[0]
    noise = np.random.default_rng(0).normal(size=(1, 100)).astype("float32")
    fused = keras.Model(gan.generator.inputs, dense.input)
    assert np.allclose(
        fused([tf.constant(noise), tf.constant([7])])[0], by_hand(noise[0], rows[7])
    )


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (("dcgan", "compact"), 3),
        (("cgan", "compact"), 3),
        (("acgan", "compact"), 3),
        (("dcgan", "convolutional"), 2),
        (("cgan", "maxout"), 2),
        (("cgan", "convolutional"), 2),
        (("acgan", "convolutional"), 4),
        (("acgan", "batchnorm"), 4),
        (("acgan", "upsampling"), 4),
    ],
)
def test_the_discriminators_drop_out_where_they_should(which, count):
    said = {"mode": which[0], "architecture": which[1], "dropout": 0.25}
    network = gans.build(settings.new(said, dataset="mnist", classes=10)).discriminator
    rates = [x.rate for x in network.layers if isinstance(x, keras.layers.Dropout)]
    assert rates == [0.25] * count


@pytest.mark.parametrize("twin", [False, True])
def test_acgans_verdict_is_one_logit_and_ten_for_each_class_head(twin):
    said = {"mode": "acgan", "auxiliary_twin": twin}
    gan = gans.build(settings.new(said, dataset="mnist", classes=10))
    verdict = gan.discriminator([tf.zeros([4, 28, 28, 1]), tf.zeros([4], tf.int32)])
    assert {n: tuple(v.shape) for n, v in verdict.items()} == {
        "generation": (4, 1),
        "auxiliary": (4, 10),
        **({"twin": (4, 10)} if twin else {}),
    }


@pytest.mark.parametrize("which", COUNTS)
def test_bfloat16_has_float32_weights_and_last_layers_and_draws_much_the_same(which):
    """Images of the same weights in both, and the verdicts on them."""
    said = {"mode": which[0], "architecture": which[1]}
    noise = tf.random.stateless_normal([30, 100], [0, 0])
    labels = tf.range(30) % 10
    results = []
    for precision in ("float32", "bfloat16"):
        keras.utils.set_random_seed(0)
        gan = gans.build(settings.new({**said, "precision": precision}, "mnist", 10))
        players = (gan.generator, gan.discriminator)
        assert {w.dtype for player in players for w in player.weights} == {"float32"}
        images = gan.generator([noise, labels], training=True)
        verdict = gan.discriminator([images, labels])
        results.append([images, *tf.nest.flatten(verdict)])
    assert keras.config.dtype_policy().name == "float32"
    for exact, rough in zip(*results, strict=True):
        assert rough.dtype == tf.float32
        assert not np.array_equal(exact, rough)
        assert np.abs(exact - rough).mean() < 0.02 * np.abs(exact).max()


@pytest.mark.parametrize("which", [w for w in COUNTS if w[1] != "maxout"])
def test_a_discriminator_in_bfloat16_sees_the_background_as_in_float32(which):
    """One value nearly everywhere: what is rounded there is rounded alike at every pixel.

    The first biases put it just above the kink of the LeakyReLUs.  With the first layer in
    bfloat16 the gradients were off by 0.4 to 0.7 of their length.
    """
    said = {"mode": which[0], "architecture": which[1], "dropout": 0.0}
    shapes = np.random.default_rng(0).uniform(0, 2, (20, 12, 12, 1))
    images = tf.constant(np.pad(shapes, [(0, 0), (8, 8), (8, 8), (0, 0)]) - 1, tf.float32)
    results = []
    for precision in ("float32", "bfloat16"):
        keras.utils.set_random_seed(0)
        gan = gans.build(settings.new({**said, "precision": precision}, "mnist", 10))
        kernel, bias, *_ = gan.discriminator.weights
        bias.assign(tf.reduce_sum(kernel, [0, 1, 2]) + 1e-4)
        with tf.GradientTape() as tape:
            verdict = gan.discriminator([images, tf.range(20) % 10], training=True)
            loss = gan.real_loss(verdict, tf.range(20) % 10)["loss"]
        results.append(tape.gradient(loss, [kernel, bias]))
    for exact, rough in zip(*results, strict=True):
        assert np.linalg.norm(rough - exact) < 0.2 * np.linalg.norm(exact)


@pytest.mark.parametrize("which", COUNTS)
def test_no_bias_learns_by_a_sum_in_bfloat16(which):
    """TensorFlow's BiasAddGrad would be one: see `layers.Dense`."""
    said = {"mode": which[0], "architecture": which[1], "precision": "bfloat16"}
    gan = gans.build(settings.new(said, "mnist", 10))

    @tf.function
    def gradients(noise, labels):
        with tf.GradientTape(persistent=True) as tape:
            images = gan.generator([noise, labels], training=True)
            verdict = gan.discriminator([images, labels], training=True)
            loss = gan.generator_loss(verdict, labels)["loss"]
        players = (gan.generator, gan.discriminator)
        return [tape.gradient(loss, player.trainable_weights) for player in players]

    traced = gradients.get_concrete_function(
        tf.TensorSpec([8, 100]), tf.TensorSpec([8], tf.int32)
    )
    sums = [op for op in traced.graph.get_operations() if op.type == "BiasAddGrad"]
    assert all(op.outputs[0].dtype == tf.float32 for op in sums)
