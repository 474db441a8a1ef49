"""The loop: read it top to bottom to know what a run does."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from signal import Signals

import tensorflow as tf

from dcgan_tf import checkpoint, datasets, engine, errors, saves, summary
from dcgan_tf import state as states
from dcgan_tf.config import Config
from dcgan_tf.data import Batches
from dcgan_tf.datasets import Split
from dcgan_tf.milestones import Milestones
from dcgan_tf.plan import Plan, check_batch_size
from dcgan_tf.progress import Progress, say
from dcgan_tf.recipes import AUTO
from dcgan_tf.report import Report
from dcgan_tf.runs import Run
from dcgan_tf.signals import Interruption
from dcgan_tf.state import TrainState
from dcgan_tf.step import make_train_steps

CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves


def start(plan: Plan, *, dry_run: bool) -> None:
    """Says what will run, and runs it from its newest checkpoint on.

    Raises SystemExit(128 + signal) if a signal stopped it.
    """
    if plan.config.precision == AUTO:
        settled = dataclasses.replace(plan.config, precision=engine.native_precision())
        plan = dataclasses.replace(plan, config=settled)
    if plan.config.deterministic:
        tf.config.experimental.enable_op_determinism()
    state = states.create(plan.config)
    if plan.saved:
        checkpoint.restore(state, plan.saved)
    elif plan.ancestor:
        checkpoint.restore_networks(state.gan, plan.ancestor.checkpoint())
    summary.show(plan, state)
    if dry_run:
        summary.show_settings(plan.config)
        say("dry run: nothing is written")
        return
    split = datasets.load(plan.dataset, "train")
    check_batch_size(plan.config, len(split.labels))
    judged = plan.config.evaluate_losses or plan.config.evaluate_every
    held_out = datasets.load(plan.dataset, "test") if judged else None
    with plan.run.locked():
        _check_unmoved(plan)
        plan.run.write_config(plan.config, plan.ancestor)
        try:
            if plan.ancestor and not plan.saved:  # which may be gone by the next start
                checkpoint.save(state, plan.run, saves.LATEST, keep=1)
            caught = train(plan.config, plan.run, state, split, held_out)
        except (tf.errors.OpError, OSError) as error:  # no memory, or a disk that refuses
            raise errors.RunError(
                f"{plan.run.folder}: {errors.first_line(error)}; the run's checkpoints are "
                "untouched, and the same command goes on from the newest; a checkpoint "
                f"needs {state.size() / 1e6:.0f} MB"
            ) from error
    if caught:
        say(f"{caught.name}: saved; the same command goes on from here")
        raise SystemExit(128 + caught)
    say(f"complete: {plan.length}; see {plan.run.gif}")


def _check_unmoved(plan: Plan) -> None:
    """UsageError if another process has trained the run since it was planned."""
    newest = plan.run.newest_checkpoint(warn=False)
    if newest != plan.saved:
        raise errors.UsageError(
            f"--run_dir={plan.run.folder}: another process has just trained this run; give "
            "the command again to go on with it"
        )


def train(
    config: Config,
    run: Run,
    state: TrainState,
    split: Split,
    held_out: Split | None = None,
) -> Signals | None:
    """Trains from where `state` stands until the run's end.

    Leaves in the run's folder what `runs` lists.  Returns the signal that stopped it
    before its end, once everything is saved; raises RunError if a loss or a weight is not
    finite.

    held_out: what losses and images are judged against, if the config wants it
    """
    batches = Batches(split, config.batch_size, seed=config.seed, shift=config.shift)
    milestones = Milestones.of(config, batches.per_epoch)
    report = Report(run, config, state.gan, milestones, split, held_out)
    saver = _Saver(state, run, config, report)
    stream = iter(batches.stream(int(state.step)))
    pacer = _Pacer(make_train_steps(state, config), stream, config.steps_per_call)
    step = int(state.step)
    report.begin(step)
    seconds, images = 0.0, 0
    total, done = (config.batch_size * n for n in (milestones.end, step))

    with Progress(total=total, done=done) as progress, Interruption() as stop:
        while step < milestones.end:
            began = time.monotonic()
            for steps in pacer.calls(milestones.after(step) - step):
                _check_losses(state)
                progress.advance(steps * config.batch_size)
                images += steps * config.batch_size
                if stop.signal or saver.due():
                    break
            seconds += time.monotonic() - began
            _check_weights(state)
            stopped = stop.signal
            step = int(state.step)
            state.epoch.assign(step // batches.per_epoch)

            if milestones.samples_at(step):
                progress.row(*report.add(step, _take_means(state), seconds, images))
                seconds, images = 0.0, 0
                if report.improved:
                    saver.save(saves.BEST)
            if milestones.saves_at(step):
                saver.save(saves.REGULAR)
            elif stopped or saver.due():
                saver.save(saves.LATEST)
            if stopped and step < milestones.end:
                report.finish()
                return stopped
    return None


class _Saver:
    """Saves a run, and knows when the next save in between is due."""

    def __init__(self, state: TrainState, run: Run, config: Config, report: Report):
        self._state = state
        self._run = run
        self._config = config
        self._report = report
        self._saved = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self._saved > 60 * self._config.checkpoint_minutes

    def save(self, family: str) -> None:
        # First: a checkpoint promises that the rows and the frames before it exist.
        if family == saves.REGULAR:
            self._report.finish()
        else:
            self._report.sync()
        checkpoint.save(self._state, self._run, family, self._config.keep_checkpoints)
        self._saved = time.monotonic()


class _Pacer:
    """Packs `fixed` steps into a call, or 0: as many as take about CALL_SECONDS."""

    def __init__(self, train_steps: Callable, stream: Iterator, fixed: int = 0):
        self._train_steps = train_steps
        self._stream = stream
        self._fixed = fixed
        self._count = fixed or 1

    def calls(self, left: int) -> Iterator[int]:
        """Does `left` steps; yields the number in each call."""
        while left:
            count = min(self._count, left)
            started = time.monotonic()
            int(self._train_steps(self._stream, tf.constant(count)))  # waits for its end
            seconds = time.monotonic() - started
            left -= count
            yield count
            if not self._fixed:
                # At most doubled: the first call, which compiles, tells nothing of it.
                fitting = max(1, int(CALL_SECONDS * count / seconds))
                self._count = min(2 * self._count, fitting)


def _check_losses(state: TrainState) -> None:
    """RunError if a loss since the last row is not finite: a term, or at last a sum."""
    for name, total in sorted(state.sums.items(), key=lambda one: "/loss" in one[0]):
        if not math.isfinite(float(total)):
            raise _diverged(f"{name} is {float(total)}", state)


def _check_weights(state: TrainState) -> None:
    """RunError if a weight or an optimizer's slot is not: the next loss would not be."""
    if name := state.first_not_finite():
        raise _diverged(f"{name} is not finite", state)


def _diverged(what: str, state: TrainState) -> errors.RunError:
    return errors.RunError(
        f"{what} by step {int(state.step):,}: training diverged; the run's checkpoints are "
        "from before, and going on from them would diverge again; --start_from this run "
        "with another --run_dir and a lower --learning_rate may do better"
    )


def _take_means(state: TrainState) -> dict[str, float]:
    """The mean of each term since the last row; starts the sums of the next."""
    summed = int(state.summed)
    means = {name: float(total) / summed for name, total in state.sums.items()}
    for variable in (state.summed, *state.sums.values()):
        variable.assign(tf.zeros_like(variable))
    return means
