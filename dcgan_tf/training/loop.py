"""The loop: read it top to bottom to know what a run does."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from signal import Signals
from typing import Any

import tensorflow as tf

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import console
from dcgan_tf.runs import manifest
from dcgan_tf.support import errors
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.observer import SCORE, Observation
from dcgan_tf.training.train_state import TrainState

CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves


class Null:
    """Takes every call and does nothing: a sink of a worker that is not the chief."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args: None

    def __enter__(self) -> "Null":
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def observe(self, figures: dict[str, float], step: int, evaluated: bool) -> Observation:
        del step, evaluated
        return Observation(figures)


NULL = Null()


@dataclasses.dataclass(frozen=True)
class Sinks:
    """Where a run's effects go: `Null` in a worker that is not the chief.

    observer: a `training.observer.Observer`
    logger:   a `reporting.run_logger.RunLogger`
    saver:    a `training.saver.Saver`
    live:     a `pages.live.LivePage`, or what else is entered and takes log entries
    progress: a `support.progress.Progress`
    on_entry: is given each log entry; where it returns True, the run stops as by SIGINT
    """

    observer: Any = NULL
    logger: Any = NULL
    saver: Any = NULL
    live: Any = NULL
    progress: Any = NULL
    on_entry: Callable[[dict], bool | None] = lambda entry: False


class Pacer:
    """Packs `fixed` steps into a call, or 0: as many as take about CALL_SECONDS."""

    def __init__(self, fixed: int):
        self._fixed = fixed
        self._count = fixed or 1

    def count(self, left: int) -> int:
        return min(self._count, left)

    def adapt(self, count: int, seconds: float) -> None:
        """Learns that a call of `count` steps took so long; the same in all workers."""
        if not self._fixed:
            # At most doubled: the first call, which compiles, tells nothing of it.
            fitting = max(1, int(CALL_SECONDS * count / seconds))
            self._count = min(2 * self._count, fitting)


class Clock:
    """Counts time of training and images since the last log entry.

    seconds: those of before the run was stopped
    """

    def __init__(self, seconds: float = 0.0):
        self.seconds = seconds
        self._images, self._running = 0, 0.0

    def add(self, images: int, seconds: float) -> None:
        self._images += images
        self._running += seconds
        self.seconds += seconds

    def take(self) -> dict[str, float]:
        """Returns what a log entry has of it, and begins the next entry's."""
        values = {
            "time": round(time.time(), 3),
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self._images / self._running, 1),
        }
        self.seconds, self._images, self._running = 0.0, 0, 0.0
        return values


def train(
    state: TrainState,
    train_steps: Callable,
    stream: Iterator,
    intervals: Intervals,
    sinks: Sinks,
    workers: Workers,
    *,
    batch_size: int,
    steps_per_execution: int,
) -> Signals | None:
    """Trains from where `state` stands until the run's end, or a signal.

    Returns that signal, once everything is saved.  Raises RunError for NaN or Inf.
    """
    step, stopped = int(state.step), None
    observer, logger, saver = sinks.observer, sinks.logger, sinks.saver
    pacer, clock = Pacer(steps_per_execution), Clock(saver.seconds_at(step) or 0.0)
    if step == 0:
        logger.write_frame(0, observer.grid())
    with sinks.progress as progress, workers.stop as stop, sinks.live as live:
        while step < intervals.end:
            count, began = pacer.count(intervals.after(step) - step), time.monotonic()
            step = int(train_steps(stream, tf.constant(count)))  # waits for their end
            seconds = time.monotonic() - began
            check_losses(state)
            state.epoch.assign(step // intervals.per_epoch)
            clock.add(count * batch_size, seconds)
            losses = console.both_losses(state.means())
            progress.advance(count * batch_size, intervals.name(step), losses)
            evaluated = intervals.evaluates_at(step)
            if intervals.logs_at(step):
                check_weights(state)
                observed = observer.observe(state.take_means(), step, evaluated)
                entry = {**intervals.place(step), **clock.take(), **observed.figures}
                logger.write_frame(step, observed.grid)
                logger.write_entry(entry)
                live.add(entry)
                progress.log(console.losses(entry, intervals.name(step)), *observed.lines)
                if sinks.on_entry(entry):
                    stop.signal = stop.signal or Signals.SIGINT
            stopped, due, seconds = workers.agree(stop.signal, saver.due(), seconds)
            pacer.adapt(count, seconds)
            if intervals.saves_at(step) or stopped or due:
                check_weights(state)
            if intervals.saves_at(step):
                logger.write_gif()  # before any checkpoint of this step, which promises it
            if evaluated:
                saver.save_if_best(entry.get(SCORE))
            if intervals.saves_at(step):
                saver.save(manifest.REGULAR, clock.seconds)
            elif stopped or due:
                saver.save(manifest.LATEST, clock.seconds)
            if stopped and step < intervals.end:
                logger.write_gif()
                break
            stopped = None
        workers.gather(0)  # here, where no signal ends one that the others still wait for
    return stopped


def check_losses(state: TrainState) -> None:
    """RunError if a loss since the last log entry is NaN or Inf: its term is named."""
    for name, total in sorted(state.term_sums.items(), key=lambda item: "/loss" in item[0]):
        if not math.isfinite(float(total)):
            raise _diverged(f"{name} is {float(total)}", state)


def check_weights(state: TrainState) -> None:
    """RunError if a weight or a slot of an optimizer holds NaN or Inf."""
    if name := state.first_not_finite():
        raise _diverged(f"{name} is not finite", state)


def _diverged(what: str, state: TrainState) -> errors.RunError:
    return errors.RunError(
        f"{what} by step {int(state.step):,}: training diverged, and would again from its "
        "checkpoints; begin another run with a lower --learning_rate, or with --init_from "
        "this one as well"
    )
