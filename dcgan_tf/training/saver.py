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
        self._state = state
        self._run = run
        self._content = content
        self._logger = logger
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

    def save(self, kind: str, seconds: float = 0.0, score: float | None = None) -> None:
        """RunError if the disk refuses; earlier checkpoints are then untouched.

        seconds: trained since the last log entry
        """
        self._logger.sync()  # a checkpoint promises that the entries before it exist
        keep = self._content.config.keep_checkpoints
        save_state(self._state, self._run, kind, keep=keep, score=score, seconds=seconds)
        self._run.write_config(self._content)  # which may have been lost meanwhile
        self._saved = time.monotonic()

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
    tracked = state.checkpoint()
    try:
        checkpoint.save(tracked, run, kind=kind, keep=keep, score=score, seconds=seconds)
    except (tf.errors.OpError, OSError) as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)
        raise errors.RunError(
            f"{run.checkpoints / manifest.name(kind, int(state.step))} could not be saved: "
            f"{reason}; it needs {state.size() / 1e6:.0f} MB; {run.what_is_left()}"
        ) from error
