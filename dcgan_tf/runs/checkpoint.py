"""Checkpoints that are whole or absent, and restores that are strict.

A checkpoint is a folder: TensorFlow's files and a manifest with their hashes, written
under a temporary name and renamed when everything is on the disk.  The newest intact one
wins, of whatever kind, so there is no state file that could lie.
"""

import contextlib
import math

import keras
import tensorflow as tf

from dcgan_tf.gans.gan import Gan
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import atomic_files, errors

# What damaged or foreign files make TensorFlow raise; AssertionError: a part is missing.
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
        # Which was lost while the run was trained, and has no copy: no reason to save none.
        with contextlib.suppress(errors.RunError):
            run.read().write(temporary / manifest.CONFIG)
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
        _check_sizes(info)
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
    """Sets the weights of the generator alone: its EMA if one was kept, or itself.

    RunError unless all are there.
    """
    _restore_weights(info, **{"ema_generator" if ema else "generator": generator})


def restore_networks(gan: Gan, info: CheckpointInfo) -> None:
    """Sets the weights of both players, and of the generator's EMA if one is kept."""
    _restore_weights(info, generator=gan.generator, discriminator=gan.discriminator)
    if gan.ema_generator is not gan.generator:
        restore_generator(gan.ema_generator, info, ema=True)


def _restore_weights(info: CheckpointInfo, **networks: keras.Model) -> None:
    try:
        _check_sizes(info)
        status = tf.train.Checkpoint(**networks).read(info.prefix)
        status.expect_partial().assert_existing_objects_matched()
    except READ_ERRORS as error:
        raise errors.RunError(
            f"{info.folder} holds no {' and '.join(networks)} of its run's config.json "
            f"({errors.first_line(error)})"
        ) from error


def _check_sizes(info: CheckpointInfo) -> None:
    """ValueError if the index promises more than the data file holds.

    TensorFlow would allocate what an index asks for before it looks into the data.
    """
    data_files = info.folder.glob(f"{CheckpointInfo.PREFIX}.data*")
    held = sum(path.stat().st_size for path in data_files)
    reader = tf.train.load_checkpoint(info.prefix)
    types = reader.get_variable_to_dtype_map()
    for name, shape in reader.get_variable_to_shape_map().items():
        if math.prod(shape) * types[name].size > held:
            raise ValueError(f"{name} is said to have the shape {shape}")
