"""Saving a run: what a checkpoint promises, and when the next one is due."""

import math
import time

import tensorflow as tf

from dcgan_tf.reporting.run_logger import RunLogger
from dcgan_tf.runs import checkpoint, manifest
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors
from dcgan_tf.training.train_state import TrainState


class Saver:
    """Saves a run's state, and knows when the next latest checkpoint is due.

    content: of config.json, which is written again with each checkpoint
    """

    def __init__(self, state: TrainState, run: Run, content: RunConfig, logger: RunLogger):
        self._state, self._run, self._content, self._logger = state, run, content, logger
        self._saved = time.monotonic()
        best = run.best_checkpoint()
        self._best = -math.inf if best is None else best.score

    def due(self) -> bool:
        """Returns whether the last save is `checkpoint_minutes` ago."""
        minutes = (time.monotonic() - self._saved) / 60
        return minutes > self._content.config.checkpoint_minutes

    def seconds_at(self, step: int) -> float:
        """Returns what a run had trained since its last entry when it was saved there."""
        saved = (info.seconds for info in self._run.saved() if info.step == step)
        return next(saved, 0.0)

    def save(self, kind: str, **promised: float) -> None:
        """Saves as `save_state` does; RunError if the disk refuses."""
        self._logger.sync()  # a checkpoint promises that the entries before it exist
        keep = self._content.config.keep_checkpoints
        save_state(self._state, self._run, kind, keep=keep, **promised)
        self._run.write_config(self._content)  # which may have been lost meanwhile
        self._saved = time.monotonic()

    def save_if_best(self, score: float) -> None:
        """Saves as the best if no earlier evaluation had so high a score."""
        if score > self._best:
            self._best = score
            self.save(manifest.BEST, score=score)


def save_state(state: TrainState, run: Run, kind: str, **options) -> None:
    """Saves a run's state whole; RunError if the disk refuses: older ones are untouched.

    options: of `checkpoint.save`: keep, score, and the seconds since the last log entry
    """
    try:
        checkpoint.save(state.checkpoint(), run, kind=kind, **options)
    except (tf.errors.OpError, OSError) as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)
        raise errors.RunError(
            f"{run.checkpoints / manifest.name(kind, int(state.step))} could not be saved: "
            f"{reason}; it needs {state.size() / 1e6:.0f} MB; {run.what_is_left()}"
        ) from error
