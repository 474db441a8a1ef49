"""Checkpoints that are whole or absent, and restores that are strict.

A checkpoint is a folder: TensorFlow's files and a manifest with their hashes, written
as <name>.tmp and renamed when everything is on the disk.  The newest valid manifest
wins, so there is no state file that could lie.
"""

import math

import keras
import tensorflow as tf

from dcgan_tf import errors, files, saves
from dcgan_tf.gans import Gan
from dcgan_tf.runs import Run
from dcgan_tf.saves import Saved
from dcgan_tf.state import TrainState

# What damaged or foreign files make TensorFlow raise; AssertionError: a part is missing.
READ_ERRORS = (tf.errors.OpError, ValueError, IndexError, AssertionError, OSError)


def save(state: TrainState, run: Run, family: str, keep: int) -> None:
    """Saves `state` whole, then removes the checkpoints that it supersedes.

    `keep` checkpoints of the regular family stay.  Raises RunError if the disk refuses.
    """
    step, epoch = int(state.step), int(state.epoch)
    folder = run.checkpoints / saves.name(family, step)
    try:
        with files.replacing_folder(folder) as temporary:
            state.checkpoint().write(str(temporary / Saved.PREFIX))
            saves.write_manifest(temporary, step, epoch)
    except (tf.errors.OpError, OSError) as error:
        raise errors.RunError(
            f"{folder} could not be saved: {errors.first_line(error)}; it needs "
            f"{state.size() / 1e6:.0f} MB; earlier checkpoints are untouched, and the same "
            "command goes on from them"
        ) from error
    folders = [saved.folder for saved in run.saved()]  # the newest first
    regular = [path for path in folders if path.name.startswith(saves.REGULAR)]
    latest = [path for path in folders if path.name.startswith(saves.LATEST)]
    best = [path for path in folders if path.name.startswith(saves.BEST)]
    for old in {*latest, *regular[keep:], *best[1:]} - {folder}:
        files.remove_folder(old)


def restore(state: TrainState, saved: Saved) -> None:
    """Sets every variable of `state` from `saved`; RunError unless all are there."""
    try:
        _check_sizes(saved)
        status = state.checkpoint().read(saved.prefix)
        status.expect_partial().assert_consumed()  # that is: no lines on stderr as well
        if (int(state.step), int(state.epoch)) != (saved.step, saved.epoch):
            raise ValueError(f"is of step {int(state.step)}, not {saved.step}")
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{saved.folder} does not fit its run's config.json "
            f"({errors.first_line(error)}); if it is of a version with other networks, "
            "train anew in another --run_dir"
        ) from error


def restore_generator(generator: keras.Model, saved: Saved, *, averaged: bool) -> None:
    """Sets the weights of the generator alone: its average if one was kept, or itself.

    RunError unless all are there.
    """
    _restore_weights(saved, **{"drawn" if averaged else "generator": generator})


def restore_networks(gan: Gan, saved: Saved) -> None:
    """Sets the weights of both players, and of the generator's average if one is kept."""
    _restore_weights(saved, generator=gan.generator, discriminator=gan.discriminator)
    if gan.drawn is not gan.generator:
        restore_generator(gan.drawn, saved, averaged=True)


def _restore_weights(saved: Saved, **networks: keras.Model) -> None:
    try:
        _check_sizes(saved)
        status = tf.train.Checkpoint(**networks).read(saved.prefix)
        status.expect_partial().assert_existing_objects_matched()
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{saved.folder} holds no {' and '.join(networks)} of its run's config.json "
            f"({errors.first_line(error)})"
        ) from error


def _check_sizes(saved: Saved) -> None:
    """ValueError if the index promises more than the data file holds.

    TensorFlow would allocate what an index asks for before it looks into the data.
    """
    held = sum(path.stat().st_size for path in saved.folder.glob(f"{Saved.PREFIX}.data*"))
    reader = tf.train.load_checkpoint(saved.prefix)
    types = reader.get_variable_to_dtype_map()
    for name, shape in reader.get_variable_to_shape_map().items():
        if math.prod(shape) * types[name].size > held:
            raise ValueError(f"{name} is said to have the shape {shape}")
