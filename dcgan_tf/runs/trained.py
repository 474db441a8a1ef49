"""A run's generator: `load(run_dir).sample(labels)`."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from dcgan_tf.config import class_names
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans.build import build
from dcgan_tf.gans.gan import BLOCK, Gan
from dcgan_tf.gans.latents import INTERPOLATIONS, linear, path
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.folder import Parent, Run
from dcgan_tf.support import arrays, errors
from dcgan_tf.support.progress import bar

REDRAWS, BESIDE = 10, 16  # of an image, at most; images of its class beside it
Labels = Sequence[int | str] | np.ndarray | int  # [N], by name or number; N alone


@dataclasses.dataclass(frozen=True, repr=False)
class TrainedRun:
    """The generator of a run, at the `step` of its checkpoint.

    truncation: what latents are multiplied by that are not given
    redraw: images of labels by seed are replaced, REDRAWS times at most, whose class the
            discriminator's class head gives a lower probability (rejection sampling)
    """

    config: Config
    gan: Gan
    step: int
    truncation: float = dataclasses.field(default=1.0, kw_only=True)
    redraw: float = dataclasses.field(default=0.0, kw_only=True)

    def __repr__(self) -> str:
        config = self.config
        spec = ImageSpec.of(config)
        classes = f"{config.classes:,} classes, " if config.conditional else ""
        of = f"{config.mode} on {config.dataset}, {spec}, {classes}step {self.step:,}"
        return f"{type(self).__name__}({of})"

    def sample(
        self,
        labels: Labels | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        class_weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns uint8 [N, H, W, C], an image of each class in `labels` [N].

        labels: classes by number or by name; without classes, how many images.
        seed: from 0 to 2^31 - 1, as on the command line.  latents: float [N, Z] to take
        instead of those by the seed; an unconditional run then needs no labels.
        class_weights: float [N, classes] instead of labels, how much there is of each class
        in each image: at least 0, each row adds up to 1.

        Raises ValueError for arguments out of these bounds.
        """
        return np.concatenate([*self.sample_blocks(labels, seed, latents, class_weights)])

    def sample_blocks(
        self, labels=None, seed=0, latents=None, class_weights=None
    ) -> Iterator[np.ndarray]:
        """Yields what `sample` returns, in blocks [B, H, W, C], made when asked for."""
        if latents is not None:
            latents = np.asarray(latents, np.float32)
        classes = self._classes(labels, class_weights, latents)
        redraws = self.redraw > 0 and latents is None and class_weights is None
        if latents is None:
            latents = self.sample_latents(len(classes), seed)
        # Blocks of whole batches of `generate`: of other sizes it may round otherwise.
        parts = bar(list(arrays.blocks(len(classes), 4 * BLOCK)), "generating")
        blocks = ((p, self.gan.generate(latents[p], classes[p])) for p in parts)
        if redraws:
            return (self._redrawn(block, classes[p], seed, p.start) for p, block in blocks)
        return (block for _, block in blocks)

    def _redrawn(self, images, labels, seed: int, first: int) -> np.ndarray:
        """Returns the images [B, ...] from number `first` on, the unlikely ones others."""

        def generate(labels, number):
            latents = self.gan.sample_latents(len(labels), [seed, number]).numpy()
            return self.gan.generate(self.truncation * latents, labels)

        # A discriminator with ClassStd judges an image beside others of its class.
        classes, unlikely = np.repeat(np.unique(labels), BESIDE), np.arange(len(labels))
        beside = generate(classes, first + REDRAWS + 1)
        for turn in range(1, REDRAWS + 1):
            compared = np.concatenate([images[unlikely], beside])
            of = np.concatenate([labels[unlikely], classes])
            likely = self.gan.class_probability(compared, of, self.config.classes)
            unlikely = unlikely[likely[: len(unlikely)] < self.redraw]
            if not len(unlikely):
                break
            images[unlikely] = generate(labels[unlikely], first + turn)
        return images

    def sample_latents(self, count: int, seed: int = 0) -> np.ndarray:
        """Returns float32 [count, Z], as `sample` draws them by this seed."""
        _require_whole(0, seed=seed)
        return self.truncation * self.gan.sample_latents(count, [seed, 0]).numpy()

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
        _require_whole(2, steps=steps, stops=stops)
        labels = self._classes(labels)
        count, between = len(labels), INTERPOLATIONS[self.config.latent_prior]
        ends = self.sample_latents(stops * count, seed).reshape(stops, count, -1)
        rows = path(ends, steps, between, closed=closed).swapaxes(0, 1)
        repeated = np.repeat(labels, rows.shape[1])
        images = self.sample(repeated, latents=np.concatenate(rows))
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
        _require_whole(2, steps=steps)
        _require_whole(1, count=count)
        one_hot = np.eye(self.config.classes)[self._classes(classes)]
        weights = path(one_hot, steps, linear, closed=closed)
        fixed = np.repeat(self.sample_latents(count, seed), len(weights), axis=0)
        images = self.sample(class_weights=np.tile(weights, (count, 1)), latents=fixed)
        return images.reshape(count, len(weights), *images.shape[1:])

    def _classes(self, labels, class_weights=None, latents=None) -> np.ndarray:
        """Returns what the generator takes: int32 [N], or float32 [N, classes]."""
        by_label, shape = class_weights is None, np.shape(latents)
        if shape and labels is None and by_label and not self.config.conditional:
            labels = len(latents)
        _require((labels is None) != by_label, "labels or class_weights: give one of them")
        classes = self._numbers(labels) if by_label else self._mixtures(class_weights)
        expected = (len(classes), self.config.latent_dim)
        fits = latents is None or (shape == expected and np.isfinite(latents).all())
        line = f"latents must be finite numbers {[*expected]}, these are {[*shape]}"
        _require(fits, line)
        return classes

    def _numbers(self, labels: Labels) -> np.ndarray:
        """Returns the number of each class, int32 [N]; 0 in an unconditional run."""
        given, config = np.asarray(labels), self.config
        if not config.conditional:
            is_count = given.ndim == 0 and given.dtype.kind in "iu"
            given = np.zeros(max(int(given), 0) if is_count else given.shape, np.int32)
        elif given.dtype.kind == "U":
            find = class_names.finder(config.names)
            given = np.array([find(str(name)) for name in given])
        is_list = given.dtype.kind in "iu" and given.ndim == 1 and given.size
        names = f", or names: {errors.listed(config.class_names or [])}"
        _require(
            is_list and np.isin(given, range(config.classes)).all(),
            "labels must be a list of one class or more, whole numbers from 0 to "
            f"{config.classes - 1}{names if config.class_names else ''}",
        )
        return given.astype(np.int32)

    def _mixtures(self, class_weights: np.ndarray) -> np.ndarray:
        """Returns the share of each class, float32 [N, classes]."""
        given, config = np.asarray(class_weights, np.float32), self.config
        _require(config.conditional, "class_weights: the run has no classes")
        _require(
            given.shape[1:] == (config.classes,)
            and given.size
            and given.min() >= 0
            and abs(given.sum(axis=1) - 1).max() <= 1e-3,
            f"class_weights must be of the shape [N, {config.classes}], at least 0, and "
            "add up to 1 in each row",
        )
        return given

    def write(self, path: pathlib.Path) -> None:
        """Writes the generator's weights in half precision, and their step."""
        halves = [w.astype(np.float16) for w in self.gan.ema_generator.get_weights()]
        arrays.write(path, *halves, step=np.int64(self.step))


def _require(is_right: object, line: str) -> None:
    if not is_right:
        raise ValueError(line)


def _require_whole(least: int, **arguments: object) -> None:
    for name, value in arguments.items():
        whole = isinstance(value, (int, np.integer)) and least <= value < 2**31
        _require(whole, f"{name} must be a whole number from {least} to 2^31 - 1")


def load(
    run_dir: str | os.PathLike,
    *,
    ema: bool = True,
    which: str = "latest",
    truncation: float = 1.0,
    redraw: float = 0.0,
) -> TrainedRun:
    """Returns the generator of a run's "latest" or "best" checkpoint, as `api.load`."""
    run = Run.existing(run_dir)
    config = run.read_config()
    find = {"latest": run.newest_checkpoint, "best": run.best_checkpoint}[which]
    sampling = {"truncation": truncation, "redraw": redraw}
    for name, most in (("truncation", 2), ("redraw", 0.999)):
        if not 0 <= sampling[name] <= most:
            raise errors.UsageError(f"--{name}={sampling[name]}: must be from 0 to {most}")
    if redraw and (run.exported.exists() or not config.class_head):
        raise errors.UsageError(
            f"--redraw: {run.folder} has no class head, which runs of --mode=acgan have, "
            "but not their exports; leave it out"
        )
    # In float32, whatever it was trained in: the same images on every machine.
    gan = build(config.model_copy(update={"precision": "float32"}))
    if run.exported.exists():
        if not ema or which == "best":
            raise errors.UsageError(
                f"--run={run.folder}: is an export: no --which=best, no --noema"
            )
        return TrainedRun(config, gan, run.read_exported(gan.ema_generator), **sampling)
    name = "ema_generator"
    if not ema:
        gan, name = dataclasses.replace(gan, ema_generator=gan.generator), "generator"
    # Keras 3.8 counts casts among the layers, by whose numbers TensorFlow reads.
    saved = gan if config.precision == "float32" else build(config)
    while True:
        info = find()
        if info is None:
            how = "--evaluate_every keeps one" if which == "best" else "train it further"
            raise errors.UsageError(f"--run={run.folder}: has no {which} checkpoint; {how}")
        try:
            networks = {name: saved.ema_generator}
            if redraw:
                networks["discriminator"] = saved.discriminator
            checkpoint.restore_weights(info, **networks)
            gan.ema_generator.set_weights(saved.ema_generator.get_weights())
            if redraw:
                gan.discriminator.set_weights(saved.discriminator.get_weights())
            return TrainedRun(config, gan, info.step, **sampling)
        except errors.RunError:
            if info.folder.exists():  # else a run in progress has put a newer one in place
                raise


def restore_parent(gan: Gan, parent: Parent) -> None:
    """Sets the weights that a run begins with; RunError where they are no longer there."""
    run = Run(pathlib.Path(parent.run))
    if run.exported.exists() and run.exported_parent() == parent:
        run.read_exported(gan.generator, gan.ema_generator)
        return
    for info in run.saved():
        if info.manifest_hash == parent.manifest_hash and info.is_intact():
            checkpoint.restore_networks(gan, info)
            return
    raise errors.RunError(
        f"{run.folder}: no longer holds what the run began with at step {parent.step:,}; "
        "name another --run_dir"
    )
