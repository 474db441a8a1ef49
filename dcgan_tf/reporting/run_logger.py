"""What a run leaves at each log entry: metrics.jsonl, a frame, and TensorBoard's events."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import images, metrics_log
from dcgan_tf.reporting.tensorboard import Events
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files


class RunLogger:
    """Writes metrics.jsonl, samples/, training.gif and TensorBoard's events.

    keep_frames: how many grids stay in samples/, evenly over the run
    layout:      of the grids
    """

    def __init__(
        self, run: Run, intervals: Intervals, keep_frames: int, layout: images.Layout
    ):
        self._run = run
        self._intervals = intervals
        self._layout = layout
        every = intervals.number(intervals.log_every)
        self._thinning = {"every": every, "kept": keep_frames}
        self._events = Events(run.folder, layout)
        for entry in metrics_log.entries(run.metrics):
            self._events.add(entry, self._number(entry), self._frame(entry["step"]))

    def write_frame(self, step: int, grid: np.ndarray) -> None:
        """Adds the grid of a step to samples/, which keeps as many as it may."""
        images.write_png(self._frame(step), grid)
        images.thin_frames(self._run.samples, **self._thinning)

    def write_entry(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry to metrics.jsonl, and with its step's frame to the events."""
        metrics_log.append(self._run.metrics, entry)
        number, frame = self._number(entry), self._frame(entry["step"])
        thinned = number % images.spacing(number, **self._thinning)
        if thinned and entry["step"] != self._intervals.end:
            frame = frame.with_suffix("")  # not there: frames that go are not in the events
        self._events.add(entry, number, frame)

    def write_gif(self) -> None:
        images.write_gif(self._run.gif, self._run.samples, self._layout)

    def sync(self) -> None:
        """Hands the entries and the names of the frames to the disk itself."""
        for path in (self._run.metrics, self._run.samples, self._run.folder):
            atomic_files.sync(path)

    def _frame(self, step: int) -> pathlib.Path:
        number = self._intervals.number(step)
        return images.frame_file(self._run.samples, self._intervals.unit, number)

    def _number(self, entry: Mapping[str, Any]) -> int:
        return self._intervals.number(entry["step"])
