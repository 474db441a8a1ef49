"""The training step: how the players move.

An update computes a replica's rows of the batch; the players move by the gradients of the
global batch.  With one device they are the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.data import replicas
from dcgan_tf.gans.gan import Gan
from dcgan_tf.losses.terms import Terms, prefix_terms
from dcgan_tf.training.train_state import TrainState


class FakeInputs(NamedTuple):
    """What a batch of fakes is made of.

    latents: [B, Z]; labels: [B]; seed: [2], of their augmentation
    """

    latents: tf.Tensor
    labels: tf.Tensor
    seed: tf.Tensor


def draw(gan: Gan, config: Config, labels, seed) -> list[FakeInputs]:
    """Of one update's fakes, beside real images with `labels` [B]; seed [2] decides."""
    if config.update_rule == "paired":
        return [FakeInputs(*_sample(gan, labels, seed), seed)]
    seeds = tf.unstack(tf.random.split(seed, alg="philox"))
    first = FakeInputs(*_sample(gan, labels, seeds[0]), seeds[0])
    if not config.resample_latents:
        return [first, first._replace(seed=seeds[1])]
    many = tf.repeat(labels, config.g_batch_multiplier)
    return [first, FakeInputs(*_sample(gan, many, seeds[1]), seeds[1])]


def paired(
    state: TrainState,
    config: Config,
    images,
    labels,
    inputs: Sequence[FakeInputs],
    penalty_share: tf.Tensor | float | None = 1.0,
) -> Terms:
    """Moves both players once, from one forward pass under two tapes.

    images [B, H, W, C] in [-1, 1], labels [B] int32, inputs: of `draw`; penalty_share: what
    is left of the gradient penalties' weights, None for a step without penalties.
    Returns each player's loss and its terms before the move, means over the batch.
    """
    gan, steps = state.gan, _penalised_steps(config, penalty_share)
    latents, fake_labels, seed = inputs[0]
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        fakes = gan.generator([latents, fake_labels], training=True)
        fakes = _augmented(gan, fakes, seed)
        # Two calls, not one of both: BatchNorm and dropout see real and fake apart.
        real, r1 = gan.discriminate_and_penalise(images, labels, "r1_penalty", steps)
        fake, r2 = gan.discriminate_and_penalise(fakes, fake_labels, "r2_penalty", steps)
        generator_terms = gan.generator_terms(real, fake, fake_labels)
        discriminator_terms = gan.discriminator_terms(
            real, labels, fake, fake_labels, r1 | r2, penalty_share
        )
    _move(gan.generator, state.generator_optimizer, generator_tape, generator_terms)
    _move(
        gan.discriminator,
        state.discriminator_optimizer,
        discriminator_tape,
        discriminator_terms,
    )
    return prefix_terms(generator=generator_terms, discriminator=discriminator_terms)


def alternating(
    state: TrainState,
    config: Config,
    images,
    labels,
    inputs: Sequence[FakeInputs],
    penalty_share: tf.Tensor | float | None = 1.0,
) -> Terms:
    """Moves the discriminator, then the generator against it, as the Keras examples do.

    Arguments and result are those of `paired`.
    """
    gan = state.gan
    latents, fake_labels, seed = inputs[0]
    fakes = gan.generator(
        [latents, fake_labels], training=config.d_step_batchnorm == "training"
    )
    fakes = _augmented(gan, fakes, seed)
    update = DISCRIMINATOR_UPDATES[config.discriminator_update]
    discriminator_terms = update(
        state, config, images, labels, fakes, fake_labels, penalty_share
    )

    latents, fake_labels, seed = inputs[1]
    # The discriminator's BatchNorm is in training mode here, but its moving averages stay
    # those of its own updates (Keras 2.1's behaviour when frozen).
    averages = gan.discriminator.non_trainable_weights
    before = [tf.identity(average) for average in averages]
    with tf.GradientTape() as tape:
        fakes = gan.generator([latents, fake_labels], training=True)
        fakes = _augmented(gan, fakes, seed)
        real = None
        if gan.adversarial_loss.needs_pair:
            real = gan.discriminate(images, labels, training=True)
        fake = gan.discriminate(fakes, fake_labels, training=True)
        generator_terms = gan.generator_terms(real, fake, fake_labels)
    for average, value in zip(averages, before, strict=True):
        average.assign(value)
    _move(gan.generator, state.generator_optimizer, tape, generator_terms)
    return prefix_terms(generator=generator_terms, discriminator=discriminator_terms)


def _mixed(
    state: TrainState, config: Config, images, labels, fakes, fake_labels, penalty_share
) -> Terms:
    """One step of the discriminator on real images and fakes in one batch."""
    gan, steps = state.gan, _penalised_steps(config, penalty_share)
    both = tf.concat([images, fakes], 0), tf.concat([labels, fake_labels], 0)
    with tf.GradientTape() as tape, replicas.joined(2):
        real, fake = gan.discriminate(*both, training=True).halves()
        penalties = gan.penalty_term(images, labels, "r1_penalty", steps)
        penalties |= gan.penalty_term(fakes, fake_labels, "r2_penalty", steps)
        terms = gan.discriminator_terms(
            real, labels, fake, fake_labels, penalties, penalty_share
        )
    _move(gan.discriminator, state.discriminator_optimizer, tape, terms)
    return terms


def _separate(
    state: TrainState, config: Config, images, labels, fakes, fake_labels, penalty_share
) -> Terms:
    """A step of the discriminator on the real batch, then one on the fakes.

    Its loss is reported as the mean of the two.
    """
    gan, steps = state.gan, _penalised_steps(config, penalty_share)
    with tf.GradientTape() as tape:
        real, r1 = gan.discriminate_and_penalise(images, labels, "r1_penalty", steps)
        real_terms = gan.discriminator_terms(real, labels, None, None, r1, penalty_share)
    _move(gan.discriminator, state.discriminator_optimizer, tape, real_terms)
    with tf.GradientTape() as tape:
        fake, r2 = gan.discriminate_and_penalise(fakes, fake_labels, "r2_penalty", steps)
        fake_terms = gan.discriminator_terms(
            None, None, fake, fake_labels, r2, penalty_share
        )
    _move(gan.discriminator, state.discriminator_optimizer, tape, fake_terms)
    loss = (real_terms["loss"] + fake_terms["loss"]) / 2
    return {**real_terms, **fake_terms, "loss": loss}


DISCRIMINATOR_UPDATES = {"mixed": _mixed, "separate": _separate}
UPDATE_RULES = {"paired": paired, "alternating": alternating}


def update(state: TrainState, config: Config, images, labels, seed) -> Terms:
    """One update by the config's rule, of fakes that are drawn by seed [2]."""
    inputs = draw(state.gan, config, labels, seed)
    return UPDATE_RULES[config.update_rule](state, config, images, labels, inputs)


def _penalised_steps(config: Config, penalty_share: tf.Tensor | float | None) -> int:
    """For how many steps the penalties of a step stand; 0: it has none."""
    return 0 if penalty_share is None else config.r1_interval


def _sample(gan: Gan, labels, seed) -> tuple[tf.Tensor, tf.Tensor]:
    """Latents and classes for as many fakes as there are labels."""
    latent_seed, label_seed = tf.unstack(tf.random.split(seed, alg="philox"))
    latents = gan.sample_latents(tf.shape(labels)[0], latent_seed)
    return latents, gan.sample_labels(labels, label_seed)


def _augmented(gan: Gan, fakes: tf.Tensor, seed) -> tf.Tensor:
    """With draws other than those of the latents, and of the real images' augmentation."""
    seed = tf.random.experimental.stateless_fold_in(seed, 2, alg="philox")
    return gan.augment_fakes(fakes, seed)


def _move(network: keras.Model, optimizer: keras.Optimizer, tape, terms: Terms) -> None:
    """By the mean of the replicas' gradients: the optimizer adds them up."""
    variables = network.trainable_variables
    loss = terms["loss"]
    share = tf.constant(1 / replicas.count(), loss.dtype)
    gradients = tape.gradient(loss, variables, output_gradients=share)
    # Dense, an embedding's too, so that all are added up in one collective.  A twin has
    # none in a step on real images alone.
    moved = [
        (tf.convert_to_tensor(gradient), variable)
        for gradient, variable in zip(gradients, variables, strict=True)
        if gradient is not None
    ]
    optimizer.apply(*zip(*moved, strict=True))


def update_ema(
    state: TrainState,
    half_life: int,
    batch_size: int,
    warm_up: bool = True,
    interval: int = 1,
) -> None:
    """Moves the EMA generator's weights towards the generator's, for `interval` steps.

    `state.step` does not count the last of them yet.

    A weight counts half after `half_life` images (Karras et al. 2018, section 4.1); with
    `warm_up` shorter at first, so that random weights are soon forgotten.
    """
    decay = tf.constant(0.5 ** (batch_size / half_life))
    if warm_up:
        completed = tf.cast(state.step + 1, tf.float32)
        decay = tf.minimum(decay, (1.0 + completed) / (10.0 + completed))
    decay **= interval
    pairs = zip(state.gan.ema_generator.weights, state.gan.generator.weights, strict=True)
    for slow, fast in pairs:
        slow.assign(fast + tf.cast(decay, fast.dtype) * (slow - fast))
