"""A run's generator, to draw with: `load(run_dir).sample(labels)`."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dcgan_tf import checkpoint, drawing, errors, files, gans
from dcgan_tf.config import Config
from dcgan_tf.runs import Run


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """The drawn generator of a run, at the `step` of its newest checkpoint."""

    config: Config
    gan: gans.Gan
    step: int

    def sample(self, labels: Sequence[int], seed: int = 0) -> np.ndarray:
        """uint8 [N, 28, 28, 1], an image of each class in `labels` [N], noise by `seed`.

        A run whose mode is unconditional draws N images of whatever comes.  Raises
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
        noise = self.gan.draw_noise(len(labels), [seed, 0])
        return drawing.draw(self.gan, noise, tf.constant(labels, tf.int32))

    def write(self, path: pathlib.Path) -> None:
        """The generator's weights in half precision, and the step that they are of."""
        halves = [weight.astype(np.float16) for weight in self.gan.drawn.get_weights()]
        with files.replacing(path) as temporary:
            np.savez_compressed(temporary, *halves, step=np.int64(self.step))


def load(
    run_dir: str | os.PathLike, *, averaged: bool = True, which: str = "latest"
) -> TrainedRun:
    """The generator of a run's "latest" checkpoint, or of its "best" by evaluation.

    averaged: its running average, if the run keeps one.  The run may be finished, stopped
    or training.  Raises UsageError where there is no run or no such checkpoint, RunError
    where what lies there cannot be read.
    """
    if which not in CHECKPOINTS:
        raise ValueError(f"which must be one of {', '.join(CHECKPOINTS)}")
    run = Run.existing(run_dir)
    config = run.read_config()
    # In float32, whatever it was trained in: the same images on every machine.
    gan = gans.build(dataclasses.replace(config, precision="float32"))
    if run.exported.exists():
        if which != "latest" or not averaged:
            raise errors.UsageError(
                f"--run={run.folder}: holds an exported generator alone"
            )
        return _exported(run, config, gan)
    if not averaged:
        gan = dataclasses.replace(gan, drawn=gan.generator)
    while True:
        saved = CHECKPOINTS[which](run)
        if saved is None:
            raise errors.UsageError(f"--run={run.folder}: has no {MISSING[which]}")
        try:
            checkpoint.restore_generator(gan.drawn, saved, averaged=averaged)
            return TrainedRun(config, gan, saved.step)
        except errors.RunError:
            if saved.folder.exists():  # else a run in progress has put a newer one in place
                raise


def _exported(run: Run, config: Config, gan: gans.Gan) -> TrainedRun:
    weights = gan.drawn.get_weights()
    most = sum(weight.size for weight in weights) * 4
    try:
        if run.exported.stat().st_size > most:
            raise ValueError(f"has more than {most:,} bytes")
        with (
            run.exported.open("rb") as file,  # which NumPy would leave open if it fails
            np.load(file, allow_pickle=False) as arrays,
        ):
            step = int(arrays["step"])
            gan.drawn.set_weights([arrays[f"arr_{n}"] for n in range(len(weights))])
    except files.NO_ARRAYS as error:
        raise errors.RunError(
            f"{run.exported}: is not a generator of the config.json beside it "
            f"({errors.first_line(error)})"
        ) from error
    return TrainedRun(config, gan, step)


CHECKPOINTS = {
    "latest": lambda run: run.newest_checkpoint(),
    "best": lambda run: run.best_checkpoint(),
}
MISSING = {
    "latest": "checkpoint yet; the run saves one at its end, at its checkpoint intervals, "
    "and when it is interrupted",
    "best": "best checkpoint; it keeps one when it is trained with --evaluate_every",
}
