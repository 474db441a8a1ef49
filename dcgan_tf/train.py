"""The loop: read it top to bottom to know what a run does."""

import math
import time
from collections.abc import Callable, Iterator

import tensorflow as tf

from dcgan_tf import checkpoint, datasets, errors, history, pictures, summary
from dcgan_tf import state as states
from dcgan_tf.config import Config
from dcgan_tf.data import Batches
from dcgan_tf.datasets import Split
from dcgan_tf.drawing import Preview
from dcgan_tf.plan import Plan, check_batch_size
from dcgan_tf.progress import Progress
from dcgan_tf.runs import Run
from dcgan_tf.signals import Interruption
from dcgan_tf.state import TrainState
from dcgan_tf.step import make_train_steps

CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves


def start(plan: Plan, *, dry_run: bool) -> None:
    """Says what will run, and runs it from its newest checkpoint on."""
    state = states.create(plan.config)
    if plan.saved:
        checkpoint.restore(state, plan.saved)
    summary.show(plan, state)
    if dry_run:
        return
    split = datasets.load(plan.dataset, "train")
    check_batch_size(plan.config, len(split.labels))
    plan.run.write_config(plan.config)
    train(plan.config, plan.run, state, split)
    print(f"complete: {plan.config.epochs} epochs; see {plan.run.gif}")


def train(config: Config, run: Run, state: TrainState, split: Split) -> None:
    """Trains from where `state` stands until `config.epochs` epochs are done.

    Leaves in the run's folder what `runs` lists.  Ctrl-C, SIGTERM and SIGHUP save and
    raise SystemExit; a loss that is not finite raises RunError and saves nothing.
    """
    batches = Batches(split, config.batch_size, seed=config.seed, shift=config.shift)
    preview = Preview(state.gan, config)
    pacer = _Pacer(make_train_steps(state, config))
    _begin(run, state, preview)
    events = history.Events(run.events)
    total = config.epochs * batches.per_epoch * config.batch_size
    done = int(state.step) * config.batch_size

    with Progress(total=total, done=done) as progress, Interruption() as interruption:
        for epoch in range(int(state.epoch) + 1, config.epochs + 1):
            started = time.monotonic()
            position = int(state.step) - (epoch - 1) * batches.per_epoch
            stream = iter(batches.epoch(epoch, start=position))
            left = batches.per_epoch - position
            for steps in pacer.calls(stream, left):
                progress.advance(steps * config.batch_size)
                if interruption.signal:
                    break
            if int(state.step) < epoch * batches.per_epoch:
                checkpoint.save(state, run, checkpoint.LATEST, config.keep_checkpoints)
                interruption.leave()

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
            progress.epoch(history.line(row, config.epochs))
            pixels = preview.draw()
            pictures.write_png(pictures.frame_file(run.samples, epoch), pixels)
            events.epoch(row, pixels)

            due = epoch % config.checkpoint_every == 0 or epoch == config.epochs
            if due or interruption.signal:
                pictures.write_gif(run.gif, run.samples)
                # Last: a checkpoint promises that its artefacts exist.
                family = checkpoint.REGULAR if due else checkpoint.LATEST
                checkpoint.save(state, run, family, config.keep_checkpoints)
            if interruption.signal:
                interruption.leave()


def _begin(run: Run, state: TrainState, preview: Preview) -> None:
    """Brings the folder to where `state` stands: nothing of later epochs stays."""
    run.samples.mkdir(exist_ok=True)
    history.cut(run.metrics, int(state.epoch))
    pictures.remove_frames(run.samples, beyond=int(state.epoch))
    if int(state.step) == 0:
        pictures.write_png(pictures.frame_file(run.samples, 0), preview.draw())


class _Pacer:
    """Packs as many steps into a call as take about CALL_SECONDS."""

    def __init__(self, train_steps: Callable):
        self._train_steps = train_steps
        self._count = 1

    def calls(self, stream, left: int) -> Iterator[int]:
        """Does `left` steps on the stream's batches; yields the steps of each call."""
        while left:
            count = min(self._count, left)
            started = time.monotonic()
            self._train_steps(stream, tf.constant(count))
            seconds = time.monotonic() - started
            left -= count
            yield count
            # At most doubled: the first call, which compiles, tells nothing of the pace.
            fitting = max(1, int(CALL_SECONDS * count / seconds))
            self._count = min(2 * self._count, fitting)


def _take_means(state: TrainState, steps: int) -> dict[str, float]:
    """The epoch's mean of each term; starts the sums of the next epoch."""
    means = {name: float(total) / steps for name, total in state.sums.items()}
    for name, mean in means.items():
        if not math.isfinite(mean):
            raise errors.RunError(
                f"{name} is {mean} in epoch {int(state.epoch)}: training has diverged; "
                "its last checkpoint is from before; try a lower --learning_rate in a "
                "new --run_dir"
            )
        state.sums[name].assign(0.0)
    return means
