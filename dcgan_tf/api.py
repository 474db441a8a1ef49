"""What `import dcgan_tf` offers: `load`, `train`, `grid` and the run that they return."""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Sequence
from signal import SIGINT

import numpy as np
from PIL import Image

from dcgan_tf import evaluate, main
from dcgan_tf.cli import evaluation, flags
from dcgan_tf.exports import write
from dcgan_tf.reporting import grids, log, plots
from dcgan_tf.runs import folder, trained
from dcgan_tf.support import errors, stop_signal, tf_setup

SHOWN_ROWS = 5  # of the grid that a notebook shows


@dataclasses.dataclass(frozen=True, repr=False)
class Run(trained.TrainedRun):
    """A trained run: its generator at the `step` of a checkpoint, and its folder.

    config: every setting, as `config.mode`; gan: the networks, `gans.gan.Gan`
    step:   batches of real images trained on
    folder: of the run
    ema:    whether the generator is the EMA, if the run keeps one

    A notebook shows a run as a grid of generated images.
    """

    folder: pathlib.Path
    ema: bool

    def metrics(self) -> list[dict[str, float]]:
        """Returns the log entries in the run's metrics.jsonl, oldest first; [] without any.

        Each has epoch, step, seconds, images_per_second, generator/loss and so on, and of
        evaluated epochs quality/*.  They may reach beyond `step`.
        """
        return list(log.entries(folder.Run(self.folder).metrics))

    def plot(self):
        """Returns a matplotlib Figure of losses, accuracies and quality by epoch or step.

        UsageError where matplotlib is not installed, or the run has no log entries.
        """
        entries = self.metrics()
        if not entries:
            raise errors.UsageError(f"{self.folder}: has no log entries to plot")
        title = f"{self.config.mode} on {self.config.dataset}"
        return plots.curves(entries, title, self.config.unit)

    def evaluate(
        self, *, output: str | os.PathLike | None = None, **given: object
    ) -> dict[str, dict]:
        """Returns figures of quality: {"generated": {"class_accuracy": ...}, ...}.

        Those of real training images and of memorised images stand beside "generated", as
        `dcgan-tf evaluate` prints them.  None: there are too few images to tell.

        output: a folder for evaluation.json and evaluation.png; None: nothing is written
        given:  count, seed, cas, dataset, data_dir, cache_dir, skip_broken, as on the
                command line

        Raises UsageError and RunError as the command would.
        """
        if odd := given.keys() & {"run", "samples", "which", "ema", *flags.SAMPLING}:
            raise errors.UsageError(f"--{odd.pop()}: the run is the one that was loaded")
        values = evaluate.define_flags()
        own = {"run": self.folder, "ema": self.ema, "output": output}
        flags.parse(values, {**own, **given})
        place = flags.output_path(output, folder=True, may_exist=True) if output else None
        with tf_setup.as_library():
            report = evaluation.measure(values, self)
        if place:
            evaluation.write(place, report)
        return report["figures"]

    def _repr_png_(self) -> bytes:
        """Returns the grid that a notebook shows."""
        return grids.encode_png(write.grid(self, SHOWN_ROWS))


def load(
    run_dir: str | os.PathLike | None = None,
    *,
    ema: bool = True,
    which: str = "latest",
    truncation: float = 1.0,
    redraw: float = 0.0,
) -> Run:
    """Returns a run with the generator of its "latest" checkpoint, or of its "best" one.

    run_dir: its folder, or that of an export; None: the ACGAN that comes with the package
    ema:     generate with the generator's EMA, if the run keeps one
    truncation, redraw: as flags of `dcgan-tf sample`; of images by seed

    The run may be finished, stopped or training.  Raises UsageError where there is no run
    or no such checkpoint, RunError where what lies there cannot be read.

    Load it in each process that samples: after os.fork() TensorFlow hangs.  Begin processes
    by multiprocessing.get_context("spawn").
    """
    with tf_setup.as_library():
        run = folder.Run.existing(run_dir or folder.PRETRAINED)
        loaded = trained.load(
            run.folder, ema=ema, which=which, truncation=truncation, redraw=redraw
        )
    fields = {f.name: getattr(loaded, f.name) for f in dataclasses.fields(loaded)}
    return Run(**fields, folder=run.folder.absolute(), ema=ema)


def train(
    *, callbacks: Sequence[Callable[[dict], object]] = (), **settings: object
) -> Run | None:
    """Trains a run, or goes on with one where it stopped, as `dcgan-tf train` does.

    settings:  the command's flags by name, as mode="acgan", epochs=3, run_dir="runs/a";
               None: not given.  `dcgan-tf train --helpfull` lists them.
    callbacks: are called with each log entry, a dict, when it is in metrics.jsonl and its
               frame in samples/, and before the checkpoint of its step.  One that raises
               ends the training as Ctrl-C does, and its exception, SystemExit too, is
               raised when all is saved.

    Returns the run as it then is; with dry_run=True None.  Raises UsageError for a wrong
    setting, RunError for what fails, each with the line that the command would print.
    Ctrl-C, as a notebook's stop button, saves, stops and raises KeyboardInterrupt, and at
    once if it comes twice; SIGTERM raises SystemExit.  The same call goes on from there.
    In a thread that is not the main one signals are not heard.

    The caller's settings of Keras, TensorFlow and logging are put back.  Threads may train
    and load at the same time.
    """
    values = main.define_flags()
    call = ["dcgan_tf.train", *flags.parse(values, settings)]
    failures: list[BaseException] = []

    def on_entry(entry: dict) -> bool:
        try:
            for callback in callbacks:
                callback(dict(entry))
        except BaseException as error:  # as SystemExit and CancelledError
            if isinstance(error, stop_signal.AtOnce):
                raise
            failures.append(error)
        return bool(failures)

    with tf_setup.as_library(initialise=False), stop_signal.of_library():
        run, caught = main.train(values, call, on_entry)
    if failures:
        raise failures[0]
    if caught:
        raise KeyboardInterrupt if caught == SIGINT else SystemExit(128 + caught)
    return None if values.dry_run else load(run.folder)


def grid(images: np.ndarray, columns: int = 10) -> Image.Image:
    """Draws images uint8 [N, H, W, C], or rows of them [N, M, H, W, C], legibly."""
    if images.ndim == 5:
        columns = images.shape[1]
        images = images.reshape(-1, *images.shape[2:])
    height, width = images.shape[1:3]
    layout = grids.Layout(height, width, columns)
    return Image.fromarray(grids.legible(grids.grid(images, columns), layout))
