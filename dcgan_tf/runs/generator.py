"""A run's generator: `load(run_dir).sample(labels)`."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.gans.build import build
from dcgan_tf.gans.gan import BLOCK, Gan
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.config_file import Parent
from dcgan_tf.runs.folder import Run, parent_checkpoint
from dcgan_tf.support import arrays, errors
from dcgan_tf.support.progress import bar

MOST_SEED = 2**31 - 1
LISTED = 20  # names of classes in a message


@dataclasses.dataclass(frozen=True, repr=False)
class TrainedRun:
    """The generator of a run, at the `step` of its checkpoint."""

    config: Config
    gan: Gan
    step: int

    def __repr__(self) -> str:
        config = self.config
        parts = [
            f"{config.mode} on {config.dataset}",
            f"{config.height}x{config.width}x{config.channels}",
            *([f"{config.classes:,} classes"] if config.conditional else []),
            f"step {self.step:,}",
        ]
        return f"TrainedRun({', '.join(parts)})"

    def sample(self, labels: Sequence[int | str], seed: int = 0) -> np.ndarray:
        """uint8 [N, H, W, C], an image of each class in `labels` [N], latents by `seed`.

        labels: classes by number or by name.  A run whose mode is unconditional ignores
        them but for how many they are.  seed: from 0 to 2^31 - 1, as on the command line.
        Raises ValueError for a seed beyond, and for what is no class of the run's data set.

        After it TensorFlow has threads, which os.fork() does not copy: in a forked child it
        hangs.  Take multiprocessing's "spawn", and load the generator in each process.
        """
        return np.concatenate(list(self.sample_blocks(labels, seed)))

    def sample_blocks(
        self, labels: Sequence[int | str], seed: int = 0
    ) -> Iterator[np.ndarray]:
        """What `sample` returns, in blocks [B, H, W, C], made when they are asked for."""
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MOST_SEED:
            raise ValueError(f"seed must be a whole number from 0 to {MOST_SEED}")
        numbers = tf.constant(self._class_numbers(labels), tf.int32)
        latents = self.gan.sample_latents(len(numbers), [seed, 0])
        # Blocks of whole batches of `generate`: of other sizes it may round otherwise.
        parts = bar(list(arrays.blocks(len(numbers), 4 * BLOCK)), "generating")
        return (self.gan.generate(latents[part], numbers[part]) for part in parts)

    def _class_numbers(self, labels: Sequence[int | str]) -> np.ndarray:
        """int [N]; ValueError unless each is the name or the number of a class."""
        given = np.asarray(labels)
        if given.ndim != 1 or not len(given):
            raise ValueError("labels must be a list of one class or more: [0] * 10")
        names, classes = self.config.names, self.config.classes
        if not self.config.conditional:
            return np.zeros(len(given), np.int32)
        if given.dtype.kind == "U":
            known = {name: number for number, name in enumerate(names)}
            given = np.array([known.get(name, -1) for name in given.tolist()])
        if given.dtype.kind not in "iu" or not ((given >= 0) & (given < classes)).all():
            or_names = ""
            if self.config.class_names:
                or_names = f", or names: {', '.join(names[:LISTED])}"
                or_names += ", ..." if classes > LISTED else ""
            raise ValueError(
                f"labels must be whole numbers from 0 to {classes - 1}{or_names}"
            )
        return given

    def write(self, path: pathlib.Path) -> None:
        """The generator's weights in half precision, and the step that they are of."""
        weights = self.gan.ema_generator.get_weights()
        halves = [weight.astype(np.float16) for weight in weights]
        arrays.write(path, *halves, step=np.int64(self.step))


def load(
    run_dir: str | os.PathLike,
    *,
    ema: bool = True,
    which: str = "latest",
    discriminator: bool = False,
) -> TrainedRun:
    """The generator of a run's "latest" checkpoint, or of its "best" by evaluation.

    ema: its EMA, if the run keeps one.  discriminator: restores that as well, which no
    export holds; else its weights are new ones.  The run may be finished, stopped or
    training.
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
            if discriminator:
                checkpoint.restore_discriminator(gan.discriminator, info)
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


def restore_parent(gan: Gan, parent: Parent) -> None:
    """Sets the weights that a run begins with; of an export the generator's alone.

    RunError where they are no longer what the run began with.
    """
    run = Run(pathlib.Path(parent.run))
    if not run.exported.exists():
        checkpoint.restore_networks(gan, parent_checkpoint(parent))
        return
    if run.exported_parent() != parent:
        raise errors.RunError(
            f"{run.exported}: is not the generator that the run began with; put it back, "
            "or name another --run_dir"
        )
    _read_exported(run, gan)
    gan.generator.set_weights(gan.ema_generator.get_weights())


CHECKPOINTS = {
    "latest": lambda run: run.newest_checkpoint(),
    "best": lambda run: run.best_checkpoint(),
}
MISSING = {
    "latest": "checkpoint yet; the run saves one at its end, at its checkpoint intervals, "
    "and when it is interrupted",
    "best": "best checkpoint; it keeps one when it is trained with --evaluate_every",
}
