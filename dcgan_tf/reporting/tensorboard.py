"""TensorBoard's scalars and images, by epoch (or step), at the times of the log entries.

Written as TensorBoard's package writes them, and not by TensorFlow, whose writer loses
events on a full disk without a word, and cannot say that a run began again.
"""

import os
import pathlib
import socket
import time
from collections.abc import Mapping

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

from dcgan_tf.reporting import images
from dcgan_tf.support import atomic_files

SCALAR = scalar_metadata.create_summary_metadata(None, None)
IMAGE = image_metadata.create_summary_metadata(None, None)
# A capital comes first in TensorBoard's order of tags.
LOSS = "Loss"
NO_SCALARS = {"epoch", "step", "time"}


class Events:
    """Writes the event file of a run, whose frames are of `layout`, into a folder."""

    def __init__(self, folder: pathlib.Path, layout: images.Layout):
        self._layout = layout
        folder.mkdir(parents=True, exist_ok=True)
        name = (
            f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        )
        self._path = folder / f"{name}.v2"
        # A TensorBoard that was open before a resume forgets at this START what it has
        # read, or it would show what is now written once more twice.
        self._write(
            Event(file_version="brain.Event:2"),
            Event(step=0, session_log=SessionLog(status=SessionLog.START)),
        )

    def add(self, entry: Mapping[str, float], number: int, frame: pathlib.Path) -> None:
        """The entry's figures, and the grid in the file `frame`, at epoch `number`.

        Where there is no such file, as frames of long runs are thinned, the figures alone.
        """
        values = [
            _value(_tag(name), np.float32(value), SCALAR)
            for name, value in entry.items()
            if name not in NO_SCALARS
        ]
        pixels = images.read_frame(frame)
        if pixels is not None and self._layout.split(pixels):
            shown = images.legible(pixels, self._layout)
            height, width = shown.shape[:2]
            content = [str(width).encode(), str(height).encode(), images.encode_png(shown)]
            values.append(_value("samples", np.array(content, object), IMAGE))
        # Entries of earlier versions have no time.
        at = {"wall_time": entry["time"]} if "time" in entry else {}
        self._write(Event(step=number, summary=Summary(value=values), **at))

    def _write(self, *events: Event) -> None:
        with atomic_files.naming(self._path), self._path.open("ab") as file:
            for event in events:
                event.wall_time = event.wall_time or time.time()
                RecordWriter(file).write(event.SerializeToString())


def _tag(name: str) -> str:
    """ "Loss/generator", "Loss/test/generator"; other figures have the log's names."""
    whole, _, last = name.rpartition("/")
    return f"{LOSS}/{whole}" if whole and last == "loss" else name


def _value(tag: str, held: np.ndarray | np.floating, metadata) -> Summary.Value:
    proto = tensor_util.make_tensor_proto(held)
    return Summary.Value(tag=tag, metadata=metadata, tensor=proto)
