"""A run's generator: `load(run_dir).sample(labels)`."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from dcgan_tf.config.schema import Config
from dcgan_tf.gans.build import build
from dcgan_tf.gans.gan import BLOCK, Gan
from dcgan_tf.gans.latents import INTERPOLATIONS, linear, path
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.config_file import Parent
from dcgan_tf.runs.folder import Run, parent_checkpoint
from dcgan_tf.support import arrays, errors
from dcgan_tf.support.progress import bar

MOST_SEED = 2**31 - 1
LISTED = 20  # names of classes in a message
Labels = Sequence[int | str] | np.ndarray  # [N], by name or number


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
        return f"{type(self).__name__}({', '.join(parts)})"

    def sample(
        self,
        labels: Labels | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        class_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns uint8 [N, H, W, C], an image of each class in `labels` [N].

        labels: classes by number or by name.  An unconditional run takes only their count.
        seed: from 0 to 2^31 - 1, as on the command line.  latents: float [N, Z] to take
        instead of those by the seed; an unconditional run then needs no labels.
        class_weights: float [N, classes] instead of labels, how much there is of each class
        in each image: at least 0, each row adds up to 1.

        Raises ValueError for arguments out of these bounds.

        TensorFlow then has threads, which os.fork() does not copy: a forked child hangs.
        Take multiprocessing's "spawn", and load the generator in each process.
        """
        mixed = {"latents": latents, "class_weights": class_weights}
        return np.concatenate(list(self.sample_blocks(labels, seed, **mixed)))

    def sample_blocks(
        self,
        labels: Labels | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        class_weights: np.ndarray | None = None,
    ) -> Iterator[np.ndarray]:
        """Yields what `sample` returns, in blocks [B, H, W, C], made when asked for."""
        if latents is not None:
            latents = np.asarray(latents, np.float32)
            size = self.config.latent_dim
            if latents.shape[1:] != (size,) or not np.isfinite(latents).all():
                raise ValueError(
                    f"latents must be finite numbers of the shape [N, {size}], these are "
                    f"{list(latents.shape)}"
                )
        classes = self._classes(labels, class_weights, latents)
        if latents is None:
            latents = self.sample_latents(len(classes), seed)
        # Blocks of whole batches of `generate`: of other sizes it may round otherwise.
        parts = bar(list(arrays.blocks(len(classes), 4 * BLOCK)), "generating")
        return (self.gan.generate(latents[part], classes[part]) for part in parts)

    def sample_latents(self, count: int, seed: int = 0) -> np.ndarray:
        """Returns float32 [count, Z], as `sample` draws them by this seed."""
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MOST_SEED:
            raise ValueError(f"seed must be a whole number from 0 to {MOST_SEED}")
        return self.gan.sample_latents(count, [seed, 0]).numpy()

    def interpolate(
        self,
        labels: Labels,
        steps: int = 8,
        seed: int = 0,
        *,
        stops: int = 2,
        closed: bool = False,
    ) -> np.ndarray:
        """Returns uint8 [N, M, H, W, C]: for each class in `labels` [N] a row of images.

        Each row passes `stops` latents of its own, in `steps` images from one to the next,
        both included; the first are those of `sample(labels, seed)`.  closed: the row goes
        on to the first again.  M is as `gans.latents.path` has it.  Normal latents are
        interpolated spherically, uniform latents linearly.
        """
        _check(2, steps=steps, stops=stops)
        labels = self._class_numbers(labels)
        count, prior = len(labels), self.config.latent_prior
        ends = self.sample_latents(stops * count, seed).reshape(stops, count, -1)
        points = path(ends, steps, INTERPOLATIONS[prior], closed=closed)
        rows = points.swapaxes(0, 1)
        images = self.sample(
            np.repeat(np.asarray(labels), len(points)), latents=np.concatenate(rows)
        )
        return images.reshape(*rows.shape[:2], *images.shape[1:])

    def morph(
        self,
        classes: Sequence[int | str],
        steps: int = 8,
        seed: int = 0,
        *,
        count: int = 1,
        closed: bool = False,
    ) -> np.ndarray:
        """Returns uint8 [count, M, H, W, C]: rows of images from each class to the next.

        A row has latents of its own, and `steps` images from a class to the next, both
        included; M is as `gans.latents.path` has it.  What the generator takes of a class,
        the row of its embedding or a one-hot vector, is interpolated linearly.
        """
        _check(2, steps=steps)
        _check(1, count=count)
        one_hot = np.eye(self.config.classes)[self._class_numbers(classes)]
        weights = path(one_hot, steps, linear, closed=closed)
        fixed = np.repeat(self.sample_latents(count, seed), len(weights), axis=0)
        images = self.sample(class_weights=np.tile(weights, (count, 1)), latents=fixed)
        return images.reshape(count, len(weights), *images.shape[1:])

    def _classes(
        self,
        labels: Labels | None,
        class_weights: np.ndarray | None,
        latents: np.ndarray | None,
    ) -> np.ndarray:
        """Returns what the generator takes: int32 [N], or float32 [N, classes]."""
        mode, classes = self.config.mode, self.config.classes
        if class_weights is not None and not self.config.conditional:
            raise ValueError(
                f"class_weights: the run is of mode {mode}, whose generator has no classes"
            )
        if labels is class_weights is None and not self.config.conditional:
            labels = None if latents is None else [0] * len(latents)
        if (labels is None) == (class_weights is None):
            raise ValueError("labels or class_weights: give one of them")
        if labels is not None:
            given = self._class_numbers(labels)
        else:
            given = np.asarray(class_weights, np.float32)
            fits = given.shape[1:] == (classes,) and len(given) and (given >= 0).all()
            if not fits or abs(given.sum(axis=1) - 1).max() > 1e-3:
                raise ValueError(
                    f"class_weights must be of the shape [N, {classes}], at least 0, and "
                    "add up to 1 in each row"
                )
        if latents is not None and len(latents) != len(given):
            raise ValueError(f"latents: {len(latents)} of them for {len(given)} images")
        return given

    def _class_numbers(self, labels: Labels) -> np.ndarray:
        """Returns int32 [N]; ValueError unless each is the name or number of a class."""
        given = np.asarray(labels)
        if given.ndim != 1 or not len(given):
            raise ValueError("labels must be a list of one class or more: [0] * 10")
        names, classes = self.config.names, self.config.classes
        if not self.config.conditional:
            return np.zeros(len(given), np.int32)
        if given.dtype.kind == "U":
            numbers = {name: number for number, name in enumerate(names)}
            given = np.array([numbers.get(name, -1) for name in given.tolist()])
        if given.dtype.kind not in "iu" or not ((given >= 0) & (given < classes)).all():
            or_names = ""
            if self.config.class_names:
                or_names = f", or names: {', '.join(names[:LISTED])}"
                or_names += ", ..." if classes > LISTED else ""
            raise ValueError(
                f"labels must be whole numbers from 0 to {classes - 1}{or_names}"
            )
        return given.astype(np.int32)

    def write(self, path: pathlib.Path) -> None:
        """Writes the generator's weights in half precision, and their step."""
        weights = self.gan.ema_generator.get_weights()
        halves = [weight.astype(np.float16) for weight in weights]
        arrays.write(path, *halves, step=np.int64(self.step))


def _check(least: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if not isinstance(number, (int, np.integer)) or number < least:
            raise ValueError(f"{name} must be a whole number, at least {least}: {number}")


def load(
    run_dir: str | os.PathLike,
    *,
    ema: bool = True,
    which: str = "latest",
) -> TrainedRun:
    """Returns the generator of a run's "latest" checkpoint, or its "best" by evaluation.

    ema: its EMA, if the run keeps one.  The run may be finished, stopped or training; the
    discriminator's weights are new ones.
    Raises UsageError where there is no run or no such checkpoint, RunError where what lies
    there cannot be read.
    """
    if which not in MISSING:
        raise ValueError(f"which must be one of {', '.join(MISSING)}")
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
    # Keras 3.8 counts casts among the layers, by whose numbers TensorFlow reads.
    saved = gan if config.precision == "float32" else build(config)
    while True:
        info = run.best_checkpoint() if which == "best" else run.newest_checkpoint()
        if info is None:
            missing = MISSING[which]
            if which == "best" and config.evaluate_every:
                missing = "best checkpoint yet; it has one after its first evaluation"
            raise errors.UsageError(f"--run={run.folder}: has no {missing}")
        try:
            checkpoint.restore_generator(saved.ema_generator, info, ema=ema)
            gan.ema_generator.set_weights(saved.ema_generator.get_weights())
            return TrainedRun(config, gan, info.step)
        except errors.RunError:
            if info.folder.exists():  # else a run in progress has put a newer one in place
                raise


def _read_exported(run: Run, gan: Gan) -> int:
    """Sets the EMA generator's weights from an export, and returns their step."""
    try:
        held = arrays.read(run.exported)
        weights = range(len(gan.ema_generator.weights))
        gan.ema_generator.set_weights([held[f"arr_{n}"] for n in weights])
        return int(held["step"])
    except (ValueError, KeyError) as error:
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


# What a run lacks that has no such checkpoint.
MISSING = {
    "latest": "checkpoint yet; the run saves one at its end, at its checkpoint intervals, "
    "and when it is interrupted",
    "best": "best checkpoint; it keeps one when it is trained with --evaluate_every",
}
