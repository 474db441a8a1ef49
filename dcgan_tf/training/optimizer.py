"""Adam as one pass over a variable."""

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """Keras's Adam as one pass over a variable, where Keras's makes a dozen.

    Kingma & Ba 2015, algorithm 1, in the order of operations that section 2 ends with.
    """

    def update_step(self, gradient, variable, learning_rate):
        completed = tf.cast(self.iterations + 1, variable.dtype)
        place = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), completed),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), completed),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.convert_to_tensor(gradient),
        )


def adam(network: keras.Model, rate: float, beta_1: float, beta_2: float) -> Adam:
    """Returns Adam of a network's trainable variables."""
    optimizer = Adam(rate, beta_1=beta_1, beta_2=beta_2)
    # Its slots must exist before a restore, which otherwise could not be strict.
    optimizer.build(network.trainable_variables)
    return optimizer
