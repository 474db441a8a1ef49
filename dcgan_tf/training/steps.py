"""The training step, top to bottom: what is due, both tapes, both moves, EMA, sums.

An update computes a replica's rows of the batch; players move by the gradients of all rows.
"""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.data import replicas
from dcgan_tf.gans.gan import Gan, prefix_terms
from dcgan_tf.losses.adversarial import Terms
from dcgan_tf.support import tf_setup
from dcgan_tf.training.train_state import TrainState


def make_train_steps(
    state: TrainState, config: Config, *, trained_before=False, jit_compile=False
) -> Callable:
    """Returns `train_steps(batches, count)`: `count` steps, and returns the step reached.

    All they leave is in `state`.  A step runs on every device of the state's strategy.

    trained_before: whether the run began with weights of another run, whose EMA is kept
    jit_compile: compile the update by XLA, but not its draws: XLA's normals are others; on
                 one device `r1_interval` updates at a time, see `_in_units`
    """
    tf_setup.optimise_arithmetic(not (config.augment_target or config.augment_fakes))
    move_players = functools.partial(update, state, config)
    if jit_compile:
        move_players = tf.function(move_players, jit_compile=True)
    step = functools.partial(_step, state, config, move_players)
    move_ema = functools.partial(update_ema, state, config, trained_before)
    interval = config.r1_interval
    # Two graphs only where there are steps without penalties.
    lazy = interval > 1 and (config.r1_weight or config.r2_weight)

    @tf.function
    def train_steps(batches, count):
        for _ in tf.range(count):
            images, labels = next(batches)
            share = _set_rates(state, config)
            if not lazy or state.step % interval == 0:
                means = step(images, labels, share, penalised=True)
            else:
                means = step(images, labels, share, penalised=False)
            if config.ema_half_life and (interval == 1 or (state.step + 1) % interval == 0):
                state.strategy.run(move_ema)
            _count_step(state, config, means)
        return state.step.read_value()

    if jit_compile and state.strategy.num_replicas_in_sync == 1:
        return _in_units(state, config, train_steps, move_ema)
    return train_steps


def _in_units(state: TrainState, config: Config, train_steps, move_ema) -> Callable:
    """Returns `train_steps` where a unit of `r1_interval` steps is one function of XLA's.

    A unit begins at a multiple of the interval, so that it has penalties in its first step
    and the EMA in its last.  Steps before and after whole units are taken one by one.
    """
    interval = config.r1_interval

    @tf.function(jit_compile=True)
    def unit(batches, inputs):
        for position in range(interval):
            share, penalised = _set_rates(state, config), position == 0
            of_step = *batches[position], inputs[position], share
            terms = update(state, config, *of_step, penalised=penalised)
            if config.ema_half_life and position == interval - 1:
                move_ema()
            _count_step(state, config, _values(state, terms))

    @tf.function
    def train_units(batches, count):
        for _ in tf.range(count):
            own = [next(batches) for _ in range(interval)]
            seeds = [tf.stack([config.seed, state.step + i]) for i in range(interval)]
            pairs = zip(own, seeds, strict=True)
            inputs = [draw(state.gan, config, labels, seed) for (_, labels), seed in pairs]
            state.strategy.run(unit, (own, inputs))

    def train(batches, count):
        first = min(-int(state.step) % interval, int(count))
        units, last = divmod(int(count) - first, interval)
        parts = (train_steps, first), (train_units, units), (train_steps, last)
        for function, number in parts:
            if number:
                function(batches, tf.constant(number))
        return state.step.read_value()

    return train


def _set_rates(state: TrainState, config: Config) -> tf.Tensor:
    """Sets a step's learning rates; returns what is left of its penalties' weights."""
    seen = state.step * config.batch_size
    if config.decay_images:
        share = cosine_decay(seen, config.decay_images, config.lr_final_share)
        rates = config.learning_rate, config.discriminator_learning_rate
        state.generator_optimizer.learning_rate.assign(rates[0] * share)
        state.discriminator_optimizer.learning_rate.assign(rates[1] * share)
    return cosine_decay(seen, config.decay_images, config.r1_final_share)


def _count_step(state: TrainState, config: Config, means) -> None:
    """Counts a step and its terms, and settles how often the next augments images."""
    state.settle_augmentation(config, means)
    for total, mean in zip(state.term_sums.values(), means, strict=True):
        total.assign_add(mean)
    state.term_steps.assign_add(1)
    state.step.assign_add(1)


def _step(state, config, move_players, images, labels, penalty_share, *, penalised) -> list:
    """Moves both players by a global batch; returns the mean of each of its terms."""
    seed = tf.stack([config.seed, state.step])

    def replica_step():
        own = replicas.own_rows(images), replicas.own_rows(labels)
        inputs = draw(state.gan, config, own[1], seed)
        terms = move_players(*own, inputs, penalty_share, penalised=penalised)
        # Stacked, so that one collective takes all means over the replicas.
        return tf.stack(_values(state, terms))

    means = state.strategy.reduce("MEAN", state.strategy.run(replica_step), axis=None)
    return tf.unstack(means)


def _values(state: TrainState, terms: Terms) -> list:
    """Returns float32 values in the order of the state's sums; 0 for a term not there."""
    return [tf.cast(terms.get(name, 0.0), tf.float32) for name in state.term_sums]


def draw(gan: Gan, config: Config, labels, seed) -> list[tuple]:
    """Draws what the fakes of one update are made of, from seed [2].

    labels: [B] of the real images beside them.  Returns for each player's fakes latents
    [B, Z], labels [B] and a seed [2] of the augmentation; `paired`: the same for both.
    """

    def sample(labels, seed):
        latent_seed, label_seed = tf.unstack(tf.random.split(seed, alg="philox"))
        latents = gan.sample_latents(tf.shape(labels)[0], latent_seed)
        return latents, gan.sample_labels(labels, label_seed), seed

    if config.update_rule == "paired":
        return [sample(labels, seed)]
    first_seed, second_seed = tf.unstack(tf.random.split(seed, alg="philox"))
    first = sample(labels, first_seed)
    if not config.resample_latents:
        return [first, (*first[:2], second_seed)]
    return [first, sample(tf.repeat(labels, config.g_batch_multiplier), second_seed)]


def update(
    state: TrainState, config: Config, images, labels, inputs, penalty_share, *, penalised
) -> Terms:
    """Moves both players by the config's rule.

    images [B, H, W, C] in [-1, 1], labels [B] int32; inputs: of `draw`; penalty_share: what
    is left of the penalties' weights; penalised: whether the step has penalties at all.
    Returns each player's loss and its terms before the move, means over the batch.
    """
    gan = state.gan.penalised(penalty_share) if penalised else state.gan.unpenalised()
    state = dataclasses.replace(state, gan=gan)
    images = _augmented(state, images, inputs[0][2], 3)
    return RULES[config.update_rule](state, config, images, labels, inputs)


def paired(state: TrainState, _: Config, images, labels, inputs) -> Terms:
    """Moves both players once, from one forward pass under two tapes."""
    gan = state.gan
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fakes, fake_labels = _generate(state, inputs[0])
        # Two calls, not one of both: BatchNorm and dropout see real and fake apart.
        real, r1 = gan.discriminate_and_penalise(images, labels, "r1_penalty")
        fake, r2 = gan.discriminate_and_penalise(fakes, fake_labels, "r2_penalty")
        g_terms = gan.generator_terms(real, fake, fake_labels)
        d_terms = gan.discriminator_terms(real, labels, fake, fake_labels, r1 | r2)
    _move(gan.generator, state.generator_optimizer, g_tape, g_terms)
    _move(gan.discriminator, state.discriminator_optimizer, d_tape, d_terms)
    return prefix_terms(generator=g_terms, discriminator=d_terms)


def alternating(state: TrainState, config: Config, images, labels, inputs) -> Terms:
    """Moves the discriminator, then the generator against it, as the Keras examples do."""
    gan = state.gan
    fakes = _generate(state, inputs[0], training=config.d_step_batchnorm == "training")
    move = _separate if config.update_rule == "separate" else _mixed
    d_terms = move(state, images, labels, *fakes)
    # The discriminator's BatchNorm is in training mode here, but its moving averages stay
    # those of its own updates (Keras 2.1's behaviour when frozen).
    averages = gan.discriminator.non_trainable_weights
    before = [tf.identity(average) for average in averages]
    with tf.GradientTape() as tape:
        fakes, fake_labels = _generate(state, inputs[1])
        needs_real = gan.adversarial_loss.needs_pair
        real = gan.discriminate(images, labels, training=True) if needs_real else None
        fake = gan.discriminate(fakes, fake_labels, training=True)
        g_terms = gan.generator_terms(real, fake, fake_labels)
    for average, value in zip(averages, before, strict=True):
        average.assign(value)
    _move(gan.generator, state.generator_optimizer, tape, g_terms)
    return prefix_terms(generator=g_terms, discriminator=d_terms)


def _mixed(state: TrainState, images, labels, fakes, fake_labels) -> Terms:
    """Moves the discriminator once, on real images and fakes in one batch."""
    gan = state.gan
    both = tf.concat([images, fakes], 0), tf.concat([labels, fake_labels], 0)
    with tf.GradientTape() as tape, replicas.joined(2):
        real, fake = gan.discriminate(*both, training=True).halves()
        penalties = gan.penalty_term(images, labels, "r1_penalty")
        penalties |= gan.penalty_term(fakes, fake_labels, "r2_penalty")
        terms = gan.discriminator_terms(real, labels, fake, fake_labels, penalties)
    _move(gan.discriminator, state.discriminator_optimizer, tape, terms)
    return terms


def _separate(state: TrainState, images, labels, fakes, fake_labels) -> Terms:
    """Moves the discriminator on the real batch, then on fakes; reports the mean loss."""
    gan, optimizer = state.gan, state.discriminator_optimizer
    with tf.GradientTape() as tape:
        real, r1 = gan.discriminate_and_penalise(images, labels, "r1_penalty")
        real_terms = gan.discriminator_terms(real, labels, None, None, r1)
    _move(gan.discriminator, optimizer, tape, real_terms)
    with tf.GradientTape() as tape:
        fake, r2 = gan.discriminate_and_penalise(fakes, fake_labels, "r2_penalty")
        fake_terms = gan.discriminator_terms(None, None, fake, fake_labels, r2)
    _move(gan.discriminator, optimizer, tape, fake_terms)
    return real_terms | fake_terms | {"loss": (real_terms["loss"] + fake_terms["loss"]) / 2}


# `config.presets.UPDATE_RULES` has the settings that each brings.
RULES = {"paired": paired, "alternating": alternating, "separate": alternating}


def _generate(state: TrainState, inputs, training: bool = True) -> tuple:
    """Returns augmented fakes and their labels [B]."""
    latents, labels, seed = inputs
    fakes = state.gan.generator([latents, labels], training=training)
    # By other draws than those of latents and of real images.
    own_seed = tf.random.experimental.stateless_fold_in(seed, 2, alg="philox")
    return _augmented(state, state.gan.augment_fakes(fakes, own_seed), seed, 4), labels


def _augmented(state: TrainState, images, seed, number: int) -> tf.Tensor:
    """Returns what the discriminator sees of images, by a seed [2] and its own number."""
    if state.gan.augment is None:
        return images
    seed = tf.random.experimental.stateless_fold_in(seed, number, alg="philox")
    return state.gan.augment(images, seed, state.augment_probability.read_value())


def _move(network: keras.Model, optimizer: keras.Optimizer, tape, terms: Terms) -> None:
    """Moves a network by the mean of the replicas' gradients: the optimizer adds them."""
    loss, variables = terms["loss"], network.trainable_variables
    share = tf.constant(1 / replicas.count(), loss.dtype)
    gradients = tape.gradient(loss, variables, output_gradients=share)
    # Dense, an embedding's too, so that all are added up in one collective.  A twin has
    # none in a step on real images alone.
    pairs = zip(gradients, variables, strict=True)
    moved = [(tf.convert_to_tensor(g), v) for g, v in pairs if g is not None]
    optimizer.apply(*zip(*moved, strict=True))


def update_ema(state: TrainState, config: Config, trained_before: bool) -> None:
    """Moves the EMA generator's weights towards the generator's, for `r1_interval` steps.

    `state.step` does not count the last of these steps yet.  A weight counts half after
    `ema_half_life` images (Karras et al. 2018, section 4.1).  It counts less at first,
    unless the generator was trained before, so that random weights are soon forgotten.
    """
    decay = tf.constant(0.5 ** (config.batch_size / config.ema_half_life))
    if not trained_before:
        completed = tf.cast(state.step + 1, tf.float32)
        decay = tf.minimum(decay, (1.0 + completed) / (10.0 + completed))
    decay **= config.r1_interval
    gan = state.gan
    for slow, fast in zip(gan.ema_generator.weights, gan.generator.weights, strict=True):
        slow.assign(fast + tf.cast(decay, fast.dtype) * (slow - fast))


def cosine_decay(images: tf.Tensor, decay_images: int, final_share: float) -> tf.Tensor:
    """Returns the share left after so many images: along half a cosine to `final_share`.

    Loshchilov & Hutter 2017, equation 5.  Without `decay_images` the share is 1 throughout.
    """
    if not decay_images or final_share == 1:
        return tf.constant(1.0)
    decay = keras.optimizers.schedules.CosineDecay(1.0, decay_images, alpha=final_share)
    return decay(images)
