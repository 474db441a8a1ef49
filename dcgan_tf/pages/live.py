"""live.html in a run's folder: how the run is doing, for a browser and without a server.

A page that is opened as a file may load no data but by scripts and images.  So live.html is
written once, and live.js, which it loads every few seconds, with each log entry.
"""

import contextlib
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import sources
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.metrics.figures import CHARTS, Chart
from dcgan_tf.pages import html
from dcgan_tf.pages.figures import Points, is_logarithmic, points, thinned
from dcgan_tf.reporting import frames, grids, metrics_log
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors

PAGE, SCRIPT = "live.html", "live.js"
MOST_BYTES = 5_000_000  # of live.js
BEGINS, ENDS = "show(", ");\n"  # what makes JSON a script

TRAINING, COMPLETE, STOPPED, FAILED = "training", "complete", "stopped", "failed"


class LivePage:
    """Keeps live.html and live.js of a run while entered; tells by them how it ended."""

    def __init__(self, run: Run, config: Config, intervals: Intervals, step: int):
        self._run = run
        self._intervals = intervals
        self._began, self._began_at = time.monotonic(), step
        self._step = step
        self._logged_step: float = 0
        self._logged_pace: float | None = None  # seconds a step, by the log
        self._frame = frames.newest(run.samples)
        self._curves: dict[str, Points] = {
            key: [] for chart in CHARTS for key in chart.curves.values()
        }
        self._warnings: list[str] = []
        layout = grids.Layout.of_preview(config)
        self._constant = {
            "name": run.folder.absolute().name,
            "subject": f"{config.mode} on {sources.short_name(config.dataset)}",
            "unit": intervals.unit,
            "numbers": intervals.number(intervals.end),
            "end": intervals.end,
            "titles": layout.titles,
            "real": bool(config.preview_real),
        }
        for entry in metrics_log.entries(run.metrics):
            self._take(entry)

    def __enter__(self) -> "LivePage":
        atomic_files.write_bytes(
            self._run.folder / PAGE, html.render(PAGE, script=SCRIPT).encode()
        )
        self._write(TRAINING)
        return self

    def add(self, entry: Mapping[str, Any]) -> None:
        """Shows a log entry, whose frame has been written."""
        self._take(entry)
        self._step = entry["step"]
        self._frame = frames.newest(self._run.samples)
        self._write(TRAINING)

    def __exit__(self, _, error: BaseException | None, __) -> None:
        if isinstance(error, errors.NotAloneError):
            return
        with contextlib.suppress(OSError):  # a disk that is full makes no other end of it
            if error is None:
                self._write(COMPLETE if self._step == self._intervals.end else STOPPED)
            else:
                failed = isinstance(error, Exception)
                self._write(FAILED if failed else STOPPED, errors.first_line(error))

    def _take(self, entry: Mapping[str, float]) -> None:
        for key, curve in self._curves.items():
            curve += points([entry], key)
        seconds, steps = entry.get("seconds", 0), entry["step"] - self._logged_step
        if seconds > 0 and math.isfinite(seconds) and steps > 0:
            self._logged_pace = seconds / steps
        self._logged_step = entry["step"]
        signs = mode_collapse.of_entry(entry)
        self._warnings = [mode_collapse.SIGNS[sign] for sign in signs]

    def _write(self, state: str, message: str = "") -> None:
        seconds, steps = time.monotonic() - self._began, self._step - self._began_at
        pace = seconds / steps if steps else self._logged_pace
        content = {
            **self._constant,
            "state": state,
            "message": message,
            "written": time.time(),
            "number": self._intervals.number(self._step),
            "step": self._step,
            "left": pace and pace * (self._intervals.end - self._step),
            "every": pace and pace * self._intervals.log_every,
            "frame": self._frame and f"{self._run.samples.name}/{self._frame.name}",
            "warnings": self._warnings,
            "charts": [chart for chart in map(self._chart, CHARTS) if chart["curves"]],
        }
        text = json.dumps(content, allow_nan=False)
        atomic_files.write_bytes(
            self._run.folder / SCRIPT, f"{BEGINS}{text}{ENDS}".encode()
        )

    def _chart(self, chart: Chart) -> dict[str, object]:
        curves = {label: self._curves[key] for label, key in chart.curves.items()}
        values = [value for curve in curves.values() for _, value in curve]
        return {
            "title": chart.title,
            "caption": chart.caption,
            "share": chart.share,
            "logarithmic": bool(values) and is_logarithmic(chart, values),
            "curves": [
                {
                    "label": label,
                    "points": [[x, float(f"{y:.5g}")] for x, y in thinned(curve)],
                }
                for label, curve in curves.items()
                if curve
            ],
        }


def read(run: Run) -> dict[str, object]:
    """What live.js holds; {} where there is none, or it is damaged."""
    try:
        text = atomic_files.read_text(run.folder / SCRIPT, MOST_BYTES)
        content = json.loads(text.removeprefix(BEGINS).removesuffix(ENDS))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
