"""TrainState: everything a run must remember."""

import dataclasses
import hashlib

import keras
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.data.augment import next_probability
from dcgan_tf.gans.build import build
from dcgan_tf.gans.gan import PENALTIES, Gan, prefix_terms
from dcgan_tf.losses.adversarial import Terms
from dcgan_tf.models.layers import Adam
from dcgan_tf.runs import checkpoint, manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors


@dataclasses.dataclass(frozen=True)
class TrainState:
    """Players, optimizers and counters of a run; `checkpoint()` is exactly this.

    step:       batches of real images trained on, int64
    epoch:      whole epochs completed, int64
    term_sums:  of each term since the last log entry, float32, by name
    term_steps: the steps in them, int64
    augment_probability: of an augmentation, float32; None where none has a probability
    strategy:   of tf.distribute; players and optimizers have a copy on each of its devices,
                and the counters are this process's
    """

    gan: Gan
    generator_optimizer: keras.Optimizer
    discriminator_optimizer: keras.Optimizer
    step: tf.Variable
    epoch: tf.Variable
    term_sums: dict[str, tf.Variable]
    term_steps: tf.Variable
    strategy: tf.distribute.Strategy
    augment_probability: tf.Variable | None = None

    @classmethod
    def create(
        cls, config: Config, strategy: tf.distribute.Strategy | None = None
    ) -> "TrainState":
        """Returns a new run's state, on one device or those of a `strategy`."""
        strategy = strategy or tf.distribute.get_strategy()
        betas = {"beta_1": config.beta_1, "beta_2": config.beta_2}
        with strategy.scope():
            gan = build(config)
            generator_optimizer = Adam(config.learning_rate, **betas)
            discriminator_optimizer = Adam(config.discriminator_learning_rate, **betas)
            # Their slots must exist before a restore, which otherwise could not be strict.
            generator_optimizer.build(gan.generator.trainable_variables)
            discriminator_optimizer.build(gan.discriminator.trainable_variables)
        return cls(
            gan,
            generator_optimizer,
            discriminator_optimizer,
            step=tf.Variable(0, dtype=tf.int64, name="step"),
            epoch=tf.Variable(0, dtype=tf.int64, name="epoch"),
            term_sums={name: tf.Variable(0.0, name=name) for name in term_names(gan)},
            term_steps=tf.Variable(0, dtype=tf.int64, name="term_steps"),
            strategy=strategy,
            augment_probability=tf.Variable(0.0) if config.augment_target else None,
        )

    def checkpoint(self) -> tf.train.Checkpoint:
        """Returns what is saved and restored.

        Keras keeps the state of its dropout layers from TensorFlow's tracking, so it is
        named here: without it, a resumed run would repeat the first epoch's masks.
        """
        networks = (self.gan.generator, self.gan.discriminator)
        tracked = {id(weight) for network in networks for weight in network.weights}
        variables = [v for network in networks for v in network.variables]
        return tf.train.Checkpoint(
            **self._augmentation(),
            generator=self.gan.generator,
            discriminator=self.gan.discriminator,
            ema_generator=self.gan.ema_generator,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            step=self.step,
            epoch=self.epoch,
            term_sums=self.term_sums,
            term_steps=self.term_steps,
            dropout=[v.value for v in variables if id(v) not in tracked],
        )

    def _augmentation(self) -> dict[str, tf.Variable]:
        """Returns the state of the augmentation by its name; {} where it has none."""
        variable = self.augment_probability
        return {} if variable is None else {"augment_probability": variable}

    def settle_augmentation(self, config: Config, means) -> None:
        """Sets how often the next step augments images, by the means of a step's terms."""
        if not config.augment_target:
            return
        kind = "" if self.gan.adversarial_loss.needs_pair else "_real"
        name = f"discriminator/adversarial_accuracy{kind}"
        accuracy = means[list(self.term_sums).index(name)]
        numbers = config.augment_target, config.batch_size
        probability = next_probability(self.augment_probability, accuracy, *numbers)
        self.augment_probability.assign(probability)

    def means(self) -> dict[str, float]:
        """Returns the mean of each term since the last log entry; {} right after it."""
        steps, sums = int(self.term_steps), self.term_sums.items()
        return {name: float(total) / steps for name, total in sums if steps}

    def take_means(self) -> dict[str, float]:
        """Returns the mean terms since the last call, and resets their sums.

        The probability of an augmentation is beside them, as it is now.
        """
        augmentation = {n: float(value) for n, value in self._augmentation().items()}
        means = self.means() | augmentation
        for variable in (self.term_steps, *self.term_sums.values()):
            variable.assign(tf.zeros_like(variable))
        return means

    def size(self) -> int:
        """Returns the bytes that a checkpoint takes, but for some names."""
        variables = self._variables().values()
        return sum(v.shape.num_elements() * v.dtype.size for v in variables)

    def sha256(self) -> str:
        """Returns the hash of all values that a checkpoint holds, whatever their names."""
        counters = self.step, self.epoch, *self.term_sums.values(), self.term_steps
        digest = hashlib.sha256()
        counters = *counters, *self._augmentation().values()
        for variable in (*self._variables().values(), *counters):
            digest.update(tf.convert_to_tensor(variable).numpy())
        return digest.hexdigest()

    def first_not_finite(self) -> str | None:
        """Returns the name of a variable that holds NaN or Inf; None where none does."""
        for name, v in self._variables().items():
            if v.dtype.is_floating and not tf.reduce_all(tf.math.is_finite(v)):
                return name
        return None

    def _variables(self) -> dict[str, tf.Variable]:
        owners = {
            "generator": self.gan.generator,
            "discriminator": self.gan.discriminator,
            "generator's Adam": self.generator_optimizer,
            "discriminator's Adam": self.discriminator_optimizer,
        }
        if self.gan.ema_generator is not self.gan.generator:
            owners["generator's EMA"] = self.gan.ema_generator
        return {
            f"{v.path} of the {name}": v.value
            for name, owner in owners.items()
            for v in owner.variables
        }


def term_names(gan: Gan) -> list[str]:
    """Returns the names of all terms, as a step returns them."""
    images = tf.zeros([1, *gan.discriminator.inputs[0].shape[1:]], keras.config.floatx())
    labels = tf.zeros([1], tf.int32)
    output = gan.discriminate(images, labels, training=False)
    penalties: Terms = {}
    for penalty in PENALTIES:
        penalties |= gan.penalty_term(images, labels, penalty)
    terms = prefix_terms(
        generator=gan.generator_terms(output, output, labels),
        discriminator=gan.discriminator_terms(output, labels, output, labels, penalties),
    )
    return list(terms)


def save_state(state: TrainState, run: Run, kind: str, **options) -> None:
    """Saves a state whole, by `checkpoint.save`; RunError if the disk refuses."""
    try:
        checkpoint.save(state.checkpoint(), run, kind=kind, **options)
    except (tf.errors.OpError, OSError) as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)
        raise errors.RunError(
            f"{run.checkpoints / manifest.name(kind, int(state.step))} could not be saved: "
            f"{reason}; it needs {state.size() / 1e6:.0f} MB; {run.what_is_left()}"
        ) from error
