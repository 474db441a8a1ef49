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
        return
    split = datasets.load(plan.dataset, "train")
    check_batch_size(plan.config, len(split.labels))
    plan.run.write_config(plan.config)
    try:
        caught = train(plan.config, plan.run, state, split)
    except tf.errors.OpError as error:  # no memory, or a disk that TensorFlow cannot write
        raise errors.RunError(f"{plan.run.folder}: {errors.first_line(error)}") from error
    if caught:
        say(f"{caught.name}: saved; the same command goes on from here")
        raise SystemExit(128 + caught)
    say(f"complete: {plan.config.epochs} epochs; see {plan.run.gif}")


def train(config: Config, run: Run, state: TrainState, split: Split) -> Signals | None:
    """Trains from where `state` stands until `config.epochs` epochs are done.

    Leaves in the run's folder what `runs` lists.  Returns the signal that stopped it
    before its end, once everything is saved; raises RunError if a loss is not finite.
    """
    batches = Batches(split, config.batch_size, seed=config.seed, shift=config.shift)
    preview = Preview(state.gan, config)
    stream = iter(batches.stream(int(state.step)))
    pacer = _Pacer(make_train_steps(state, config), stream)
    _begin(run, state, preview)
    events = history.Events(run.events)
    total = config.epochs * batches.per_epoch * config.batch_size
    done = int(state.step) * config.batch_size

    with Progress(total=total, done=done) as progress, Interruption() as interruption:
        for epoch in range(int(state.epoch) + 1, config.epochs + 1):
            started = time.monotonic()
            left = epoch * batches.per_epoch - int(state.step)
            for steps in pacer.calls(left):
                progress.advance(steps * config.batch_size)
                if interruption.signal:
                    break
            _check_finite(state)
            if int(state.step) < epoch * batches.per_epoch:
                _save(state, run, checkpoint.LATEST, config)
                return interruption.signal

            state.epoch.assign(epoch)
            seconds = time.monotonic() - started
            row = {
                "epoch": epoch,
                "step": int(state.step),
                "seconds": round(seconds, 3),
                "images_per_second": round(left * config.batch_size / seconds, 1),
                **_take_means(state, batches.per_epoch),
            }
            history.append(run.metrics, row)
            pixels = preview.draw()
            pictures.write_png(pictures.frame_file(run.samples, epoch), pixels)
            events.epoch(row, pixels)
            progress.epoch(history.line(row, config.epochs))

            if epoch % config.checkpoint_every == 0 or epoch == config.epochs:
                _save(state, run, checkpoint.REGULAR, config)
            elif interruption.signal:
                _save(state, run, checkpoint.LATEST, config)
            if interruption.signal and epoch < config.epochs:
                return interruption.signal
    return None


def _save(state: TrainState, run: Run, family: str, config: Config) -> None:
    pictures.write_gif(run.gif, run.samples)
    # Last: a checkpoint promises that its artefacts exist.
    checkpoint.save(state, run, family, config.keep_checkpoints)


def _begin(run: Run, state: TrainState, preview: Preview) -> None:
    """Brings the folder to where `state` stands: nothing of later epochs stays."""
    run.samples.mkdir(exist_ok=True)
    history.cut(run.metrics, int(state.epoch))
    pictures.remove_frames(run.samples, beyond=int(state.epoch))
    if int(state.step) == 0:
        pictures.write_png(pictures.frame_file(run.samples, 0), preview.draw())


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
    """RunError if a loss of this epoch is not finite; then nothing is saved."""
    for name, total in state.sums.items():
        if not math.isfinite(float(total)):
            raise errors.RunError(
                f"{name} is {float(total)} by step {int(state.step)}: training diverged; "
                "its checkpoints are from before; a new --run_dir and a lower "
                "--learning_rate may do better"
            )


def _take_means(state: TrainState, steps: int) -> dict[str, float]:
    """The epoch's mean of each term; starts the sums of the next epoch."""
    means = {name: float(total) / steps for name, total in state.sums.items()}
    for total in state.sums.values():
        total.assign(0.0)
    return means
