"""Layers that Keras lacks."""

import keras
from keras import ops


class MaxoutDense(keras.layers.Layer):
    """The largest of k linear maps: [B, inputs] -> [B, units].

    max over k of x . W[:, :, k] + b[:, k] (Goodfellow et al. 2013, equation 2), with W
    and b both drawn from N(0, 0.02).
    """

    def __init__(self, units: int, k: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.k = k

    def build(self, input_shape):
        def weight(name, shape):
            normal = keras.initializers.RandomNormal(stddev=0.02)
            return self.add_weight(name=name, shape=shape, initializer=normal)

        self.kernel = weight("kernel", (input_shape[-1], self.units, self.k))
        self.bias = weight("bias", (self.units, self.k))

    def call(self, inputs):
        return ops.max(ops.tensordot(inputs, self.kernel, axes=1) + self.bias, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)
