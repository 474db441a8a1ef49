import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.layers import MaxoutDense, UpsampledConv2D


def test_maxout_is_the_largest_of_k_linear_maps():
    layer = MaxoutDense(units=2, k=3)
    inputs = np.array([[1.0, -2.0]], np.float32)
    layer.build(inputs.shape)
    kernel = np.arange(12, dtype=np.float32).reshape(2, 2, 3) - 5
    bias = np.array([[0, 0, 9], [30, 0, 0]], np.float32)
    layer.set_weights([kernel, bias])
    # Unit 0: 1*(-5,-4,-3) - 2*(1,2,3) + (0,0,9) = (-7,-8,0)
    # Unit 1: 1*(-2,-1,0) - 2*(4,5,6) + (30,0,0) = (20,-11,-12)
    assert layer(inputs).numpy().tolist() == [[0.0, 20.0]]


def test_maxout_weights_are_small_normals():
    layer = MaxoutDense(units=100, k=5)
    layer.build((None, 100))
    for weight in layer.get_weights():
        assert abs(weight.std() / 0.02 - 1) < 0.2


def test_an_upsampled_convolution_is_upsampling_and_a_convolution():
    """Forward and backward, borders included, against Keras's own two layers."""
    ours = UpsampledConv2D(3, "tanh")
    theirs = keras.Sequential(
        [
            keras.layers.UpSampling2D(),
            keras.layers.Conv2D(3, 5, padding="same", activation="tanh"),
        ]
    )
    inputs = tf.random.stateless_normal([2, 4, 5, 6], [0, 0])
    theirs.build(inputs.shape)
    ours.build(inputs.shape)
    ours.set_weights([theirs.weights[0].numpy(), np.array([0.1, -0.2, 0.3])])
    theirs.set_weights(ours.get_weights())
    results = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            loss = tf.reduce_sum(outputs**3)
        gradients = tape.gradient(loss, [inputs, *layer.trainable_variables])
        results.append([outputs, *gradients])
    for mine, keras_own in zip(*results, strict=True):
        assert mine.shape == keras_own.shape
        assert np.allclose(mine, keras_own, atol=2e-5)
