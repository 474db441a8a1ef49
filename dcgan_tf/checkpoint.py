"""Checkpoints that are whole or absent, and restores that are strict.

A checkpoint is a folder: TensorFlow's files and a manifest with their hashes, written
as <name>.tmp and renamed when everything is on the disk.  The newest valid manifest
wins, so there is no state file that could lie.
"""

import json
import pathlib

import keras
import tensorflow as tf

from dcgan_tf import errors, files
from dcgan_tf.runs import FORMAT, MANIFEST, Run, Saved, sha256
from dcgan_tf.state import TrainState

# What damaged or foreign files make TensorFlow raise; AssertionError: a part is missing.
READ_ERRORS = (tf.errors.OpError, ValueError, IndexError, AssertionError, OSError)

REGULAR = "step"  # saved at the interval; the newest few are kept
LATEST = "latest"  # saved in between, on interruption; removed by the next checkpoint


def save(state: TrainState, run: Run, family: str, keep: int) -> None:
    """Saves `state` whole, then removes the checkpoints that it supersedes.

    `keep` checkpoints of the REGULAR family stay.  Raises RunError if the disk refuses.
    """
    step, epoch = int(state.step), int(state.epoch)
    folder = run.checkpoints / f"{family}_{step:08d}"
    try:
        _write(state.checkpoint(), folder, {"step": step, "epoch": epoch})
    except (tf.errors.OpError, OSError) as error:
        raise errors.RunError(
            f"{folder} could not be saved: {errors.first_line(error)}; "
            "earlier checkpoints are untouched"
        ) from error
    folders = [saved.folder for saved in run.saved()]  # the newest first
    regular = [path for path in folders if path.name.startswith(REGULAR)]
    latest = [path for path in folders if path.name.startswith(LATEST)]
    for old in (set(latest) | set(regular[keep:])) - {folder}:
        files.remove_folder(old)


def _write(checkpoint: tf.train.Checkpoint, folder: pathlib.Path, counters: dict):
    with files.replacing_folder(folder) as temporary:
        checkpoint.write(str(temporary / Saved.PREFIX))
        hashes = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
        manifest = {"format": FORMAT, **counters, "sha256": hashes}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def restore(state: TrainState, saved: Saved) -> None:
    """Sets every variable of `state` from `saved`; RunError unless all are there."""
    try:
        state.checkpoint().read(saved.prefix).assert_consumed()
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{saved.folder} does not fit its run's config.json "
            f"({errors.first_line(error)})"
        ) from error


def restore_drawn(drawn: keras.Model, saved: Saved) -> None:
    """Sets the weights of the drawn generator alone; RunError unless all are there."""
    try:
        status = tf.train.Checkpoint(drawn=drawn).read(saved.prefix)
        status.assert_existing_objects_matched().expect_partial()
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{saved.folder} holds no generator of its run's config.json "
            f"({errors.first_line(error)})"
        ) from error
