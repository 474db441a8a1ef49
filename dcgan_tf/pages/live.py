"""live.html in a run's folder: how the run is doing, for a browser and without a server.

A page that is opened as a file may load no data but by scripts and images.  So live.html is
written once, and live.js, which it loads every few seconds, with each log entry.
"""

import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.schema import Config
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.pages import page
from dcgan_tf.reporting import frames, metrics_log
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors

PAGE, SCRIPT = "live.html", "live.js"
BEGINS, ENDS = "show(", ");\n"  # what makes JSON a script


class LivePage:
    """Writes live.html and live.js of a run while entered, and how the run ended."""

    def __init__(self, run: Run, config: Config, intervals: Intervals, step: int):
        self._run, self._intervals = run, intervals
        self._began, self._began_at, self._step = time.monotonic(), step, step
        self._entries = metrics_log.entries(run.metrics)
        self._constant = {
            "name": run.folder.absolute().name,
            "subject": page.subject(config),
            "missing": [],
            **page.grid_titles(config),
        }

    def __enter__(self) -> "LivePage":
        content = page.render("page.html", {"script": SCRIPT}, page.BESIDE)
        atomic_files.write_bytes(self._run.folder / PAGE, content)
        self._write("training")
        return self

    def add(self, entry: Mapping[str, Any]) -> None:
        """Shows a log entry, whose frame has been written."""
        self._entries.append(dict(entry))
        self._step = entry["step"]
        self._write("training")

    def __exit__(self, _, error: BaseException | None, __) -> None:
        with contextlib.suppress(OSError):  # a disk that is full makes no other end of it
            if error is None:
                ended = self._step == self._intervals.end
                self._write("complete" if ended else "stopped")
            else:
                failed = isinstance(error, Exception)
                self._write("failed" if failed else "stopped", errors.first_line(error))

    def _write(self, state: str, message: str = "") -> None:
        intervals, pace = self._intervals, self._pace()
        signs = mode_collapse.of_entry(self._entries[-1]) if self._entries else []
        run = {
            **self._constant,
            "frames": self._frames(),
            "warnings": [mode_collapse.SIGNS[sign] for sign in signs],
        }
        content = {
            "runs": [run],
            "charts": page.charts([self._entries]),
            "written": time.time(),
            "live": {
                "state": state,
                "message": message,
                "unit": intervals.unit,
                "number": intervals.number(self._step),
                "numbers": intervals.number(intervals.end),
                "step": self._step,
                "end": intervals.end,
                "left": pace and pace * (intervals.end - self._step),
                "every": pace and pace * intervals.log_every,
            },
        }
        text = json.dumps(content, allow_nan=False)
        atomic_files.write_bytes(
            self._run.folder / SCRIPT, f"{BEGINS}{text}{ENDS}".encode()
        )

    def _pace(self) -> float | None:
        """Returns the seconds of a step: of this process, or else of the log."""
        if steps := self._step - self._began_at:
            return (time.monotonic() - self._began) / steps
        if not self._entries:
            return None
        seconds = sum(entry.get("seconds", 0.0) for entry in self._entries)
        return seconds / self._entries[-1]["step"]

    def _frames(self) -> list[dict[str, str]]:
        """Returns the newest frame, at a new address, so that a browser reads it again."""
        path = frames.newest(self._run.samples)
        if path is None:
            return []
        address = f"{path.parent.name}/{path.name}?{time.time()}"
        return [{"caption": page.frame_caption(path), "image": address}]


def read(run: Run) -> dict[str, Any]:
    """Returns what live.js holds; {} where live.js is absent or damaged."""
    try:
        text = (run.folder / SCRIPT).read_text(encoding="utf-8")
        return dict(json.loads(text.removeprefix(BEGINS).removesuffix(ENDS)))
    except (OSError, ValueError, TypeError):
        return {}
