"""TensorBoard's scalars and images, by epoch (or step)."""

import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from dcgan_tf.reporting import images


class Events:
    """Writes the event files of a run into a folder."""

    def __init__(self, folder: pathlib.Path):
        self._writer = tf.summary.create_file_writer(str(folder))

    def add(self, entry: Mapping[str, float], number: int, frame: pathlib.Path) -> None:
        """The entry's figures, and the grid in the file `frame`, at epoch `number`.

        Where there is no such file, as frames of long runs are thinned, the figures alone.
        """
        with self._writer.as_default(step=number):
            for name in entry.keys() - {"epoch", "step"}:
                tf.summary.scalar(name, entry[name])
            pixels = images.read_frame(frame)
            if pixels is not None:
                tf.summary.image("samples", np.reshape(pixels, (1, *pixels.shape, 1)))
        self._writer.flush()
