"""Checkpoints that are whole or absent, and restores that are strict.

A checkpoint is a folder: TensorFlow's files and a manifest with their hashes, written
under a temporary name and renamed when everything is on the disk.  The newest intact one
wins, of whatever kind, so there is no state file that could lie.
"""

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.gans.gan import Gan
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import atomic_files, errors

# What TensorFlow raises for damaged or foreign files; AssertionError: a part is missing.
READ_ERRORS = (tf.errors.OpError, ValueError, IndexError, AssertionError, OSError)


def save(
    tracked: tf.train.Checkpoint,
    run: Run,
    *,
    kind: str,
    keep: int,
    score: float | None = None,
    seconds: float = 0.0,
) -> None:
    """Saves `tracked` whole, then removes the checkpoints that it supersedes.

    `keep` regular checkpoints stay, and the newest of kind BEST, which has a `score`.
    seconds: trained since the last log entry.
    Raises OSError or tf.errors.OpError if the disk refuses.
    """
    step, epoch = int(tracked.step), int(tracked.epoch)
    folder = run.checkpoints / manifest.name(kind, step)
    with atomic_files.replacing_folder(folder, overwrite=True) as temporary:
        tracked.write(str(temporary / CheckpointInfo.PREFIX))
        manifest.write_manifest(temporary, step, epoch, run.run_id, score, seconds)
    kinds: dict[str, list] = {manifest.REGULAR: [], manifest.LATEST: [], manifest.BEST: []}
    for info in run.saved():  # the newest first
        kinds[manifest.kind_of(info.folder)].append(info.folder)
    superseded = {
        *kinds[manifest.LATEST],
        *kinds[manifest.REGULAR][keep:],
        *kinds[manifest.BEST][1:],
    }
    for old in superseded - {folder}:
        atomic_files.remove_folder(old)


def restore(tracked: tf.train.Checkpoint, info: CheckpointInfo) -> None:
    """Sets every variable that is tracked; RunError unless all are there."""
    try:
        status = tracked.read(info.prefix)
        status.expect_partial().assert_consumed()  # that is: no lines on stderr as well
        if (int(tracked.step), int(tracked.epoch)) != (info.step, info.epoch):
            raise ValueError(f"is of step {int(tracked.step)}, not {info.step}")
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{info.folder} does not fit its run's config.json "
            f"({errors.first_line(error)}); if it is of a version with other networks, "
            "train anew in another --run_dir"
        ) from error


def restore_generator(generator: keras.Model, info: CheckpointInfo, *, ema: bool) -> None:
    """Sets the weights of the generator alone: its EMA if one was kept, or itself."""
    _restore_weights(info, **{"ema_generator" if ema else "generator": generator})


def restore_networks(gan: Gan, info: CheckpointInfo) -> None:
    """Sets the weights of both players, and of the generator's EMA if one is kept."""
    _restore_weights(info, generator=gan.generator, discriminator=gan.discriminator)
    if gan.ema_generator is not gan.generator:
        restore_generator(gan.ema_generator, info, ema=True)


def _restore_weights(info: CheckpointInfo, **networks: keras.Model) -> None:
    """Sets the weights of these networks; RunError unless all are in the checkpoint.

    TensorFlow's own check counts every Python object that Keras tracks, and which those
    are differs between versions of Keras.  So each weight is NaN before it is read.
    """
    weights = [weight for network in networks.values() for weight in network.weights]
    try:
        for weight in weights:
            weight.assign(tf.fill(weight.shape, np.nan))
        tf.train.Checkpoint(**networks).read(info.prefix).expect_partial()
        missing = [w.path for w in weights if np.isnan(w).any()]
        if missing:
            raise ValueError(f"no {missing[0]}")
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{info.folder} holds no {' and '.join(networks)} of its run's config.json "
            f"({errors.first_line(error)})"
        ) from error
