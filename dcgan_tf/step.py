"""The train step: the only code under GradientTape."""

from collections.abc import Callable

import tensorflow as tf

from dcgan_tf import losses
from dcgan_tf.config import Config
from dcgan_tf.state import TrainState


def paired(state: TrainState, images, labels, seed) -> losses.Terms:
    """Moves both players once, from one forward pass under two tapes.

    images [B, 28, 28, 1] in [-1, 1], labels [B] int32, seed [2]: of noise and labels.
    Returns each player's loss and its terms before the move, means over the batch.
    """
    gan = state.gan
    noise_seed, label_seed = tf.unstack(tf.random.split(seed))
    noise = gan.draw_noise(tf.shape(images)[0], noise_seed)
    fake_labels = gan.draw_labels(labels, label_seed)
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
    for network, optimizer, tape, terms in (
        (gan.generator, state.generator_optimizer, generator_tape, generator_terms),
        (
            gan.discriminator,
            state.discriminator_optimizer,
            discriminator_tape,
            discriminator_terms,
        ),
    ):
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(terms["loss"], variables), variables)
    return losses.by_player(generator_terms, discriminator_terms)


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

    Everything they leave is in `state`: the players, the step and the sums of the terms.
    """

    @tf.function
    def train_steps(batches, count):
        for _ in tf.range(count):
            images, labels = next(batches)
            seed = tf.stack([config.seed, state.step])
            for name, term in paired(state, images, labels, seed).items():
                state.sums[name].assign_add(term)
            state.step.assign_add(1)
            if config.average_half_life:
                average(state, config.average_half_life, config.batch_size)

    return train_steps
