"""The loop, what it looks at, and where it writes: read `train` to know what a run does."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from signal import Signals
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.schema import Config
from dcgan_tf.data.pipeline import Split
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans import build
from dcgan_tf.gans.gan import Gan
from dcgan_tf.metrics import classifier, image_sets, mode_collapse
from dcgan_tf.metrics.evaluator import Evaluator
from dcgan_tf.metrics.test_losses import TestLosses
from dcgan_tf.reporting import console, log
from dcgan_tf.reporting.grids import Preview
from dcgan_tf.reporting.log import RunLogger
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import errors
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.train_state import TrainState, save_state

CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves
SCORE = "quality/selection_score"


class Observer:
    """Measures a run's networks at a log entry, and changes nothing of them.

    test: the test split, if the config wants evaluations or test losses
    """

    def __init__(self, config: Config, gan: Gan, split: Split, test: Split | None):
        self._config, self._gan = config, gan
        self._preview = Preview(gan, config, split)
        self._test_losses = self._evaluator = None
        if config.test_losses:
            self._test_losses = TestLosses(build.test_gan(gan, config), config.seed, test)
        if config.evaluate_every:
            spec = ImageSpec.of(config)
            trained_classifier = classifier.load(config.dataset, spec, split, test)
            self._evaluator = Evaluator(trained_classifier, test, spec)
        real = image_sets.evenly(len(split.labels), mode_collapse.REAL_IMAGES)
        self._real_std = mode_collapse.mean_std(split.array()[real])
        self._warned: set[str] = set()

    def grid(self) -> np.ndarray:
        """Returns the plain grid of images, as the generator is now."""
        return self._preview.render(self._preview.generate())

    def observe(self, means: dict[str, float], step: int, evaluated: bool) -> tuple:
        """Returns a log entry's figures, `means` among them, the plain grid, and lines."""
        figures = dict(means)
        if self._test_losses:
            figures |= self._test_losses.terms()
        if evaluated:
            trained = TrainedRun(self._config, self._gan, step)
            quality = self._evaluator.figures_of_run(trained)
            figures |= {f"quality/{name}": figure for name, figure in quality.items()}
        generated = self._preview.generate()
        entry = {"step": step, **figures}
        signs = mode_collapse.signs(
            generated, self._preview.columns, entry, self._config, self._real_std
        )
        figures |= {f"{mode_collapse.PREFIX}{sign}": 1 for sign in signs}
        lines = [console.quality(figures)] if SCORE in figures else []
        new = [sign for sign in signs if sign not in self._warned]
        lines += [f"warning: {mode_collapse.SIGNS[sign]}" for sign in new]
        self._warned = set(signs)
        return figures, self._preview.render(generated), lines


class Saver:
    """Saves a run's state, and knows when the next latest checkpoint is due.

    content: of config.json, which is written again with each checkpoint
    """

    def __init__(self, state: TrainState, run: Run, content: RunConfig, logger: RunLogger):
        self._state, self._run, self._content, self._logger = state, run, content, logger
        self._saved = time.monotonic()
        best = run.best_checkpoint()
        self._best = -math.inf if best is None else best.score

    def due(self) -> bool:
        """Returns whether the last save is `checkpoint_minutes` ago."""
        minutes = (time.monotonic() - self._saved) / 60
        return minutes > self._content.config.checkpoint_minutes

    def seconds_at(self, step: int) -> float:
        """Returns what a run had trained since its last entry when it was saved there."""
        saved = (info.seconds for info in self._run.saved() if info.step == step)
        return next(saved, 0.0)

    def save(self, kind: str, **promised: float) -> None:
        """Saves as `save_state` does; RunError if the disk refuses."""
        self._logger.sync()  # a checkpoint promises that the entries before it exist
        keep = self._content.config.keep_checkpoints
        save_state(self._state, self._run, kind, keep=keep, **promised)
        self._run.write_config(self._content)  # which may have been lost meanwhile
        self._saved = time.monotonic()

    def rescue(self, intervals: Intervals) -> None:
        """Saves a run that ends in the midst, unless its step lacks a line that is due."""
        step = int(self._state.step)
        if step in {info.step for info in self._run.saved()}:
            return
        self._state.epoch.assign(step // intervals.per_epoch)
        newest = log.entries(self._run.witnesses, str)[-1:]  # after a step's log entry
        if not intervals.witnesses_at(step) or [w["step"] for w in newest] == [step]:
            check_finite(self._state, weights=True)
            self.save(manifest.LATEST)

    def save_if_best(self, score: float) -> None:
        """Saves as the best if no earlier evaluation had so high a score."""
        if score > self._best:
            self._best = score
            self.save(manifest.BEST, score=score)


class Null:
    """Takes every call and does nothing: a sink of a worker that is not the chief."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **options: None

    def __enter__(self) -> "Null":
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def observe(self, means: dict[str, float], *args: object) -> tuple:
        return means, None, ()


NULL = Null()


@dataclasses.dataclass(frozen=True)
class Sinks:
    """Where a run's effects go: `Null` in a worker that is not the chief.

    observer: an `Observer`
    logger:   a `RunLogger`
    saver:    a `Saver`
    live:     a `pages.page.LivePage`, or what else is entered and takes log entries
    progress: a `support.progress.Progress`
    on_entry: None, or is given each log entry; where it returns True, the run stops as by
              SIGINT
    """

    observer: Any = NULL
    logger: Any = NULL
    saver: Any = NULL
    live: Any = NULL
    progress: Any = NULL
    on_entry: Callable[[dict], bool] | None = None


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
        speed = round(self._images / self._running, 1)
        values = {"time": round(time.time(), 3), "seconds": round(self.seconds, 3)}
        self.seconds, self._images, self._running = 0.0, 0, 0.0
        return {**values, "images_per_second": speed}


def next_pace(pace: int, count: int, seconds: float) -> int:
    """Returns the steps of the next call, when a call of `count` took `seconds`.

    They take about CALL_SECONDS, and are at most doubled: the first call, which compiles,
    tells nothing of it.
    """
    return min(2 * pace, max(1, int(CALL_SECONDS * count / seconds)))


def train(
    state: TrainState,
    train_steps: Callable,
    stream: Iterator,
    intervals: Intervals,
    sinks: Sinks,
    workers: Workers,
    config: Config,
) -> Signals | None:
    """Trains from where `state` stands until the run's end, or a signal.

    Returns that signal, once everything is saved.  Raises RunError for NaN or Inf.
    """
    step, stopped, pace = int(state.step), None, config.steps_per_execution or 1
    observer, logger, saver = sinks.observer, sinks.logger, sinks.saver
    clock = Clock(saver.seconds_at(step) or 0.0)
    if step == 0:
        logger.write_frame(0, observer.grid())
    with sinks.progress as progress, workers.stop as stop, sinks.live as live:
        while step < intervals.end:
            count, began = intervals.steps_of_call(step, pace), time.monotonic()
            step = int(train_steps(stream, tf.constant(count)))  # waits for their end
            images, seconds = count * config.batch_size, time.monotonic() - began
            check_finite(state, weights=False)
            state.epoch.assign(step // intervals.per_epoch)
            clock.add(images, seconds)
            name = intervals.name(step)
            progress.advance(images, name, console.both_losses(state.means()))
            evaluated = intervals.evaluates_at(step)
            if intervals.logs_at(step):
                check_finite(state, weights=True)
                figures, grid, lines = observer.observe(state.take_means(), step, evaluated)
                entry = {**intervals.place(step), **clock.take(), **figures}
                logger.write_frame(step, grid)
                logger.write_entry(entry)
                live.add(entry, progress.pace())
                progress.log(console.losses(entry, name), *lines)
                if sinks.on_entry and sinks.on_entry(entry):
                    stop.signal = stop.signal or Signals.SIGINT
            if intervals.witnesses_at(step):
                witness = {"step": step, "sha256": state.sha256(), **state.means()}
                logger.write_witness(witness)
            stopped, due, seconds = workers.agree(stop.signal, saver.due(), seconds)
            pace = config.steps_per_execution or next_pace(pace, count, seconds)
            regular = intervals.saves_at(step)
            if regular or stopped or due:
                check_finite(state, weights=True)
            if regular:
                logger.write_gif()  # before any checkpoint of this step, which promises it
            if evaluated:
                saver.save_if_best(entry.get(SCORE))
            if regular or stopped or due:
                kind = manifest.REGULAR if regular else manifest.LATEST
                saver.save(kind, seconds=clock.seconds)
            if stopped and step < intervals.end:
                logger.write_gif()
                break
            stopped = None
        workers.gather(0)  # here, where no signal ends one that the others still wait for
    return stopped


def check_finite(state: TrainState, *, weights: bool) -> None:
    """Raises RunError if a loss since the last log entry, or a weight, is NaN or Inf."""
    values = {name: float(total) for name, total in state.term_sums.items()}
    terms = sorted(values, key=lambda name: "/loss" in name)  # the cause before the sum
    wrong = [f"{name} is {values[name]}" for name in terms if not np.isfinite(values[name])]
    if weights and not wrong and (name := state.first_not_finite()):
        wrong = [f"{name} is not finite"]
    if wrong:
        raise errors.RunError(
            f"{wrong[0]} by step {int(state.step):,}: training diverged, and would again "
            "from its checkpoints; begin another run with a lower --learning_rate, or with "
            "--init_from this one as well"
        )
