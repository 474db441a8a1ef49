import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config

from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans import build
from dcgan_tf.models import blocks, compact

# (total, not trained) of the generator and of the discriminator, as published.
COUNTS = {
    ("dcgan", "tf_tutorial"): ((2_330_944, 25_472), (212_865, 0)),
    ("cgan", "maxout"): ((1_130_288, 4_992), (1_224_351, 0)),
    ("acgan", "keras_2018"): ((2_657_897, 576), (525_835, 0)),
    ("acgan", "keras_gan"): ((857_705, 640), (120_075, 192)),
    ("acgan", "keras_2017"): ((8_172_521, 0), (525_835, 0)),
}
# Ours.  The compact generator: 100 x 256, 256 x 6,272, 4 x 4 x 64 x 128, 4 x 4 x 64 + 1,
# and four numbers for each channel that is normalised, two of them not trained.  Its
# discriminator: 4 x 4 x 32 + 32, 4 x 4 x 32 x 64 + 64, 3,136 x 256 + 256, 256 + 1.  A
# projection adds an embedding of 10 x 256, a class head 10 x 257; a class concatenated with
# the latents 10 x 100, and 100 x 256.
COMPACT = 25_600 + 4 * 256 + 1_605_632 + 4 * 6_272 + 131_072 + 4 * 64 + 1_025
CONDITIONAL = COMPACT + 1_000 + 25_600
COMPACT_DISCRIMINATOR = 544 + 32_768 + 64 + 802_816 + 256 + 257
COUNTS |= {
    ("dcgan", "compact"): ((COMPACT, 13_184), (COMPACT_DISCRIMINATOR, 0)),
    ("cgan", "tf_tutorial"): ((2_331_944, 25_472), (275_585, 0)),
}
# The first doubling of compact2 is by 2x2 kernels; an acgan's discriminator has 256 more.
for architecture, fewer, more in (("compact", 0, 0), ("compact2", 12 * 64 * 128, 256)):
    conditional = CONDITIONAL - fewer, 13_184
    COUNTS |= {
        ("cgan", architecture): (conditional, (COMPACT_DISCRIMINATOR + 2_560, 0)),
        ("acgan", architecture): (conditional, (COMPACT_DISCRIMINATOR + 5_140 + more, 0)),
    }
MNIST = ImageSpec(28, 28, 1, 10)


def build_gan(which, **overrides):
    mode, architecture = which
    return build.build(new_config(mode=mode, architecture=architecture, **overrides))


@pytest.fixture(scope="module")
def built():
    return {which: build_gan(which) for which in build.NETWORKS}


@pytest.mark.parametrize("which", COUNTS)
def test_parameter_counts_are_the_published_or_by_hand(built, which):
    """And every architecture is counted."""
    assert COUNTS.keys() == build.NETWORKS.keys()
    players = (built[which].generator, built[which].discriminator)
    counts = tuple(
        (p.count_params(), sum(int(tf.size(w)) for w in p.non_trainable_weights))
        for p in players
    )
    assert counts == COUNTS[which]


@pytest.mark.parametrize("which", COUNTS)
def test_what_the_players_return_and_which_of_them_sees_the_label(built, which):
    """The label changes images of cgan and acgan, and logits of cgan alone."""
    latents = 10 * tf.random.stateless_normal([3, 100], [0, 0])
    zero, one = (built[which].generator([latents, tf.fill([3], label)]) for label in (0, 1))
    assert (zero.shape, zero.dtype) == ((3, 28, 28, 1), tf.float32)
    assert float(tf.reduce_max(abs(zero))) <= 1.0
    assert np.array_equal(zero, one) == (which[0] == "dcgan")
    outputs = [
        built[which].discriminate(zero, tf.fill([3], label), training=False)
        for label in (0, 1)
    ]
    assert outputs[0].adversarial.shape == (3, 1)
    assert (outputs[0].classes is None) == (which[0] != "acgan")
    pairs = [pair for pair in zip(*outputs, strict=True) if pair[0] is not None]
    assert all(np.array_equal(*pair) for pair in pairs) == (which[0] != "cgan")


@pytest.mark.parametrize(
    ("fusion", "by_hand"),
    [
        ("multiply", lambda latents, row: latents * row),
        ("add", lambda latents, row: latents + row),
        ("concatenate", lambda latents, row: np.concatenate([latents, row])),
    ],
)
def test_the_label_is_fused_as_asked(fusion, by_hand):
    generator = compact.generator(MNIST, latent_dim=100, label_fusion=fusion)
    dense = next(layer for layer in generator.layers if "dense" in layer.name)
    rows = generator.get_layer("label_embedding").get_weights()[0]
    latents = np.random.default_rng(0).normal(size=(1, 100)).astype("float32")
    fused = keras.Model(generator.inputs, dense.input)
    assert np.allclose(
        fused([tf.constant(latents), tf.constant([7])])[0], by_hand(latents[0], rows[7])
    )


def test_a_projection_is_the_label_s_embedding_times_the_features():
    """Miyato & Koyama 2018, equation 3, in NumPy from the features and the weights."""
    network = compact.discriminator(MNIST, projection=True)
    images = tf.random.stateless_uniform([2, 28, 28, 1], [0, 0], -1, 1)
    dot = next(x for x in network.layers if isinstance(x, keras.layers.Dot))
    features = keras.Model(network.inputs, dot.input[1])([images, tf.constant([4, 7])])
    rows = next(x for x in network.layers if isinstance(x, keras.layers.Embedding))
    *_, kernel, bias = network.get_weights()
    projected = (rows.get_weights()[0][[4, 7]] * features.numpy()).sum(1)
    expected = (features.numpy() @ kernel + bias)[:, 0] + projected
    logits = network([images, tf.constant([4, 7])])["adversarial"]
    assert np.allclose(logits[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("which", COUNTS)
def test_the_discriminators_drop_out_where_they_should(which):
    network = build_gan(which, dropout_rate=0.25).discriminator
    rates = [x.rate for x in network.layers if isinstance(x, keras.layers.Dropout)]
    counts = {"compact": 3, "compact2": 3, "tf_tutorial": 2, "maxout": 2}
    assert rates == [0.25] * counts.get(which[1], 4)


@pytest.mark.parametrize(
    ("height", "width", "doublings"),
    # The smallest map: 4 to 8 in each direction.
    [(16, 16, 1), (28, 28, 2), (20, 20, 2), (16, 32, 2), (48, 64, 3), (128, 128, 4)],
)
def test_compact_networks_double_until_the_image(height, width, doublings):
    """In colour, and of twelve classes."""
    spec = ImageSpec(height, width, 3, 12)
    generator = compact.generator(spec, 64, label_fusion="concatenate")
    assert generator.input_shape == [(None, 64), (None,)]
    assert generator.output_shape == (None, height, width, 3)
    network = compact.discriminator(spec, class_head="twin")
    assert network.output_shape == [(None, 1), (None, 12), (None, 12)]
    kinds = [x for x in network.layers if isinstance(x, keras.layers.Conv2D)]
    assert len(kinds) == doublings


@pytest.mark.parametrize("which", COUNTS)
def test_bfloat16_has_float32_weights_and_last_layers_and_is_much_the_same(which):
    """Images of the same weights in both, and the logits of them."""
    latents = tf.random.stateless_normal([30, 100], [0, 0])
    labels = tf.range(30) % 10
    results = []
    for precision in ("float32", "bfloat16"):
        keras.utils.set_random_seed(0)
        gan = build_gan(which, precision=precision)
        players = (gan.generator, gan.discriminator)
        assert {w.dtype for player in players for w in player.weights} == {"float32"}
        images = gan.generator([latents, labels], training=True)
        logits = gan.discriminator([images, labels])
        results.append([images, *tf.nest.flatten(logits)])
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
    shapes = np.random.default_rng(0).uniform(0, 2, (20, 12, 12, 1))
    images = tf.constant(np.pad(shapes, [(0, 0), (8, 8), (8, 8), (0, 0)]) - 1, tf.float32)
    labels = tf.range(20) % 10
    results = []
    for precision in ("float32", "bfloat16"):
        keras.utils.set_random_seed(0)
        gan = build_gan(which, precision=precision, dropout_rate=0.0)
        kernel, bias, *_ = gan.discriminator.weights
        bias.assign(tf.reduce_sum(kernel, [0, 1, 2]) + 1e-4)
        with tf.GradientTape() as tape:
            output = gan.discriminate(images, labels, training=True)
            loss = gan.discriminator_terms(output, labels, None, None, {})["loss"]
        results.append(tape.gradient(loss, [kernel, bias]))
    for exact, rough in zip(*results, strict=True):
        assert np.linalg.norm(rough - exact) < 0.2 * np.linalg.norm(exact)


@pytest.mark.parametrize("which", COUNTS)
def test_no_bias_learns_by_a_sum_in_bfloat16(which):
    """TensorFlow's BiasAddGrad would be one: see `layers.BiasDense`."""
    gan = build_gan(which, precision="bfloat16")

    @tf.function
    def gradients(latents, labels):
        with tf.GradientTape(persistent=True) as tape:
            images = gan.generator([latents, labels], training=True)
            output = gan.discriminate(images, labels, training=True)
            loss = gan.generator_terms(None, output, labels)["loss"]
        players = (gan.generator, gan.discriminator)
        return [tape.gradient(loss, player.trainable_weights) for player in players]

    traced = gradients.get_concrete_function(
        tf.TensorSpec([8, 100]), tf.TensorSpec([8], tf.int32)
    )
    sums = [op for op in traced.graph.get_operations() if op.type == "BiasAddGrad"]
    assert all(op.outputs[0].dtype == tf.float32 for op in sums)


def test_no_compact_network_is_built_for_a_size_that_does_not_halve():
    """Whoever takes the networks alone is told, in place of images of another size."""
    with pytest.raises(ValueError, match="50x50x1"):
        compact.generator(ImageSpec(50, 50, 1, classes=1), 100)


@pytest.mark.parametrize("which", COUNTS)
def test_a_discriminator_ignores_training_where_it_changes_no_logit(built, which):
    """Told by its layers, and tried: the same images in training, and in inference."""
    discriminator = built[which].discriminator
    images = tf.random.stateless_uniform([8, *MNIST.shape], [0, 1], -1.0, 1.0)
    labels = tf.range(8)
    logits = [discriminator([images, labels], training=t)["adversarial"] for t in (0, 1)]
    unchanged = np.allclose(*logits, atol=1e-6)
    assert blocks.ignores_training(discriminator) == unchanged
    if which == ("acgan", "keras_gan"):  # BatchNorm alone matters, too
        network = build_gan(which, dropout_rate=0.0).discriminator
        assert not blocks.ignores_training(network)
