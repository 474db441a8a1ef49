"""What `dcgan_tf.load` and `dcgan_tf.train` do and return."""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from signal import SIGINT

from dcgan_tf import evaluate, main
from dcgan_tf.cli import evaluation, flags, measuring
from dcgan_tf.cli.launch import Caller
from dcgan_tf.config import resolve
from dcgan_tf.reporting import grids, metrics_log, plots
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
        """The log entries in the run's metrics.jsonl, oldest first; [] without any.

        Each has epoch, step, seconds, images_per_second, generator/loss and so on, and of
        evaluated epochs quality/*.  They may reach beyond `step`.
        """
        return list(metrics_log.entries(folder.Run(self.folder).metrics))

    def plot(self):
        """A matplotlib.figure.Figure of the losses, accuracies and quality by epoch.

        UsageError where matplotlib is not installed, or the run has no log entries.
        """
        entries = self.metrics()
        if not entries:
            raise errors.UsageError(f"{self.folder}: has no log entries to plot")
        return plots.curves(entries, f"{self.config.mode} on {self.config.dataset}")

    def evaluate(
        self, *, output: str | os.PathLike | None = None, **given: object
    ) -> dict[str, dict]:
        """Figures of quality: {"generated": {"class_accuracy": ...}, ...}.

        The figures are those of `dcgan-tf evaluate`: beside "generated" those of real
        training images and of memorised images.  None: there are too few images to tell.

        output: a folder for evaluation.json and evaluation.png; None: nothing is written
        given:  flags of the command: count, seed, cas, dataset, data_dir, cache_dir,
                skip_broken

        Raises UsageError and RunError as the command would.
        """
        values = evaluate.define_flags()
        for name in ("run", "samples", "which", "ema"):
            if name in given:
                raise errors.UsageError(f"--{name}: the run is the one that was loaded")
        flags.parse(values, {"run": self.folder, "output": output, **given})
        with tf_setup.as_library():
            request = evaluation.request(values, writes=False)
            report = measuring.measure(request, self, ema=self.ema)
        if request.output:
            evaluation.write(request.output, report)
        return report["figures"]

    def _repr_png_(self) -> bytes:
        """The grid that a notebook shows."""
        config = self.config
        labels = resolve.shown_classes(config.classes) if config.conditional else None
        layout = grids.Layout.of(config, labels)
        generated = self.sample((labels or [0] * layout.columns) * SHOWN_ROWS)
        grid = grids.grid(generated, layout.columns)
        return grids.encode_png(grids.legible(grid, layout))


def load(run_dir: str | os.PathLike | None, *, ema: bool, which: str) -> Run:
    """See `dcgan_tf.load`."""
    run = folder.Run.existing(run_dir or folder.PRETRAINED)
    loaded = trained.load(run.folder, ema=ema, which=which)
    place = run.folder.absolute()
    return Run(loaded.config, loaded.gan, loaded.step, folder=place, ema=ema)


def train(
    callbacks: Sequence[Callable[[dict], object]], settings: Mapping[str, object]
) -> Run | None:
    """See `dcgan_tf.train`."""
    values = main.define_flags()
    call = ["dcgan_tf.train", *flags.parse(values, settings)]
    failures: list[Exception] = []
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise errors.UsageError("callbacks: must be a list of functions of a log entry")

    def on_entry(entry: dict) -> bool:
        try:
            for callback in callbacks:
                callback(dict(entry))
        except Exception as error:
            failures.append(error)
        return bool(failures)

    with stop_signal.of_library():
        run, caught = main.train(values, Caller(call, on_entry))
    if failures:
        raise failures[0]
    if caught:
        raise KeyboardInterrupt if caught == SIGINT else SystemExit(128 + caught)
    return None if values.dry_run else load(run.folder, ema=True, which="latest")
