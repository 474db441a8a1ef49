"""What Keras lacks, or has in a slower form, or that bfloat16 does not suit."""

import keras
import tensorflow as tf
from keras import ops

from dcgan_tf.data import replicas

# So that a .keras file with them is loaded without custom_objects.
serializable = keras.saving.register_keras_serializable("dcgan_tf")


@serializable
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer as one operation of TensorFlow, where Keras's has a dozen.

    [..., C] -> [..., C], in float32 whatever the inputs are (Ioffe & Szegedy 2015).
    Inference and float64 take Keras's way: TensorFlow has no deterministic gradient on a
    GPU for the first, and nothing for the second.  So do several replicas, which normalise
    by the moments of the global batch.
    """

    def call(self, inputs, training=False):
        if not training or inputs.dtype == "float64" or replicas.count() > 1:
            return super().call(inputs, training=training)
        channels = inputs.shape[-1]
        x = tf.reshape(inputs, [tf.shape(inputs)[0], -1, 1, channels])
        scale, offset = map(tf.convert_to_tensor, (self.gamma, self.beta))
        options = {"mean": [], "variance": [], "epsilon": self.epsilon}
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, **options
        )
        count = tf.cast(tf.size(inputs) // channels, tf.float32)
        biased = variance * (count - 1) / count  # which Keras's moving average is of
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, biased)):
            moving.assign(moving * self.momentum + new * (1 - self.momentum))
        return tf.reshape(outputs, tf.shape(inputs))

    def _moments(self, inputs, mask):
        """Returns mean and variance [C] over the global batch, from each replica's."""
        mean, variance = super()._moments(inputs, mask)
        if replicas.count() == 1:
            return mean, variance
        context = tf.distribute.get_replica_context()
        # Summed with zeros in the other replicas' rows: one collective of a known shape.
        index, count = context.replica_id_in_sync_group, replicas.count()
        place = tf.one_hot(index, count, dtype=mean.dtype)
        own = place[:, None, None] * tf.stack([mean, variance])
        means, variances = tf.unstack(context.all_reduce("SUM", own), axis=1)  # [R, C] each
        mean = tf.reduce_mean(means, axis=0)
        return mean, tf.reduce_mean(variances + (means - mean) ** 2, axis=0)


@serializable
class Dropout(keras.layers.Dropout):
    """Keras's layer with 16 random bits an activation, where Keras's draws 32.

    The rate is met to 1 / 65,536; what is kept is scaled (Srivastava et al. 2014).
    """

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        size = tf.size(inputs) * replicas.count()
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        options = {"minval": None, "maxval": None, "dtype": tf.uint32, "alg": "philox"}
        words = tf.random.stateless_uniform([(size + 1) // 2], seed, **options)
        bits = tf.reshape(tf.bitcast(words, tf.uint16), [-1])[:size]
        bits = replicas.own_rows(tf.reshape(bits, [-1, *inputs.shape[1:]]))
        kept = bits >= tf.constant(round(self.rate * 2**16), tf.uint16)
        return inputs * (tf.cast(kept, inputs.dtype) * (1 / (1 - self.rate)))


@serializable
class BiasDense(keras.layers.Dense):
    """Keras's layer, with a bias whose gradient is right in bfloat16 as well.

    On a CPU TensorFlow sums that of Keras's BiasAdd in the type of the outputs: 12,800
    eighths come to 32 in bfloat16, not to 1,600.
    """

    def call(self, inputs, training=None):
        return self.activation(ops.matmul(inputs, self.kernel) + self.bias)


@serializable
class BiasConv2D(keras.layers.Conv2D):
    """Keras's layer, with a bias as in `BiasDense`, for channels that come last."""

    def call(self, inputs):
        return self.activation(self.convolution_op(inputs, self.kernel) + self.bias)


@serializable
class BiasConv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras's layer, with a bias as in `BiasDense`, for channels that come last."""

    def call(self, inputs):
        options = (self.kernel, self.strides, self.padding, None, "channels_last")
        return self.activation(ops.conv_transpose(inputs, *options) + self.bias)


@serializable
class MaxoutDense(keras.layers.Layer):
    """The largest of k linear maps (Goodfellow et al. 2013): [B, inputs] -> [B, units].

    max over k of x . W[:, :, k] + b[:, k], with W and b both drawn from N(0, 0.02).
    """

    def __init__(self, units: int, k: int, **kwargs):
        super().__init__(**kwargs)
        self.units, self.k = units, k

    def build(self, input_shape):
        shape = (input_shape[-1], self.units, self.k)
        normals = [keras.initializers.RandomNormal(stddev=0.02) for _ in range(2)]
        self.kernel = self.add_weight(shape, normals[0], name="kernel")
        self.bias = self.add_weight(shape[1:], normals[1], name="bias")

    def call(self, inputs):
        return ops.max(ops.tensordot(inputs, self.kernel, axes=1) + self.bias, axis=-1)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "k": self.k}


@serializable
class UpSampling2D(keras.layers.UpSampling2D):
    """Keras's layer, in shapes that are known: [B, H, W, C] -> [B, 2 H, 2 W, C].

    After Keras's TensorFlow knows no height and width, and LiteRT has no convolution then.
    """

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        x = ops.tile(ops.expand_dims(inputs, 2), (1, 1, 2, 1, 1))
        x = ops.reshape(x, (-1, 2 * height, width, channels))
        x = ops.tile(ops.expand_dims(x, 3), (1, 1, 1, 2, 1))
        return ops.reshape(x, (-1, 2 * height, 2 * width, channels))


@serializable
class SubpixelConv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras's layer of 2x2 kernels in strides of 2, by a product of matrices.

    [B, H, W, C] -> [B, 2 H, 2 W, filters]: each pixel becomes a square by itself, as in the
    sub-pixel convolution of Shi et al. 2016.
    """

    def __init__(self, filters, **kwargs):
        kwargs |= {"kernel_size": 2, "strides": 2, "use_bias": False}
        super().__init__(filters, **kwargs)

    def call(self, inputs):
        kernel = ops.transpose(self.kernel, (3, 0, 1, 2))
        squares = ops.matmul(inputs, ops.reshape(kernel, (inputs.shape[-1], -1)))
        return tf.nn.depth_to_space(squares, 2)


@serializable
class ClassStd(keras.layers.Layer):
    """How much the features of a class vary in the batch: [B, F], labels [B] -> [B, 1].

    The minibatch standard deviation (Karras et al. 2018, section 3) of each class by
    itself: an image is given ten times its class's mean over the features, so that it is
    heard as early as they are.  Several replicas have that of the global batch.
    """

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, features, labels):
        # Of several batches that are joined each has its own.
        batches = replicas.batches()
        batch = tf.range(tf.size(labels)) * batches // tf.size(labels)
        groups = batch * self.classes + tf.cast(labels, tf.int32)
        members = tf.one_hot(groups, batches * self.classes, dtype=features.dtype)

        def sums(values):  # [B, F] -> [classes, F]
            return replicas.total(tf.matmul(members, values, transpose_a=True))

        count = tf.maximum(sums(tf.ones_like(features[:, :1])), 1)
        means = tf.matmul(members, sums(features) / count)
        variances = sums((features - means) ** 2) / count
        # The square root has no gradient at 0, where a class has one image.
        deviations = tf.reduce_mean(tf.sqrt(variances + 1e-6), axis=1, keepdims=True)
        return tf.matmul(members, 10 * deviations)

    def compute_output_shape(self, features_shape, labels_shape):
        return features_shape[0], 1  # without a replica, which building has none of

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}


# Which of three rows (above, same, below) each of the five taps of a kernel falls on.
EVEN_ROWS = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
ODD_ROWS = [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]


@serializable
class UpsampledConv2D(keras.layers.Layer):
    """UpSampling2D(2), then Conv2D(filters, 5, padding="same").

    [B, H, W, C] -> [B, 2 H, 2 W, filters].  The five rows that an output row sees are
    copies of three, so the pair is four 3x3 convolutions of the small image, one for each
    parity of row and column: the same function of the same weights, with 36
    multiplications where there were 100.
    """

    def __init__(self, filters, activation=None, kernel_initializer=None, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.activation = keras.activations.get(activation)
        initializer = kernel_initializer or "glorot_uniform"
        self.kernel_initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        shape = (5, 5, input_shape[-1], self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        taps = ops.convert_to_tensor([EVEN_ROWS, ODD_ROWS], self.kernel.dtype)
        phases = ops.einsum("aph,bqw,hwio->pqiabo", taps, taps, self.kernel)
        kernel = ops.reshape(phases, (3, 3, channels, 4 * self.filters))
        # [B, H, W, (parities, F)]
        x = ops.conv(inputs, kernel, padding="same", data_format="channels_last")
        x = ops.reshape(x, (-1, height, width, 2, 2, self.filters))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        x = ops.reshape(x, (-1, 2 * height, 2 * width, self.filters))
        return self.activation(x + self.bias)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


class Adam(keras.optimizers.Adam):
    """Keras's Adam as one pass over a variable, where Keras's makes a dozen.

    Kingma & Ba 2015, algorithm 1, in the order of operations that section 2 ends with.
    """

    def update_step(self, gradient, variable, learning_rate):
        numbers = self.iterations + 1, self.beta_1, self.beta_2, learning_rate, self.epsilon
        completed, beta_1, beta_2, rate, epsilon = (
            tf.cast(number, variable.dtype) for number in numbers
        )
        place = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(beta_1, completed),
            beta2_power=tf.pow(beta_2, completed),
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=tf.convert_to_tensor(gradient),
        )

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """TensorFlow's sum registers a gradient, which keeps its graph for good."""
        if replicas.count() == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)
