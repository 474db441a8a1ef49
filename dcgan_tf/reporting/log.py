"""What a run leaves as it trains: log entries, frames, witnesses, TensorBoard's events."""

import contextlib
import json
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

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import frames, grids
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files
from dcgan_tf.support.progress import warn


def entries(path: pathlib.Path, *kinds: type) -> list[dict[str, Any]]:
    """Returns the entries of metrics.jsonl, oldest first, without its damaged lines.

    kinds: of values besides numbers: str in witnesses.jsonl
    """
    sound = []
    for line in _lines(path):
        with contextlib.suppress(ValueError, AttributeError, KeyError):
            entry = json.loads(line)
            values = {*map(type, entry.values())}
            if isinstance(entry["step"], int) and values <= {int, float, bool, *kinds}:
                sound.append(entry)
    return sound


def cut(path: pathlib.Path, step: int, *kinds: type) -> None:
    """Removes the entries beyond `step`, and damaged lines, from the file of `entries`."""
    sound = entries(path, *kinds)
    if damaged := len(_lines(path)) - len(sound):
        warn(f"{path}: damaged lines removed: {damaged}")
    lines = (json.dumps(entry) + "\n" for entry in sound if entry["step"] <= step)
    atomic_files.write_bytes(path, "".join(lines).encode())


def _lines(path: pathlib.Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def append(path: pathlib.Path, entry: Mapping[str, object]) -> None:
    """Adds an entry to metrics.jsonl or witnesses.jsonl."""
    with atomic_files.naming(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def rewind(run: Run, intervals: Intervals, step: int) -> None:
    """Removes from a run's folder what a run that stands at `step` will write again."""
    for folder in (run.folder, run.samples, run.checkpoints):
        folder.mkdir(exist_ok=True)
        atomic_files.remove_leftovers(folder)
    run.remove_checkpoints(beyond=step)
    for folder in (run.folder, run.folder.parent):
        atomic_files.sync(folder)
    cut(run.metrics, step)
    cut(run.witnesses, step, str)
    for number, path in frames.paths(run.samples).items():
        if number > intervals.number(step):
            path.unlink()
    for path in run.folder.glob("events.out.tfevents.*"):
        path.unlink()  # which cannot be cut: RunLogger writes them anew


class RunLogger:
    """Writes metrics.jsonl, samples/, training.gif and events, by TensorBoard's writer.

    TensorFlow's writer sets no times and loses events on a full disk without a word.
    keep_frames: how many grids, all of one layout, stay in samples/, evenly over the run
    """

    def __init__(
        self, run: Run, intervals: Intervals, keep_frames: int, layout: grids.Layout
    ):
        self._run, self._intervals, self._layout = run, intervals, layout
        every = intervals.number(intervals.log_every)
        self._thinning = {"every": every, "keep": keep_frames}
        now = time.time()
        name = f"events.out.tfevents.{int(now)}.{socket.gethostname()}.{os.getpid()}.v2"
        self._events = run.folder / name
        self._write_event(wall_time=now, file_version="brain.Event:2")
        # At START a TensorBoard that is open forgets what it has read of the run: a resume
        # writes it once more.
        start = SessionLog(status=SessionLog.START)
        self._write_event(wall_time=now, session_log=start)
        for entry in entries(run.metrics):
            self._add_event(entry)

    def write_frame(self, step: int, grid: np.ndarray) -> None:
        """Adds the grid of a step to samples/, and deletes frames beyond `keep_frames`."""
        grids.write_png(self._frame(step), grid)
        frames.thin(self._run.samples, **self._thinning)

    def write_entry(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry to metrics.jsonl, and with its step's frame to the events."""
        append(self._run.metrics, entry)
        self._add_event(entry)

    def write_witness(self, witness: Mapping[str, Any]) -> None:
        """Adds a line to witnesses.jsonl: a step, its state's sha256, and its terms."""
        append(self._run.witnesses, witness)

    def write_gif(self) -> None:
        frames.write_gif(self._run.gif, self._run.samples, self._layout)

    def sync(self) -> None:
        """Hands the entries and the names of the frames to the disk itself."""
        run = self._run
        for path in (run.metrics, run.witnesses, run.samples, run.folder):
            atomic_files.sync(path)

    def _add_event(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry to the events; with its frame, unless thinning will delete that."""
        values = []
        for name, value in entry.items():
            # A capital comes first in TensorBoard's order of tags.
            player = name.removesuffix("/loss")
            tag = name if player == name else f"Loss/{player}"
            if name not in ("epoch", "step", "time"):
                values.append(Summary.Value(tag=tag, simple_value=value))
        step, number = entry["step"], self._intervals.number(entry["step"])
        spacing = frames.spacing(number, **self._thinning)
        stays = number % spacing == 0 or step == self._intervals.end
        grid = frames.read(self._frame(step)) if stays else None
        if grid is not None and self._layout.split(grid):
            shown = grids.legible(grid, self._layout)
            image = Summary.Image(encoded_image_string=grids.encode_png(shown))
            image.height, image.width = shown.shape[:2]
            values.append(Summary.Value(tag="samples", image=image))
        wall_time = entry.get("time", time.time())
        self._write_event(wall_time=wall_time, step=number, summary=Summary(value=values))

    def _write_event(self, **fields: Any) -> None:
        with atomic_files.naming(self._events), self._events.open("ab") as file:
            RecordWriter(file).write(Event(**fields).SerializeToString())

    def _frame(self, step: int) -> pathlib.Path:
        number = self._intervals.number(step)
        return frames.path_of(self._run.samples, self._intervals.unit, number)
