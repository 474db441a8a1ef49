"""The length of a new run that is to take so many minutes on this machine."""

import time
from collections.abc import Callable, Iterator

import tensorflow as tf

from dcgan_tf.cli import launch
from dcgan_tf.cli.plan import Plan
from dcgan_tf.data import pipeline
from dcgan_tf.support import errors
from dcgan_tf.support.progress import say
from dcgan_tf.training.devices import Workers

MEASURED_SECONDS = 2.0  # which the last call takes at least: its speed counts
FEWEST_EPOCHS = 3  # of fewer, whole ones would be too far from the minutes


def settle(plan: Plan, minutes: int, workers: Workers, jit_compile: bool) -> Plan:
    """Returns the plan with the length that a new run has in so many minutes.

    The speed is that of the run's own step, taken on a state that is then thrown away.
    A run that exists keeps its length.
    """
    if workers.addresses:
        raise errors.UsageError(
            f"--minutes={minutes}: is for one process, these are {len(workers.addresses)} "
            "workers; take --steps or --epochs"
        )
    if plan.run.exists():
        length = plan.counted(plan.requested)
        say(f"--minutes={minutes}: is for a new run; this one keeps its length of {length}")
        return plan
    say(f"--minutes={minutes}: measures the speed of this machine, for some seconds")
    measured, state = launch.build(plan, workers, jit_compile)
    if measured.config.augment_target:  # half of few images are, in the midst of a run
        state.augment_probability.assign(0.5)
    split = pipeline.load(plan.dataset, "train")
    batches, train_steps = launch.course(measured.content, state, split, jit_compile)
    try:
        interval = measured.config.r1_interval
        seconds = seconds_per_step(train_steps, iter(batches.stream()), interval)
    except tf.errors.OpError as error:  # no memory
        raise errors.RunError(f"--minutes: {errors.first_line(error)}") from error
    found = length_of(minutes, seconds, plan.unit, batches.per_epoch)
    return plan.with_length(found)


def seconds_per_step(train_steps: Callable, stream: Iterator, interval: int) -> float:
    """Measures what a step takes, by calls of whole intervals, each twice the last one."""
    count, seconds = interval, 0.0
    train_steps(stream, tf.constant(count))  # which compiles
    while seconds < MEASURED_SECONDS:
        count, began = 2 * count, time.monotonic()
        int(train_steps(stream, tf.constant(count)))  # waits for their end
        seconds = time.monotonic() - began
    return seconds / count


def length_of(minutes: int, seconds: float, unit: str, per_epoch: int) -> dict[str, int]:
    """Returns the setting of a length of so many minutes, of steps that take `seconds`.

    unit: of the default length; "epochs" have `per_epoch` steps, and stay whole
    """
    steps = 60 * minutes / seconds
    if unit == "epochs" and (epochs := round(steps / per_epoch)) >= FEWEST_EPOCHS:
        return {"epochs": epochs}
    return {"steps": max(round(steps), 1)}
