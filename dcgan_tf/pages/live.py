"""live.html in a run's folder: how the run is doing, for a browser and without a server.

A page that is opened as a file may load no data but by scripts and images.  So live.html is
written once, and live.js, which it loads every few seconds, with each log entry.
"""

import contextlib
import json
import time
from collections.abc import Mapping

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.schema import Config
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.pages import page, record
from dcgan_tf.reporting import frames
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors


class LivePage:
    """Writes live.html and live.js of a run while entered, and how the run ended."""

    def __init__(self, run: Run, config: Config, intervals: Intervals, step: int):
        self._run, self._config, self._intervals = run, config, intervals
        self._began, self._began_at, self._step = time.monotonic(), step, step
        self._entries, _ = record.entries(run)

    def __enter__(self) -> "LivePage":
        content = page.render("page.html", {"script": record.SCRIPT}, page.BESIDE)
        atomic_files.write_bytes(self._run.folder / "live.html", content)
        self._write("training")
        return self

    def add(self, entry: Mapping[str, float]) -> None:
        """Shows a log entry, whose frame has been written."""
        self._entries.append(dict(entry))
        self._step = int(entry["step"])
        self._write("training")

    def __exit__(self, _, error: BaseException | None, __) -> None:
        state = "failed" if isinstance(error, Exception) else "stopped"
        if error is None and self._step == self._intervals.end:
            state = "complete"
        with contextlib.suppress(OSError):  # a disk that is full makes no other end of it
            self._write(state, errors.first_line(error) if error else "")

    def _write(self, state: str, message: str = "") -> None:
        run, intervals, pace, now = self._run, self._intervals, self._pace(), time.time()
        signs = mode_collapse.of_entry(self._entries[-1]) if self._entries else []
        newest = list(frames.paths(run.samples).values())[-1:]
        shown = {
            **page.head(run.folder.absolute().name, self._config),
            "warnings": [mode_collapse.SIGNS[sign] for sign in signs],
            "missing": [],
            # At a new address, so that a browser reads it again.
            "frames": [page.frame(path, f"samples/{path.name}?{now}") for path in newest],
        }
        live = {
            "state": state,
            "message": message,
            "unit": intervals.unit,
            "number": intervals.number(self._step),
            "numbers": intervals.number(intervals.end),
            "step": self._step,
            "end": intervals.end,
            "left": pace and pace * (intervals.end - self._step),
            "every": pace and pace * intervals.log_every,
        }
        charts = page.charts([self._entries], {})
        content = {"runs": [shown], "charts": charts, "written": now, "live": live}
        text = f"{record.BEGINS}{json.dumps(content, allow_nan=False)}{record.ENDS}"
        atomic_files.write_bytes(run.folder / record.SCRIPT, text.encode())

    def _pace(self) -> float | None:
        """Returns the seconds of a step: of this process, or else of the log."""
        if steps := self._step - self._began_at:
            return (time.monotonic() - self._began) / steps
        seconds = sum(entry.get("seconds", 0.0) for entry in self._entries)
        return seconds / self._entries[-1]["step"] if self._entries else None
