"""What a run leaves at each log entry: metrics.jsonl, a frame, and TensorBoard's events."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import frames, grids, metrics_log
from dcgan_tf.reporting.tensorboard import Events
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files


def rewind(run: Run, intervals: Intervals, step: int) -> None:
    """Removes from a run's folder what a run that stands at `step` will write again."""
    for folder in (run.folder, run.samples, run.checkpoints):
        folder.mkdir(exist_ok=True)
        atomic_files.remove_leftovers(folder)
    run.remove_checkpoints(beyond=step)
    for folder in (run.folder, run.folder.parent):
        atomic_files.sync(folder)
    metrics_log.cut(run.metrics, step)
    for number, path in frames.paths(run.samples).items():
        if number > intervals.number(step):
            path.unlink()
    for path in run.folder.glob("events.out.tfevents.*"):
        path.unlink()  # which cannot be cut: RunLogger writes them anew


class RunLogger:
    """Writes metrics.jsonl, samples/, training.gif and TensorBoard's events.

    keep_frames: how many grids, all of one layout, stay in samples/, evenly over the run
    """

    def __init__(
        self, run: Run, intervals: Intervals, keep_frames: int, layout: grids.Layout
    ):
        self._run, self._intervals, self._layout = run, intervals, layout
        every = intervals.number(intervals.log_every)
        self._thinning = {"every": every, "keep": keep_frames}
        self._events = Events(run.folder, layout)
        for entry in metrics_log.entries(run.metrics):
            self._add_event(entry)

    def write_frame(self, step: int, grid: np.ndarray) -> None:
        """Adds the grid of a step to samples/, and deletes frames beyond `keep_frames`."""
        grids.write_png(self._frame(step), grid)
        frames.thin(self._run.samples, **self._thinning)

    def write_entry(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry to metrics.jsonl, and with its step's frame to the events."""
        metrics_log.append(self._run.metrics, entry)
        self._add_event(entry)

    def write_gif(self) -> None:
        frames.write_gif(self._run.gif, self._run.samples, self._layout)

    def sync(self) -> None:
        """Hands the entries and the names of the frames to the disk itself."""
        for path in (self._run.metrics, self._run.samples, self._run.folder):
            atomic_files.sync(path)

    def _add_event(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry to the events; with its frame, unless thinning will delete that."""
        step = entry["step"]
        number = self._intervals.number(step)
        spacing = frames.spacing(number, **self._thinning)
        stays = number % spacing == 0 or step == self._intervals.end
        grid = frames.read(self._frame(step)) if stays else None
        self._events.add(entry, number, grid)

    def _frame(self, step: int) -> pathlib.Path:
        number = self._intervals.number(step)
        return frames.path_of(self._run.samples, self._intervals.unit, number)
