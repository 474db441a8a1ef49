"""The loop: read it top to bottom to know what a run does."""

import math
import time
from collections.abc import Callable, Iterator
from signal import Signals

import tensorflow as tf

from dcgan_tf import checkpoint, datasets, errors, history, pictures, summary
from dcgan_tf import state as states
from dcgan_tf.config import Config
from dcgan_tf.data import Batches
from dcgan_tf.datasets import Split
from dcgan_tf.drawing import Preview
from dcgan_tf.held_out import HeldOut
from dcgan_tf.milestones import Milestones
from dcgan_tf.plan import Plan, check_batch_size
from dcgan_tf.progress import Progress, say
from dcgan_tf.runs import Run
from dcgan_tf.signals import Interruption
from dcgan_tf.state import TrainState
from dcgan_tf.step import make_train_steps

CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves


def start(plan: Plan, *, dry_run: bool) -> None:
    """Says what will run, and runs it from its newest checkpoint on.

    Raises SystemExit(128 + signal) if a signal stopped it.
    """
    state = states.create(plan.config)
    if plan.saved:
        checkpoint.restore(state, plan.saved)
    summary.show(plan, state)
    if dry_run:
        say("dry run: nothing is written")
        return
    split = datasets.load(plan.dataset, "train")
    check_batch_size(plan.config, len(split.labels))
    judged = plan.config.evaluate_losses
    held_out = datasets.load(plan.dataset, "test") if judged else None
    plan.run.write_config(plan.config)
    try:
        caught = train(plan.config, plan.run, state, split, held_out)
    except tf.errors.OpError as error:  # no memory, or a disk that TensorFlow cannot write
        raise errors.RunError(f"{plan.run.folder}: {errors.first_line(error)}") from error
    if caught:
        say(f"{caught.name}: saved; the same command goes on from here")
        raise SystemExit(128 + caught)
    say(f"complete: {plan.length}; see {plan.run.gif}")


def train(
    config: Config,
    run: Run,
    state: TrainState,
    split: Split,
    held_out: Split | None = None,
) -> Signals | None:
    """Trains from where `state` stands until the run's end; judges on `held_out` if given.

    Leaves in the run's folder what `runs` lists.  Returns the signal that stopped it
    before its end, once everything is saved; raises RunError if a loss is not finite.
    """
    batches = Batches(split, config.batch_size, seed=config.seed, shift=config.shift)
    milestones = Milestones.of(config, batches.per_epoch)
    preview = Preview(state.gan, config, split)
    judge = HeldOut(state.gan, config, held_out) if held_out else None
    stream = iter(batches.stream(int(state.step)))
    pacer = _Pacer(make_train_steps(state, config), stream)
    _begin(run, state, preview, milestones)
    events = history.Events(run.events)
    total, done = (config.batch_size * n for n in (milestones.end, int(state.step)))
    seconds, trained = 0.0, 0

    with Progress(total=total, done=done) as progress, Interruption() as stop:
        while (step := int(state.step)) < milestones.end:
            began = time.monotonic()
            for steps in pacer.calls(milestones.after(step) - step):
                progress.advance(steps * config.batch_size)
                trained += steps * config.batch_size
                if stop.signal:
                    break
            seconds += time.monotonic() - began
            stopped = stop.signal
            _check_finite(state)
            reached = milestones.after(step) == int(state.step)
            step = int(state.step)
            state.epoch.assign(step // batches.per_epoch)

            if reached and milestones.samples_at(step):
                epochs = step / batches.per_epoch
                row = {
                    "epoch": int(epochs) if epochs.is_integer() else round(epochs, 4),
                    "step": step,
                    "seconds": round(seconds, 3),
                    "images_per_second": round(trained / seconds, 1),
                    **_take_means(state),
                    **(judge.terms() if judge else {}),
                }
                history.append(run.metrics, row)
                pixels = preview.draw()
                number = milestones.number(step)
                frame = pictures.frame_file(run.samples, milestones.unit, number)
                pictures.write_png(frame, pixels)
                events.add(row, number, pixels)
                progress.row(history.line(row, milestones.name(step)))
                if judge:
                    say(history.table(row, config))
                seconds, trained = 0.0, 0

            if reached and milestones.saves_at(step):
                _save(state, run, checkpoint.REGULAR, config)
            elif stopped:
                _save(state, run, checkpoint.LATEST, config)
            if stopped and step < milestones.end:
                return stopped
    return None


def _save(state: TrainState, run: Run, family: str, config: Config) -> None:
    pictures.write_gif(run.gif, run.samples)
    # Last: a checkpoint promises that its artefacts exist.
    checkpoint.save(state, run, family, config.keep_checkpoints)


def _begin(run: Run, state: TrainState, preview: Preview, milestones: Milestones) -> None:
    """Brings the folder to where `state` stands: nothing of later steps stays."""
    step = int(state.step)
    run.samples.mkdir(exist_ok=True)
    history.cut(run.metrics, step)
    pictures.remove_frames(run.samples, beyond=milestones.number(step))
    if step == 0:
        frame = pictures.frame_file(run.samples, milestones.unit, 0)
        pictures.write_png(frame, preview.draw())


class _Pacer:
    """Packs as many steps into a call as take about CALL_SECONDS."""

    def __init__(self, train_steps: Callable, stream: Iterator):
        self._train_steps = train_steps
        self._stream = stream
        self._count = 1

    def calls(self, left: int) -> Iterator[int]:
        """Does `left` steps; yields the number in each call."""
        while left:
            count = min(self._count, left)
            started = time.monotonic()
            self._train_steps(self._stream, tf.constant(count))
            seconds = time.monotonic() - started
            left -= count
            yield count
            # At most doubled: the first call, which compiles, tells nothing of the pace.
            fitting = max(1, int(CALL_SECONDS * count / seconds))
            self._count = min(2 * self._count, fitting)


def _check_finite(state: TrainState) -> None:
    """RunError if a loss since the last row is not finite; then nothing is saved."""
    for name, total in state.sums.items():
        if not math.isfinite(float(total)):
            raise errors.RunError(
                f"{name} is {float(total)} by step {int(state.step)}: training diverged; "
                "its checkpoints are from before; a new --run_dir and a lower "
                "--learning_rate may do better"
            )


def _take_means(state: TrainState) -> dict[str, float]:
    """The mean of each term since the last row; starts the sums of the next."""
    summed = int(state.summed)
    means = {name: float(total) / summed for name, total in state.sums.items()}
    for variable in (state.summed, *state.sums.values()):
        variable.assign(tf.zeros_like(variable))
    return means
