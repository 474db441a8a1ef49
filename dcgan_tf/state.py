"""TrainState: everything a run must remember."""

import dataclasses

import keras
import tensorflow as tf

from dcgan_tf import gans
from dcgan_tf.config import Config


@dataclasses.dataclass(frozen=True)
class TrainState:
    """Players, optimizers and counters of a run; `checkpoint()` is exactly this.

    step:   batches of real images trained on, int64
    epoch:  whole epochs done, int64
    sums:   of each term since the last row of metrics.jsonl, float32, by name
    summed: the steps in them, int64
    """

    gan: gans.Gan
    generator_optimizer: keras.Optimizer
    discriminator_optimizer: keras.Optimizer
    step: tf.Variable
    epoch: tf.Variable
    sums: dict[str, tf.Variable]
    summed: tf.Variable

    def checkpoint(self) -> tf.train.Checkpoint:
        """What is saved and restored.

        Keras keeps the state of its dropout layers from TensorFlow's tracking, so it is
        named here: without it, a resumed run would repeat the first epoch's masks.
        """
        networks = (self.gan.generator, self.gan.discriminator)
        return tf.train.Checkpoint(
            generator=self.gan.generator,
            discriminator=self.gan.discriminator,
            drawn=self.gan.drawn,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            step=self.step,
            epoch=self.epoch,
            sums=self.sums,
            summed=self.summed,
            dropout=[seed for network in networks for seed in _untracked(network)],
        )

    def size(self) -> int:
        """The bytes that a checkpoint takes, but for some names."""
        variables = self._variables().values()
        return sum(v.shape.num_elements() * v.dtype.size for v in variables)

    def first_not_finite(self) -> str | None:
        """The name of a variable that holds what is no number; None where all are."""
        for name, variable in self._variables().items():
            if variable.dtype.is_floating and not tf.reduce_all(
                tf.math.is_finite(variable)
            ):
                return name
        return None

    def _variables(self) -> dict[str, tf.Variable]:
        gan = self.gan
        owners = {
            "generator": gan.generator,
            "discriminator": gan.discriminator,
            "generator's Adam": self.generator_optimizer,
            "discriminator's Adam": self.discriminator_optimizer,
        }
        if gan.drawn is not gan.generator:
            owners["averaged generator"] = gan.drawn
        return {
            f"{v.path} of the {name}": v.value
            for name, owner in owners.items()
            for v in owner.variables
        }


class Adam(keras.optimizers.Adam):
    """Keras's Adam as one pass over a variable, where Keras's makes a dozen.

    Kingma & Ba 2015, algorithm 1, in the order of operations that section 2 ends with.
    """

    def update_step(self, gradient, variable, learning_rate):
        done = tf.cast(self.iterations + 1, variable.dtype)
        place = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), done),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), done),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.convert_to_tensor(gradient),
        )


def create(config: Config) -> TrainState:
    """A new run's state.  Sets the global seeds of Keras, NumPy and Python."""
    keras.utils.set_random_seed(config.seed)
    gan = gans.build(config)
    return TrainState(
        gan=gan,
        generator_optimizer=_adam(gan.generator, config.learning_rate, config.beta_1),
        discriminator_optimizer=_adam(
            gan.discriminator, config.discriminator_learning_rate, config.beta_1
        ),
        step=tf.Variable(0, dtype=tf.int64, name="step"),
        epoch=tf.Variable(0, dtype=tf.int64, name="epoch"),
        sums={name: tf.Variable(0.0, name=name) for name in gan.term_names()},
        summed=tf.Variable(0, dtype=tf.int64, name="summed"),
    )


def _adam(network: keras.Model, rate: float, beta_1: float) -> keras.Optimizer:
    optimizer = Adam(rate, beta_1=beta_1)
    # Its slots must exist before a restore, which otherwise could not be strict.
    optimizer.build(network.trainable_variables)
    return optimizer


def _untracked(network: keras.Model) -> list[tf.Variable]:
    weights = {id(weight) for weight in network.weights}
    return [v.value for v in network.variables if id(v) not in weights]
