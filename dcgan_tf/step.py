"""The train steps: how the players move."""

from collections.abc import Callable

import keras
import tensorflow as tf

from dcgan_tf import losses
from dcgan_tf.config import Config
from dcgan_tf.gans import Gan
from dcgan_tf.state import TrainState


def paired(state: TrainState, config: Config, images, labels, seed) -> losses.Terms:
    """Moves both players once, from one forward pass under two tapes.

    images [B, 28, 28, 1] in [-1, 1], labels [B] int32, seed [2]: of noise and labels.
    Returns each player's loss and its terms before the move, means over the batch.
    """
    del config
    gan = state.gan
    noise, fake_labels = _draw(gan, labels, seed)
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        fakes = gan.generator([noise, fake_labels], training=True)
        # Two calls, not one of both: normalisation and dropout see real and fake apart.
        real = gan.discriminator([images, labels], training=True)
        fake = gan.discriminator([fakes, fake_labels], training=True)
        generator_terms = gan.generator_loss(fake, fake_labels)
        discriminator_terms = losses.together(
            real=gan.real_loss(real, labels),
            fake=gan.fake_loss(fake, fake_labels),
            **gan.penalties(images, labels),
        )
    _move(gan.generator, state.generator_optimizer, generator_tape, generator_terms)
    _move(
        gan.discriminator,
        state.discriminator_optimizer,
        discriminator_tape,
        discriminator_terms,
    )
    return losses.by_player(generator_terms, discriminator_terms)


def alternating(state: TrainState, config: Config, images, labels, seed) -> losses.Terms:
    """Moves the discriminator, then the generator against it, as the Keras examples do.

    Arguments and result are those of `paired`.
    """
    gan = state.gan
    seeds = tf.random.split(seed)
    noise, fake_labels = _draw(gan, labels, seeds[0])
    fakes = gan.generator(
        [noise, fake_labels], training=config.discriminator_fakes == "training"
    )
    update = DISCRIMINATOR_UPDATES[config.discriminator_update]
    discriminator_terms = update(state, images, labels, fakes, fake_labels)

    if config.generator_noise == "fresh":
        many = tf.repeat(labels, config.generator_batches)
        noise, fake_labels = _draw(gan, many, seeds[1])
    # The discriminator judges by its batch here, and learns nothing of it: its moving
    # averages stay those of its own updates (Keras 2.1's behaviour when frozen).
    averages = gan.discriminator.non_trainable_weights
    before = [tf.identity(average) for average in averages]
    with tf.GradientTape() as tape:
        fakes = gan.generator([noise, fake_labels], training=True)
        fake = gan.discriminator([fakes, fake_labels], training=True)
        generator_terms = gan.generator_loss(fake, fake_labels)
    for average, value in zip(averages, before, strict=True):
        average.assign(value)
    _move(gan.generator, state.generator_optimizer, tape, generator_terms)
    return losses.by_player(generator_terms, discriminator_terms)


def _mixed(state: TrainState, images, labels, fakes, fake_labels) -> losses.Terms:
    """One step of the discriminator on real and fake images in one batch."""
    gan = state.gan
    both = [tf.concat([images, fakes], 0), tf.concat([labels, fake_labels], 0)]
    with tf.GradientTape() as tape:
        verdict = gan.discriminator(both, training=True)
        real, fake = (
            tf.nest.map_structure(lambda part, half=half: tf.split(part, 2)[half], verdict)
            for half in (0, 1)
        )
        terms = losses.together(
            real=gan.real_loss(real, labels),
            fake=gan.fake_loss(fake, fake_labels),
            **gan.penalties(images, labels),
        )
    _move(gan.discriminator, state.discriminator_optimizer, tape, terms)
    return terms


def _separate(state: TrainState, images, labels, fakes, fake_labels) -> losses.Terms:
    """A step of the discriminator on the real batch, then one on the fakes.

    Its loss is told as the mean of the two.
    """
    gan = state.gan
    with tf.GradientTape() as tape:
        real = losses.together(
            real=gan.real_loss(gan.discriminator([images, labels], training=True), labels),
            **gan.penalties(images, labels),
        )
    _move(gan.discriminator, state.discriminator_optimizer, tape, real)
    with tf.GradientTape() as tape:
        verdict = gan.discriminator([fakes, fake_labels], training=True)
        fake = losses.together(fake=gan.fake_loss(verdict, fake_labels))
    _move(gan.discriminator, state.discriminator_optimizer, tape, fake)
    return {**real, **fake, "loss": (real["loss"] + fake["loss"]) / 2}


DISCRIMINATOR_UPDATES = {"mixed": _mixed, "separate": _separate}
SCHEDULES = {"paired": paired, "alternating": alternating}


def _draw(gan: Gan, labels, seed) -> tuple[tf.Tensor, tf.Tensor]:
    """Noise and classes for as many fakes as there are labels."""
    noise_seed, label_seed = tf.unstack(tf.random.split(seed))
    noise = gan.draw_noise(tf.shape(labels)[0], noise_seed)
    return noise, gan.draw_labels(labels, label_seed)


def _move(network: keras.Model, optimizer: keras.Optimizer, tape, terms) -> None:
    variables = network.trainable_variables
    optimizer.apply(tape.gradient(terms["loss"], variables), variables)


def average(state: TrainState, half_life: int, batch_size: int) -> None:
    """Moves the drawn generator's weights towards the generator's.

    A running average in which a weight counts half after `half_life` images (Karras et
    al. 2018, section 4.1); shorter at first, so that the start is soon forgotten.
    """
    done = tf.cast(state.step, tf.float32)
    decay = tf.minimum(0.5 ** (batch_size / half_life), (1.0 + done) / (10.0 + done))
    pairs = zip(state.gan.drawn.weights, state.gan.generator.weights, strict=True)
    for slow, fast in pairs:
        slow.assign(fast + decay * (slow - fast))


def make_train_steps(state: TrainState, config: Config) -> Callable:
    """`train_steps(batches, count)`: `count` steps in one call, on the iterator's batches.

    Returns the step that it has reached.
    Everything they leave is in `state`: the players, the step and the sums of the terms.
    """
    update = SCHEDULES[config.schedule]

    @tf.function
    def train_steps(batches, count):
        for _ in tf.range(count):
            images, labels = next(batches)
            seed = tf.stack([config.seed, state.step])
            for name, term in update(state, config, images, labels, seed).items():
                state.sums[name].assign_add(term)
            state.summed.assign_add(1)
            state.step.assign_add(1)
            if config.average_half_life:
                average(state, config.average_half_life, config.batch_size)
        return state.step.read_value()

    return train_steps
