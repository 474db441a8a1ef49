"""TensorBoard's scalars and grids, by epoch (or step), at the times of the log entries."""

import os
import pathlib
import socket
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from dcgan_tf.reporting import grids
from dcgan_tf.support import atomic_files


class Events:
    """Writes an event file, with grids of one layout, by TensorBoard's writer.

    TensorFlow's writer sets no times and loses events on a full disk without a word.
    """

    def __init__(self, folder: pathlib.Path, layout: grids.Layout):
        self._layout = layout
        now = time.time()
        name = f"events.out.tfevents.{int(now)}.{socket.gethostname()}.{os.getpid()}.v2"
        self._path = folder / name
        self._write(wall_time=now, file_version="brain.Event:2")
        # At START a TensorBoard that is open forgets what it has read of the run: a resume
        # writes it once more.
        self._write(wall_time=now, session_log=SessionLog(status=SessionLog.START))

    def add(self, entry: Mapping[str, float], number: int, grid: np.ndarray | None) -> None:
        """Adds an entry's figures, and a plain grid or a frame, at epoch `number`."""
        values = []
        for name, value in entry.items():
            # A capital comes first in TensorBoard's order of tags.
            player = name.removesuffix("/loss")
            tag = name if player == name else f"Loss/{player}"
            if name not in ("epoch", "step", "time"):
                values.append(Summary.Value(tag=tag, simple_value=value))
        if grid is not None and self._layout.split(grid):
            shown = grids.legible(grid, self._layout)
            image = Summary.Image(encoded_image_string=grids.encode_png(shown))
            image.height, image.width = shown.shape[:2]
            values.append(Summary.Value(tag="samples", image=image))
        wall_time = entry.get("time", time.time())
        self._write(wall_time=wall_time, step=number, summary=Summary(value=values))

    def _write(self, **fields: Any) -> None:
        with atomic_files.naming(self._path), self._path.open("ab") as file:
            RecordWriter(file).write(Event(**fields).SerializeToString())
