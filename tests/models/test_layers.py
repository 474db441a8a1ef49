import functools
import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.models.layers import (
    Adam,
    BatchNormalization,
    BiasConv2D,
    BiasConv2DTranspose,
    BiasDense,
    ClassStd,
    Dropout,
    MaxoutDense,
    SubpixelConv2DTranspose,
    UpsampledConv2D,
    UpSampling2D,
)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
def test_a_saved_network_is_loaded_without_being_told_the_layers(tmp_path):
    """Every layer with options that are not its defaults, in a .keras file."""
    inputs, labels = keras.Input((4, 5, 6)), keras.Input((), dtype="int32")
    x = UpsampledConv2D(3, "tanh", kernel_initializer="he_normal")(inputs)
    x = SubpixelConv2DTranspose(3)(x)
    x = BiasConv2DTranspose(2, 3, 2, "same")(UpSampling2D()(x))
    x = BatchNormalization(momentum=0.8)(BiasConv2D(3, 3, activation="tanh")(x))
    x = BiasDense(4)(Dropout(0.3)(keras.layers.Flatten()(x)))
    x = keras.layers.Add()([x, ClassStd(7)(x, labels)])
    network = keras.Model([inputs, labels], MaxoutDense(3, k=2, name="last")(x))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    for mine, theirs in zip(network.layers, loaded.layers, strict=True):
        assert type(mine) is type(theirs)
        assert mine.get_config() == theirs.get_config()
    given = [tf.random.stateless_normal([2, 4, 5, 6], [0, 0]), tf.zeros([2], tf.int32)]
    assert np.array_equal(loaded(given), network(given))


TANH = {"activation": "tanh"}
SAME = {"kernel_size": 5, "strides": 2, "padding": "same", **TANH}
BIAS, KERNEL = [np.array([0.1, -0.2, 0.3])], []  # beside the kernel; that alone
SQUARES = {"kernel_size": 2, "strides": 2, "use_bias": False}
NORMALISED = [np.linspace(1, 2, 5), np.linspace(-1, 1, 5), np.ones(5), np.full(5, 3.0)]
THEIRS = keras.layers
NORMALIZATION, SMALL = THEIRS.BatchNormalization, (6, 3, 4, 5)


def upsampled(filters, activation):
    convolution = THEIRS.Conv2D(filters, 5, padding="same", activation=activation)
    return keras.Sequential([THEIRS.UpSampling2D(), convolution])


@pytest.mark.parametrize(
    ("ours", "theirs", "arguments", "options", "shape", "weights"),
    [
        (UpSampling2D, THEIRS.UpSampling2D, [], {}, (3, 4, 5, 6), None),
        # Borders included.
        (UpsampledConv2D, upsampled, [3, "tanh"], {}, (2, 4, 5, 6), BIAS),
        (BiasDense, THEIRS.Dense, [3], TANH, (2, 5, 6, 4), BIAS),
        (BiasConv2D, THEIRS.Conv2D, [3], SAME, (2, 5, 6, 4), BIAS),
        (BiasConv2DTranspose, THEIRS.Conv2DTranspose, [3], SAME, (2, 5, 6, 4), BIAS),
        (
            SubpixelConv2DTranspose,
            functools.partial(THEIRS.Conv2DTranspose, **SQUARES),
            *([3], {}, (2, 4, 5, 6), KERNEL),
        ),
        (BatchNormalization, NORMALIZATION, [], {"momentum": 0.7}, (6, 5), NORMALISED),
        (BatchNormalization, NORMALIZATION, [], {"momentum": 0.7}, SMALL, NORMALISED),
    ],
)
def test_a_layer_is_keras_s_own(ours, theirs, arguments, options, shape, weights):
    """Outputs and gradients; moving averages, in training and after it."""
    ours, theirs = (layer(*arguments, **options) for layer in (ours, theirs))
    inputs = 3 + 2 * tf.random.stateless_normal(shape, [0, 0])
    if weights is not NORMALISED:
        inputs = tf.random.stateless_normal(shape, [0, 0])
    for layer in (ours, theirs):
        layer.build(shape)
    if weights is BIAS or weights is KERNEL:
        weights = [theirs.weights[0].numpy(), *weights]
    results = []
    for layer in (ours, theirs):
        layer.set_weights(weights or [])
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
            loss = tf.reduce_sum(outputs**3)
        gradients = tape.gradient(loss, [inputs, *layer.trainable_variables])
        averages = layer.non_trainable_variables
        results.append([outputs, *gradients, *averages, layer(inputs)])
    for mine, keras_own in zip(*results, strict=True):
        assert mine.shape == keras_own.shape
        if weights is None:
            assert np.array_equal(mine, keras_own)
        assert np.allclose(mine, keras_own, rtol=1e-4, atol=2e-4)


def test_batch_normalization_in_bfloat16_keeps_its_statistics_in_float32():
    layer = BatchNormalization(dtype="mixed_bfloat16")
    inputs = 1000 + tf.random.stateless_normal([64, 2], [0, 0])
    outputs = layer(tf.cast(inputs, tf.bfloat16), training=True)
    assert outputs.dtype == tf.bfloat16
    # The mean of what bfloat16 has left of the inputs, to more digits than bfloat16 has.
    rounded = np.asarray(tf.cast(tf.cast(inputs, tf.bfloat16), tf.float64))
    assert np.allclose(layer.moving_mean, 0.01 * rounded.mean(0), rtol=1e-5)
    assert np.allclose(layer.moving_variance, 0.99 + 0.01 * rounded.var(0), rtol=1e-4)


@pytest.mark.parametrize(
    ("rate", "dtype"), [(0.3, "float32"), (0.9, "float32"), (0.3, "mixed_bfloat16")]
)
def test_dropout_drops_its_rate_and_keeps_the_mean(rate, dtype):
    """To less than 1 / 256 of it, on an odd number of activations."""
    layer = Dropout(rate, dtype=dtype, seed=0)
    first, second = (layer(tf.ones([2001, 2003]), training=True) for _ in range(2))
    values = np.asarray(tf.cast(first, tf.float32))
    dropped = (values == 0).mean()
    assert abs(dropped - rate) < 3 * np.sqrt(rate * (1 - rate) / values.size)
    kept = values[values > 0]
    assert kept.max() == kept.min()
    assert abs(kept[0] * (1 - rate) - 1) < (1e-6 if dtype == "float32" else 1 / 256)
    assert not np.array_equal(first, second)
    # Each activation by itself: rows and columns vary as coins do.
    for axis in (0, 1):
        count = values.shape[axis]
        spread = (values == 0).mean(axis).std() / np.sqrt(rate * (1 - rate) / count)
        assert 0.7 < spread < 1.3


def test_dropout_leaves_inference_and_gradients_of_what_is_kept_alone():
    layer = Dropout(0.5)
    inputs = tf.range(1.0, 7.0)
    assert np.array_equal(layer(inputs), inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    assert np.allclose(tape.gradient(outputs, inputs) * inputs, outputs)


def test_a_graph_that_moves_variables_is_freed_with_its_function():
    """Catches the graph of each training, 50 MB, that a process would keep to its end."""
    variable, optimizer = keras.Variable([1.0, 2.0]), Adam(0.1)
    optimizer.build([variable])

    def graph_of_a_training(count):
        for _ in tf.range(count):
            optimizer.apply([tf.ones([2])], [variable])
        return count

    tf.function(graph_of_a_training)(tf.constant(2))
    gc.collect()
    graphs = (o for o in gc.get_objects() if type(o).__name__ == "FuncGraph")
    assert graph_of_a_training.__name__ not in {graph.name for graph in graphs}


def test_an_image_is_told_how_much_its_class_varies():
    """By NumPy, of classes of three, of one and of no images."""
    features = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    labels = np.array([2, 0, 2, 2])
    of_three = features[[0, 2, 3]].std(axis=0).mean()
    alone = np.sqrt(1e-6)
    told = ClassStd(4)(features, labels)[:, 0]
    assert np.allclose(
        told, 10 * np.array([of_three, alone, of_three, of_three]), rtol=1e-4
    )
