"""DCGAN, conditional GAN and ACGAN in TensorFlow 2, from one command.

    import dcgan_tf
    run = dcgan_tf.load()  # the ACGAN that comes with the package, or a run's folder
    images = run.sample([2, 0, 2, 6])  # uint8 [4, 28, 28, 1]
    run = dcgan_tf.train(mode="acgan", dataset="digits")  # or a run of your own

docs/python.md has more.  Importing the package does not import TensorFlow; `load` and
`train` do.
"""

import os
import sys
import typing
from collections.abc import Callable, Sequence

from dcgan_tf.support.errors import RunError, UsageError

if typing.TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from dcgan_tf.api import Run

if sys.platform == "win32":
    sys.exit("dcgan_tf: needs a POSIX system (Linux or macOS); on Windows, use WSL 2")

__version__ = "0.4.0"
__all__ = ["RunError", "UsageError", "grid", "load", "train"]


def load(
    run_dir: str | os.PathLike | None = None, *, ema: bool = True, which: str = "latest"
) -> "Run":
    """A run, with the generator of its "latest" checkpoint or of its "best" by evaluation.

    run_dir: its folder, or that of an export; None: the ACGAN that comes with the package
    ema:     generate with the generator's EMA, if the run keeps one

    The run may be finished, stopped or training.  Raises UsageError where there is no run
    or no such checkpoint, RunError where what lies there cannot be read.

    Load it in each process that samples: after os.fork() TensorFlow hangs.  Begin processes
    by multiprocessing.get_context("spawn").
    """
    from dcgan_tf.support import tf_setup

    with tf_setup.as_library():
        from dcgan_tf import api

        return api.load(run_dir, ema=ema, which=which)


def train(
    *, callbacks: Sequence[Callable[[dict], object]] = (), **settings: object
) -> "Run | None":
    """Trains a run, or goes on with one where it stopped, as `dcgan-tf train` does.

    settings: the command's flags by name, as mode="acgan", epochs=3, run_dir="runs/a";
        None: not given.  `dcgan-tf train --helpfull` lists them.  A second call with the
        same run_dir goes on with the run; with more epochs it makes it longer.
    callbacks: are called with each log entry, a dict, when it is in metrics.jsonl and its
        frame in samples/, and before the checkpoint of its step.  One that raises ends the
        training as Ctrl-C does.

    Returns the run as it then is; with dry_run=True None.

    Raises UsageError for a wrong setting, RunError for what fails, each with the line that
    the command would print.  Ctrl-C, as a notebook's stop button, saves, stops and raises
    KeyboardInterrupt, and at once if it comes twice; SIGTERM raises SystemExit.  A run that
    is complete by then is returned.  An exception of a callback is raised when all is
    saved.  The same call goes on from there.
    In a thread that is not the main one signals are not heard.

    The caller's settings of Keras and the random states of Python and NumPy are put back;
    TensorFlow's global seed is the run's afterwards.
    """
    from dcgan_tf.support import tf_setup

    with tf_setup.as_library(initialise=False):
        from dcgan_tf import api

        return api.train(callbacks, settings)


def grid(images: "np.ndarray", columns: int = 10) -> "Image.Image":
    """Images side by side, enlarged: a picture that a notebook shows and `save` writes.

    images: uint8 [N, H, W, C], `columns` in a row, or [rows, columns, H, W, C]
    """
    from PIL import Image

    from dcgan_tf.reporting import grids

    if images.ndim == 5:
        columns = images.shape[1]
        images = images.reshape(-1, *images.shape[2:])
    height, width = images.shape[1:3]
    layout = grids.Layout(height, width, columns)
    return Image.fromarray(grids.legible(grids.grid(images, columns), layout))
