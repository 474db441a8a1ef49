"""A run's generator: `load(run_dir).sample(labels)`."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.gans.build import build
from dcgan_tf.gans.gan import Gan
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import arrays, errors


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """The generator of a run, at the `step` of its checkpoint."""

    config: Config
    gan: Gan
    step: int

    def sample(self, labels: Sequence[int], seed: int = 0) -> np.ndarray:
        """uint8 [N, H, W, C], an image of each class in `labels` [N], latents by `seed`.

        A run whose mode is unconditional ignores the labels but for their number.  Raises
        ValueError for labels that are not classes of the run's data set.
        """
        labels = np.asarray(labels)
        if labels.ndim != 1 or not len(labels):
            raise ValueError("labels must be a list of one class or more")
        if (
            labels.dtype.kind not in "iu"
            or not ((labels >= 0) & (labels < self.config.classes)).all()
        ):
            raise ValueError(
                f"labels must be whole numbers from 0 to {self.config.classes - 1}"
            )
        latents = self.gan.sample_latents(len(labels), [seed, 0])
        return self.gan.generate(latents, tf.constant(labels, tf.int32))

    def write(self, path: pathlib.Path) -> None:
        """The generator's weights in half precision, and the step that they are of."""
        weights = self.gan.ema_generator.get_weights()
        halves = [weight.astype(np.float16) for weight in weights]
        arrays.write(path, *halves, step=np.int64(self.step))


def balanced_labels(count: int, classes: int) -> np.ndarray:
    """`count` labels, int32, the classes in turn."""
    return np.arange(count, dtype=np.int32) % classes


def load(
    run_dir: str | os.PathLike, *, ema: bool = True, which: str = "latest"
) -> TrainedRun:
    """The generator of a run's "latest" checkpoint, or of its "best" by evaluation.

    ema: its EMA, if the run keeps one.  The run may be finished, stopped or training.
    Raises UsageError where there is no run or no such checkpoint, RunError where what lies
    there cannot be read.
    """
    if which not in CHECKPOINTS:
        raise ValueError(f"which must be one of {', '.join(CHECKPOINTS)}")
    run = Run.existing(run_dir)
    config = run.read_config()
    # In float32, whatever it was trained in: the same images on every machine.
    gan = build(config.model_copy(update={"precision": "float32"}))
    if run.exported.exists():
        if which != "latest" or not ema:
            raise errors.UsageError(
                f"--run={run.folder}: holds an exported generator alone"
            )
        return TrainedRun(config, gan, _read_exported(run, gan))
    if not ema:
        gan = dataclasses.replace(gan, ema_generator=gan.generator)
    while True:
        info = CHECKPOINTS[which](run)
        if info is None:
            missing = MISSING[which]
            if which == "best" and config.evaluate_every:
                missing = "best checkpoint yet; it has one after its first evaluation"
            raise errors.UsageError(f"--run={run.folder}: has no {missing}")
        try:
            checkpoint.restore_generator(gan.ema_generator, info, ema=ema)
            return TrainedRun(config, gan, info.step)
        except errors.RunError:
            if info.folder.exists():  # else a run in progress has put a newer one in place
                raise


def _read_exported(run: Run, gan: Gan) -> int:
    """Sets the EMA generator's weights from an export; the step that they are of."""
    weights = gan.ema_generator.get_weights()
    most = sum(weight.size for weight in weights) * 4
    try:
        if run.exported.stat().st_size > most:
            raise ValueError(f"has more than {most:,} bytes")
        held = arrays.read(run.exported)
        gan.ema_generator.set_weights([held[f"arr_{n}"] for n in range(len(weights))])
        return int(held["step"])
    except (OSError, ValueError, KeyError) as error:
        raise errors.RunError(
            f"{run.exported}: is not a generator of the config.json beside it "
            f"({errors.first_line(error)})"
        ) from error


CHECKPOINTS = {
    "latest": lambda run: run.newest_checkpoint(),
    "best": lambda run: run.best_checkpoint(),
}
MISSING = {
    "latest": "checkpoint yet; the run saves one at its end, at its checkpoint intervals, "
    "and when it is interrupted",
    "best": "best checkpoint; it keeps one when it is trained with --evaluate_every",
}
