"""Checkpoints that are whole or absent, and restores that are strict.

A checkpoint is a folder: TensorFlow's files and a manifest with their hashes, written
under a temporary name and renamed when everything is on the disk.  The newest intact one
wins, of whatever kind, so there is no state file that could lie.
"""

import contextlib
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.gans.gan import Gan
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import atomic_files, errors


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
    about = {"step": step, "epoch": epoch, "run_id": run.run_id, "score": score}
    folder = run.checkpoints / manifest.name(kind, step)
    with atomic_files.replacing(folder, folder=True, overwrite=True) as temporary:
        tracked.write(str(temporary / manifest.PREFIX))
        manifest.write(temporary, **about, seconds=round(seconds, 3))
    saved = run.saved()  # the newest first
    for kind, most in ((manifest.REGULAR, keep), (manifest.LATEST, 0), (manifest.BEST, 1)):
        for old in [info.folder for info in saved if info.kind == kind][most:]:
            if old != folder:
                atomic_files.remove_folder(old)


@contextlib.contextmanager
def _reading(info: CheckpointInfo) -> Iterator[None]:
    """Makes a RunError of one line of what TensorFlow raises."""
    try:
        yield
    except (tf.errors.OpError, ValueError, IndexError, AssertionError, OSError) as error:
        raise errors.RunError(
            f"{info.folder} does not fit its run's config.json ({errors.first_line(error)})"
            "; if it is of a version with other networks, train anew in another --run_dir"
        ) from error


def restore(tracked: tf.train.Checkpoint, info: CheckpointInfo) -> None:
    """Sets every variable that is tracked; RunError unless all are there."""
    with _reading(info):
        status = tracked.read(info.prefix)
        status.expect_partial().assert_consumed()  # that is: no lines on stderr as well


def restore_networks(gan: Gan, info: CheckpointInfo) -> None:
    """Sets the weights of both players, and of the generator's EMA if one is kept."""
    restore_weights(info, generator=gan.generator, discriminator=gan.discriminator)
    if gan.ema_generator is not gan.generator:
        restore_weights(info, ema_generator=gan.ema_generator)


def restore_weights(info: CheckpointInfo, **networks: keras.Model) -> None:
    """Sets the weights of networks by their names in a Gan; RunError unless all are there.

    TensorFlow's own check counts every Python object that Keras tracks, and which those
    are differs between versions of Keras.  So each weight is NaN before it is read.
    """
    weights = [weight for network in networks.values() for weight in network.weights]
    with _reading(info):
        for weight in weights:
            weight.assign(tf.fill(weight.shape, np.nan))
        tf.train.Checkpoint(**networks).read(info.prefix).expect_partial()
        if missing := [weight.path for weight in weights if np.isnan(weight).any()]:
            raise ValueError(f"no {missing[0]} in {' or '.join(networks)}")
