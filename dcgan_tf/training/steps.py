"""The steps: what each consists of, in one compiled loop, and how many go into a call."""

import functools
import time
from collections.abc import Callable, Iterator

import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.data import replicas
from dcgan_tf.training.optimizer import cosine_decay
from dcgan_tf.training.train_state import TrainState
from dcgan_tf.training.updates import UPDATE_RULES, draw, update_ema

PENALTIES = ("discriminator/r1_penalty", "discriminator/r2_penalty")
CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves


def make_train_steps(
    state: TrainState,
    config: Config,
    *,
    trained_before: bool = False,
    jit_compile: bool = False,
) -> Callable:
    """`train_steps(batches, count)`: `count` steps in one call, on the iterator's batches.

    Returns the step that it has reached.  Everything they leave is in `state`: the players,
    the step and the sums of the terms.  A step runs on every device of the state's
    strategy.

    trained_before: whether the run began with weights of another run, whose EMA is kept
    jit_compile: compile the update by XLA; what is drawn for it is drawn outside, because
                 XLA's normal numbers are others
    """
    rule = functools.partial(UPDATE_RULES[config.update_rule], state, config)
    if jit_compile:
        rule = tf.function(rule, jit_compile=True)
    penalised = config.r1_weight or config.r2_weight
    ema_step = functools.partial(
        update_ema,
        state,
        config.ema_half_life,
        config.batch_size,
        not trained_before,
        config.ema_interval,
    )

    def replica_step(images, labels, seed, penalty_share):
        images, labels = replicas.own_rows(images), replicas.own_rows(labels)
        inputs = draw(state.gan, config, labels, seed)
        terms = rule(images, labels, inputs, penalty_share)
        if penalty_share is None:
            terms = {**dict.fromkeys(PENALTIES, 0.0), **terms}
        # One tensor, so that one collective takes the means over the replicas.
        return tf.stack([tf.cast(terms[name], tf.float32) for name in state.term_sums])

    def step(images, labels, penalty_share):
        """The means of the terms."""
        seed = tf.stack([config.seed, state.step])
        terms = state.strategy.run(replica_step, (images, labels, seed, penalty_share))
        return state.strategy.reduce("MEAN", terms, axis=None)

    @tf.function
    def train_steps(batches, count):
        for _ in tf.range(count):
            images, labels = next(batches)
            seen = state.step * config.batch_size
            _set_learning_rates(state, config, seen)
            penalty_share = cosine_decay(
                seen, config.r1_decay_images, config.r1_final_share
            )
            if not penalised or _due(state.step, config.r1_interval):
                means = step(images, labels, penalty_share)
            else:
                means = step(images, labels, None)
            if config.ema_half_life and _due(state.step + 1, config.ema_interval):
                state.strategy.run(ema_step)
            for total, mean in zip(
                state.term_sums.values(), tf.unstack(means), strict=True
            ):
                total.assign_add(mean)
            state.term_steps.assign_add(1)
            state.step.assign_add(1)
        return state.step.read_value()

    return train_steps


def _set_learning_rates(state: TrainState, config: Config, images: tf.Tensor) -> None:
    """Those after so many images."""
    if not config.lr_decay_images:
        return
    share = cosine_decay(images, config.lr_decay_images, config.lr_final_share)
    state.generator_optimizer.learning_rate.assign(config.learning_rate * share)
    state.discriminator_optimizer.learning_rate.assign(
        config.discriminator_learning_rate * share
    )


def _due(step: tf.Tensor, interval: int) -> tf.Tensor | bool:
    """Whether it is one of each `interval` steps; known beforehand where it is each."""
    return interval == 1 or step % interval == 0


class Pacer:
    """Packs `fixed` steps into a call, or 0: as many as take about CALL_SECONDS.

    agreed: the seconds that a call took here -> those that count.  Workers must do as many
    steps in a call, or each would wait for the others.
    """

    def __init__(
        self,
        train_steps: Callable,
        stream: Iterator,
        fixed: int = 0,
        agreed: Callable[[float], float] = float,
    ):
        self._train_steps = train_steps
        self._stream = stream
        self._fixed = fixed
        self._agreed = agreed
        self._count = fixed or 1

    def calls(self, left: int) -> Iterator[int]:
        """Does `left` steps; yields the number in each call."""
        while left:
            count = min(self._count, left)
            started = time.monotonic()
            int(self._train_steps(self._stream, tf.constant(count)))  # waits for its end
            seconds = self._agreed(time.monotonic() - started)
            left -= count
            yield count
            if not self._fixed:
                # At most doubled: the first call, which compiles, tells nothing of it.
                fitting = max(1, int(CALL_SECONDS * count / seconds))
                self._count = min(2 * self._count, fitting)
