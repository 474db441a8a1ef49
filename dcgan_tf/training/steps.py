"""The training step, top to bottom: what is due, both tapes, both moves, EMA, sums.

An update computes a replica's rows of the batch; the players move by the gradients of the
global batch.  With one device they are the same.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.data import replicas
from dcgan_tf.gans.gan import Gan
from dcgan_tf.losses.terms import Terms, prefix_terms
from dcgan_tf.training.train_state import TrainState


def make_train_steps(
    state: TrainState,
    config: Config,
    *,
    trained_before: bool = False,
    jit_compile: bool = False,
) -> Callable:
    """Returns `train_steps(batches, count)`: `count` steps in one call.

    It takes the batches of an iterator, and returns the step that it has reached.
    Everything the steps leave is in `state`: players, optimizers, step, sums of the terms.
    A step runs on every device of the state's strategy.

    trained_before: whether the run began with weights of another run, whose EMA is kept
    jit_compile: compile the update by XLA; what is drawn for it is drawn outside, because
                 XLA's normal numbers are others
    """
    compiled = functools.partial(update, state, config)
    if jit_compile:
        compiled = tf.function(compiled, jit_compile=True)

    def replica_step(images, labels, seed, penalty_share, penalised):
        images, labels = replicas.own_rows(images), replicas.own_rows(labels)
        inputs = draw(state.gan, config, labels, seed)
        terms = compiled(images, labels, inputs, penalty_share, penalised=penalised)
        # One tensor, so that one collective takes the means over the replicas.
        return tf.stack(
            [tf.cast(terms.get(name, 0.0), tf.float32) for name in state.term_sums]
        )

    def step(images, labels, share, *, penalised: bool):
        seed = tf.stack([config.seed, state.step])
        inputs = (images, labels, seed, share, penalised)
        terms = state.strategy.run(replica_step, inputs)
        return state.strategy.reduce("MEAN", terms, axis=None)

    move_ema = functools.partial(update_ema, state, config, trained_before=trained_before)
    has_penalties = config.r1_weight or config.r2_weight

    @tf.function
    def train_steps(batches, count):
        for _ in tf.range(count):
            images, labels = next(batches)
            set_learning_rates(state, config)
            share = penalty_share(state, config)
            # Two graphs only where there are steps without penalties.
            if not has_penalties or _due(state.step, config.r1_interval):
                means = step(images, labels, share, penalised=True)
            else:
                means = step(images, labels, share, penalised=False)
            if config.ema_half_life and _due(state.step + 1, config.ema_interval):
                state.strategy.run(move_ema)
            add_terms(state, means)
            state.term_steps.assign_add(1)
            state.step.assign_add(1)
        return state.step.read_value()

    return train_steps


def _due(step: tf.Tensor, interval: int) -> tf.Tensor | bool:
    """Returns whether it is one of each `interval` steps; a bool where each step is."""
    return interval == 1 or step % interval == 0


class FakeInputs(NamedTuple):
    """What fakes are made of: latents [B, Z], labels [B], seed [2] of the augmentation."""

    latents: tf.Tensor
    labels: tf.Tensor
    seed: tf.Tensor


def draw(gan: Gan, config: Config, labels, seed) -> list[FakeInputs]:
    """Draws what the fakes of one update are made of, from seed [2].

    labels: [B] of the real images beside them.  Returns the inputs of each player's fakes;
    `paired` updates have the same fakes for both.
    """
    if config.update_rule == "paired":
        return [FakeInputs(*_sample(gan, labels, seed), seed)]
    seeds = tf.unstack(tf.random.split(seed, alg="philox"))
    first = FakeInputs(*_sample(gan, labels, seeds[0]), seeds[0])
    if not config.resample_latents:
        return [first, first._replace(seed=seeds[1])]
    many = tf.repeat(labels, config.g_batch_multiplier)
    return [first, FakeInputs(*_sample(gan, many, seeds[1]), seeds[1])]


def _sample(gan: Gan, labels, seed) -> tuple[tf.Tensor, tf.Tensor]:
    """Samples latents and classes for as many fakes as there are labels."""
    latent_seed, label_seed = tf.unstack(tf.random.split(seed, alg="philox"))
    latents = gan.sample_latents(tf.shape(labels)[0], latent_seed)
    return latents, gan.sample_labels(labels, label_seed)


def update(
    state: TrainState,
    config: Config,
    images,
    labels,
    inputs: Sequence[FakeInputs],
    penalty_share: tf.Tensor,
    *,
    penalised: bool = True,
) -> Terms:
    """Moves both players by the config's rule.

    images [B, H, W, C] in [-1, 1], labels [B] int32; inputs: of `draw`; penalty_share: of
    the penalties' weights that is left; penalised: whether the step has penalties at all.
    Returns each player's loss and its terms before the move, means over the batch.
    """
    gan = state.gan.penalised(penalty_share) if penalised else state.gan.unpenalised()
    state = dataclasses.replace(state, gan=gan)
    return RULES[config.update_rule](state, config, images, labels, inputs)


def paired(state: TrainState, config: Config, images, labels, inputs) -> Terms:
    """Moves both players once, from one forward pass under two tapes."""
    del config
    gan = state.gan
    latents, fake_labels, seed = inputs[0]
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        fakes = gan.generator([latents, fake_labels], training=True)
        fakes = _augmented(gan, fakes, seed)
        # Two calls, not one of both: BatchNorm and dropout see real and fake apart.
        real, r1 = gan.discriminate_and_penalise(images, labels, "r1_penalty")
        fake, r2 = gan.discriminate_and_penalise(fakes, fake_labels, "r2_penalty")
        generator_terms = gan.generator_terms(real, fake, fake_labels)
        discriminator_terms = gan.discriminator_terms(
            real, labels, fake, fake_labels, r1 | r2
        )
    _move(gan.generator, state.generator_optimizer, generator_tape, generator_terms)
    _move_discriminator(state, discriminator_tape, discriminator_terms)
    return prefix_terms(generator=generator_terms, discriminator=discriminator_terms)


def alternating(state: TrainState, config: Config, images, labels, inputs) -> Terms:
    """Moves the discriminator, then the generator against it, as the Keras examples do."""
    gan = state.gan
    latents, fake_labels, seed = inputs[0]
    batchnorm_trains = config.d_step_batchnorm == "training"
    fakes = gan.generator([latents, fake_labels], training=batchnorm_trains)
    fakes = _augmented(gan, fakes, seed)
    move_discriminator = DISCRIMINATOR_UPDATES[config.discriminator_update]
    discriminator_terms = move_discriminator(state, images, labels, fakes, fake_labels)

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


def _mixed(state: TrainState, images, labels, fakes, fake_labels) -> Terms:
    """Moves the discriminator once, on real images and fakes in one batch."""
    gan = state.gan
    both = tf.concat([images, fakes], 0), tf.concat([labels, fake_labels], 0)
    with tf.GradientTape() as tape, replicas.joined(2):
        real, fake = gan.discriminate(*both, training=True).halves()
        penalties = gan.penalty_term(images, labels, "r1_penalty")
        penalties |= gan.penalty_term(fakes, fake_labels, "r2_penalty")
        terms = gan.discriminator_terms(real, labels, fake, fake_labels, penalties)
    _move_discriminator(state, tape, terms)
    return terms


def _separate(state: TrainState, images, labels, fakes, fake_labels) -> Terms:
    """Moves the discriminator on the real batch, then on the fakes.

    Its loss is reported as the mean of the two.
    """
    gan = state.gan
    with tf.GradientTape() as tape:
        real, r1 = gan.discriminate_and_penalise(images, labels, "r1_penalty")
        real_terms = gan.discriminator_terms(real, labels, None, None, r1)
    _move_discriminator(state, tape, real_terms)
    with tf.GradientTape() as tape:
        fake, r2 = gan.discriminate_and_penalise(fakes, fake_labels, "r2_penalty")
        fake_terms = gan.discriminator_terms(None, None, fake, fake_labels, r2)
    _move_discriminator(state, tape, fake_terms)
    loss = (real_terms["loss"] + fake_terms["loss"]) / 2
    return {**real_terms, **fake_terms, "loss": loss}


# By their names in `config.presets.UPDATE_RULES`, which has the settings that each brings.
RULES = {rule.__name__: rule for rule in (paired, alternating)}
DISCRIMINATOR_UPDATES = {"mixed": _mixed, "separate": _separate}


def _augmented(gan: Gan, fakes: tf.Tensor, seed) -> tf.Tensor:
    """Augments fakes by other draws than those of latents and of real images."""
    seed = tf.random.experimental.stateless_fold_in(seed, 2, alg="philox")
    return gan.augment_fakes(fakes, seed)


def _move_discriminator(state: TrainState, tape, terms: Terms) -> None:
    _move(state.gan.discriminator, state.discriminator_optimizer, tape, terms)


def _move(network: keras.Model, optimizer: keras.Optimizer, tape, terms: Terms) -> None:
    """Moves a network by the mean of the replicas' gradients: the optimizer adds them."""
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


def update_ema(state: TrainState, config: Config, trained_before: bool) -> None:
    """Moves the EMA generator's weights towards the generator's, for `ema_interval` steps.

    `state.step` does not count the last of these steps yet.  A weight counts half after
    `ema_half_life` images (Karras et al. 2018, section 4.1); unless the generator was
    trained before, sooner at first, so that random weights are soon forgotten.
    """
    decay = tf.constant(0.5 ** (config.batch_size / config.ema_half_life))
    if not trained_before:
        completed = tf.cast(state.step + 1, tf.float32)
        decay = tf.minimum(decay, (1.0 + completed) / (10.0 + completed))
    decay **= config.ema_interval
    pairs = zip(state.gan.ema_generator.weights, state.gan.generator.weights, strict=True)
    for slow, fast in pairs:
        slow.assign(fast + tf.cast(decay, fast.dtype) * (slow - fast))


def add_terms(state: TrainState, means: tf.Tensor) -> None:
    """Adds a step's terms [terms], in the order of `term_sums`, to these sums."""
    for total, mean in zip(state.term_sums.values(), tf.unstack(means), strict=True):
        total.assign_add(mean)


def set_learning_rates(state: TrainState, config: Config) -> None:
    """Sets both learning rates for the images seen so far."""
    if config.lr_decay_images:
        seen = state.step * config.batch_size
        share = cosine_decay(seen, config.lr_decay_images, config.lr_final_share)
        rates = config.learning_rate, config.discriminator_learning_rate
        optimizers = state.generator_optimizer, state.discriminator_optimizer
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.learning_rate.assign(rate * share)


def penalty_share(state: TrainState, config: Config) -> tf.Tensor:
    """Returns what is left of the penalties' weights after the images seen so far."""
    seen = state.step * config.batch_size
    return cosine_decay(seen, config.r1_decay_images, config.r1_final_share)


def cosine_decay(images: tf.Tensor, decay_images: int, final_share: float) -> tf.Tensor:
    """Returns the share that is left after so many images: from 1 to `final_share`.

    It falls along half a cosine, and stays from `decay_images` on (Loshchilov & Hutter
    2017, equation 5, without restarts); 0 of them: it is 1 throughout.
    """
    if not decay_images:
        return tf.constant(1.0)
    cosine = keras.optimizers.schedules.CosineDecay(1.0, decay_images, alpha=final_share)
    return cosine(images)
