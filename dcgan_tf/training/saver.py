"""Saving a run: what a checkpoint promises, and when the next one is due."""

import math
import time

import tensorflow as tf

from dcgan_tf.reporting.run_logger import RunLogger
from dcgan_tf.runs import checkpoint, manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors
from dcgan_tf.training.train_state import TrainState


class Saver:
    """Saves a run's state, and knows when the next latest checkpoint is due.

    keep: regular checkpoints that stay; minutes: between latest checkpoints
    """

    def __init__(
        self, state: TrainState, run: Run, logger: RunLogger, *, keep: int, minutes: float
    ):
        self._state = state
        self._run = run
        self._config = run.read()
        self._logger = logger
        self._keep = keep
        self._seconds = 60 * minutes
        self._saved = time.monotonic()
        self._mine = self._place(), run.checkpoint_folders()
        best = run.best_checkpoint()
        self._best = -math.inf if best is None else best.score

    def due(self) -> bool:
        return time.monotonic() - self._saved > self._seconds

    def check_alone(self) -> None:
        """NotAloneError if the folder is another now, or another process has saved in it.

        A lock does not tell where the file system has none, as between two machines.
        """
        place, folders = self._mine
        if self._place() != place:
            raise errors.NotAloneError(
                f"{self._run.folder}: was moved, removed or replaced while this run was "
                "trained; nothing more is written; put it back and give the command again"
            )
        if foreign := set(self._run.checkpoint_folders()) - set(folders):
            raise errors.NotAloneError(
                f"{min(foreign)}: was saved by another process, which trains this run as "
                "well; nothing more is written; see to it that one alone does"
            )

    def seconds_at(self, step: int) -> float:
        """Those since its last log entry that a run had trained when it was saved there."""
        found = (info.seconds for info in self._run.saved() if info.step == step)
        return next(found, 0.0)

    def save(self, kind: str, seconds: float = 0.0, score: float | None = None) -> None:
        """RunError if the disk refuses; earlier checkpoints are then untouched.

        seconds: trained since the last log entry
        """
        self.check_alone()
        self._run.write_config(self._config)  # which may have been lost meanwhile
        self._logger.sync()  # a checkpoint promises that the entries before it exist
        save_state(
            self._state, self._run, kind, keep=self._keep, score=score, seconds=seconds
        )
        self._mine = self._place(), self._run.checkpoint_folders()
        self._saved = time.monotonic()

    def _place(self) -> tuple[int, int] | None:
        """What tells the run's folder from any other of its name; None if it is gone."""
        try:
            found = self._run.checkpoints.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def save_if_best(self, score: float) -> None:
        """Saves as the best if no earlier evaluation had so high a score."""
        if score > self._best:
            self._best = score
            self.save(manifest.BEST, score=score)


def save_state(
    state: TrainState,
    run: Run,
    kind: str,
    *,
    keep: int,
    score: float | None = None,
    seconds: float = 0.0,
) -> None:
    """Saves a run's state whole; RunError if the disk refuses."""
    try:
        checkpoint.save(
            state.checkpoint(), run, kind=kind, keep=keep, score=score, seconds=seconds
        )
    except (tf.errors.OpError, OSError) as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)
        raise errors.RunError(
            f"{run.checkpoints / manifest.name(kind, int(state.step))} could not be saved: "
            f"{reason}; it needs {state.size() / 1e6:.0f} MB; "
            f"{run.what_is_left()}"
        ) from error
