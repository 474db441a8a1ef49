import numpy as np

from dcgan_tf.layers import MaxoutDense


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
