"""TensorBoard's scalars and images, by epoch (or step)."""

import pathlib
from collections.abc import Mapping

import tensorflow as tf

from dcgan_tf.reporting import images


class Events:
    """Writes the event files of a run, whose frames are of `layout`, into a folder."""

    def __init__(self, folder: pathlib.Path, layout: images.Layout):
        self._layout = layout
        self._writer = tf.summary.create_file_writer(str(folder))

    def add(self, entry: Mapping[str, float], number: int, frame: pathlib.Path) -> None:
        """The entry's figures, and the grid in the file `frame`, at epoch `number`.

        Where there is no such file, as frames of long runs are thinned, the figures alone.
        """
        with self._writer.as_default(step=number):
            for name in entry.keys() - {"epoch", "step"}:
                tf.summary.scalar(name, entry[name])
            pixels = images.read_frame(frame)
            if pixels is not None and self._layout.split(pixels):
                shown = images.legible(pixels, self._layout)
                tf.summary.image("samples", shown.reshape(1, *shown.shape[:2], -1))
        self._writer.flush()
