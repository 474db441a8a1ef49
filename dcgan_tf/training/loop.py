"""The loop: read it top to bottom to know what a run does."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from signal import Signals
from typing import NamedTuple

import numpy as np

from dcgan_tf.config import resolve
from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.schema import Config
from dcgan_tf.data.pipeline import Batches
from dcgan_tf.data.splits import Split
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans import build
from dcgan_tf.metrics import classifier, mode_collapse
from dcgan_tf.metrics.evaluator import Evaluator
from dcgan_tf.metrics.test_losses import TestLosses
from dcgan_tf.pages.live import LivePage
from dcgan_tf.reporting import console
from dcgan_tf.reporting.grids import Layout
from dcgan_tf.reporting.preview import Preview
from dcgan_tf.reporting.run_logger import RunLogger, rewind
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import errors
from dcgan_tf.support.progress import Progress
from dcgan_tf.support.stop_signal import StopSignal
from dcgan_tf.training.saver import Saver
from dcgan_tf.training.steps import Pacer, make_train_steps
from dcgan_tf.training.train_state import TrainState
from dcgan_tf.training.workers import Workers

SCORE = "quality/selection_score"


def train(
    config: Config,
    run: Run,
    state: TrainState,
    split: Split,
    test: Split | None = None,
    workers: Workers | None = None,
    *,
    jit_compile: bool = False,
    on_entry: Callable[[dict], bool] | None = None,
) -> Signals | None:
    """Trains from where `state` stands until the run's end.

    Leaves in the run's folder what `runs.folder` lists.  Returns the signal that stopped it
    before its end, once everything is saved; raises RunError if a loss or a weight is not
    finite.

    test: the test split, if the config wants evaluations or test losses
    workers: those of the run, of whom this process is the chief; the others `follow`
    jit_compile: see `make_train_steps`
    on_entry: is given each log entry; where it returns True, the run stops as by SIGINT
    """
    workers = workers or Workers()
    batches = _batches(config, split)
    intervals = Intervals.of(config, batches.per_epoch)
    step = int(state.step)
    rewind(run, intervals, step)
    layout = Layout.of_preview(config)
    logger = RunLogger(run, intervals, config.keep_frames, layout)
    saver = Saver(
        state, run, logger, keep=config.keep_checkpoints, minutes=config.checkpoint_minutes
    )
    observer = _Observer(config, state, split, test)
    pacer = _pacer(config, run, state, batches, workers, jit_compile)
    if step == 0:
        logger.write_frame(0, observer.preview.render(observer.preview.generate()))
    clock = _Clock(saver.seconds_at(step))
    stopped = None
    total, completed = (config.batch_size * n for n in (intervals.end, step))

    with (
        Progress(total=total, completed=completed) as progress,
        StopSignal("saving") as stop,
        LivePage(run, config, intervals, step) as live,
    ):
        while step < intervals.end:
            with clock.running():
                for count in pacer.calls(intervals.after(step) - step):
                    _check_losses(state, run)
                    step += count
                    images = count * config.batch_size
                    clock.images += images
                    losses = console.both_losses(state.means())
                    progress.advance(images, intervals.name(step), losses)
                    stopped, due = workers.agree(stop.signal, saver.due())
                    if stopped or due:
                        break
            _check_weights(state, run)
            step = int(state.step)
            state.epoch.assign(step // batches.per_epoch)

            evaluated = intervals.evaluates_at(step)
            if intervals.logs_at(step):
                observed = observer.observe(step, evaluated)
                place = {"epoch": intervals.epoch(step), "step": step}
                entry = {**place, **clock.take(), **observed.figures}
                saver.check_alone()
                logger.write_frame(step, observed.grid)
                logger.write_entry(entry)
                live.add(entry)
                losses = console.losses(entry, intervals.name(step))
                progress.log(losses, *observed.lines)
                if on_entry and on_entry(entry):
                    stop.signal = stop.signal or Signals.SIGINT
                stopped = stopped or workers.agree(stop.signal, False)[0]
            if intervals.saves_at(step):
                logger.write_gif()  # before any checkpoint of this step, which promises it
            if evaluated:
                saver.save_if_best(entry[SCORE])
            if intervals.saves_at(step):
                saver.save(manifest.REGULAR, clock.seconds)
            elif stopped or saver.due():
                saver.save(manifest.LATEST, clock.seconds)
            if stopped and step < intervals.end:
                logger.write_gif()
                break
            stopped = None
        workers.meet()  # here, where no signal ends one that the others still wait for
    return stopped


def follow(
    config: Config,
    run: Run,
    state: TrainState,
    split: Split,
    workers: Workers,
) -> Signals | None:
    """What a worker does that is not the chief: the steps of `train`, and nothing else."""
    batches = _batches(config, split)
    intervals = Intervals.of(config, batches.per_epoch)
    pacer = _pacer(config, run, state, batches, workers)
    step, stopped = int(state.step), None
    with StopSignal("the chief is saving") as stop:
        while step < intervals.end:
            for _ in pacer.calls(intervals.after(step) - step):
                _check_losses(state, run)
                stopped, due = workers.agree(stop.signal, False)
                if stopped or due:
                    break
            _check_weights(state, run)
            step = int(state.step)
            if intervals.logs_at(step):
                state.take_means()
                stopped = stopped or workers.agree(stop.signal, False)[0]
            if stopped and step < intervals.end:
                break
            stopped = None
        workers.meet()  # the chief has saved
    return stopped


def _batches(config: Config, split: Split) -> Batches:
    return Batches(
        split,
        config.batch_size,
        seed=config.seed,
        max_translation=config.max_translation,
        flip=config.flip,
        class_balance=config.class_balance,
    )


def _pacer(
    config: Config,
    run: Run,
    state: TrainState,
    batches: Batches,
    workers: Workers,
    jit_compile: bool = False,
) -> Pacer:
    steps = make_train_steps(
        state,
        config,
        trained_before=run.read().parent is not None,
        jit_compile=jit_compile,
    )
    stream = iter(batches.stream(int(state.step)))
    return Pacer(steps, stream, config.steps_per_execution, workers.of_chief)


class _Clock:
    """Time of training and images since the last log entry.

    seconds: with those of before the run was stopped
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.images, self._running = 0, 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        passed = time.monotonic() - began
        self.seconds += passed
        self._running += passed

    def take(self) -> dict[str, float]:
        """What a log entry has of it; begins the next entry's."""
        found = {
            "time": round(time.time(), 3),
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images / self._running, 1),
        }
        self.seconds, self.images, self._running = 0.0, 0, 0.0
        return found


class _Observation(NamedTuple):
    """figures: of a log entry; grid: the plain one; lines: printed beside the losses."""

    figures: dict[str, float]
    grid: np.ndarray
    lines: list[str]


class _Observer:
    """Measures a run's networks at a log entry, and changes nothing of them."""

    def __init__(self, config: Config, state: TrainState, split: Split, test: Split | None):
        self._config = config
        self._state = state
        self.preview = Preview(
            state.gan,
            labels=resolve.preview_labels(config) if config.conditional else None,
            rows=config.preview_rows,
            seed=config.seed,
            real=split if config.preview_real else None,
        )
        self._test_losses = self._evaluator = None
        if config.test_losses:
            test_gan = build.test_gan(state.gan, config)
            self._test_losses = TestLosses(test_gan, config.seed, test)
        if config.evaluate_every:
            spec = ImageSpec.of(config)
            trained_classifier = classifier.load(config.dataset, spec, split, test)
            self._evaluator = Evaluator(trained_classifier, test, spec)
        self._real_std = mode_collapse.std_of_split(split)
        self._warned: set[str] = set()

    def observe(self, step: int, evaluated: bool) -> _Observation:
        """Resets the sums of the terms, whose means are among the figures."""
        figures = self._state.take_means()
        if self._test_losses:
            figures |= self._test_losses.terms()
        if evaluated:
            trained = TrainedRun(self._config, self._state.gan, step)
            quality = self._evaluator.figures_of_run(trained)
            figures |= {f"quality/{name}": figure for name, figure in quality.items()}
        generated = self.preview.generate()
        signs = mode_collapse.signs(
            generated,
            self.preview.columns,
            {"step": step, **figures},
            conditional=self._config.conditional,
            classes=self._config.classes,
            real_std=self._real_std,
        )
        figures |= {f"{mode_collapse.PREFIX}{sign}": 1 for sign in signs}
        grid = self.preview.render(generated)
        return _Observation(figures, grid, self._lines(figures, signs))

    def _lines(self, figures: dict[str, float], signs: list[str]) -> list[str]:
        """With no warning twice in a row."""
        lines = []
        if SCORE in figures:
            lines.append(console.quality(figures))
        lines += [
            f"warning: {mode_collapse.SIGNS[sign]}"
            for sign in signs
            if sign not in self._warned
        ]
        self._warned = set(signs)
        return lines


def _check_losses(state: TrainState, run: Run) -> None:
    """RunError if a loss since the last log entry is NaN or Inf: its term is named."""
    for name, total in sorted(state.term_sums.items(), key=lambda one: "/loss" in one[0]):
        if not math.isfinite(float(total)):
            raise _diverged(f"{name} is {float(total)}", state, run)


def _check_weights(state: TrainState, run: Run) -> None:
    """RunError if a weight or a slot of an optimizer holds NaN or Inf."""
    if name := state.first_not_finite():
        raise _diverged(f"{name} is not finite", state, run)


def _diverged(what: str, state: TrainState, run: Run) -> errors.RunError:
    advice = "begin anew in another --run_dir with a lower --learning_rate"
    if run.saved():
        advice = (
            "going on from its checkpoints would diverge again; --init_from this run with "
            "another --run_dir and a lower --learning_rate may do better"
        )
    return errors.RunError(
        f"{what} by step {int(state.step):,}: training diverged; {advice}"
    )
