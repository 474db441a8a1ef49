"""One file of HTML: a template with its style, its scripts and its data, as JSON.

A run's live.html is such a page.  A page that is opened as a file may load no data but by
scripts and images.  So live.html is written once, and live.js, which it loads every few
seconds, with each log entry.
"""

import base64
import contextlib
import io
import json
import pathlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import source
from dcgan_tf.metrics import figures, mode_collapse
from dcgan_tf.pages import record
from dcgan_tf.reporting import frames
from dcgan_tf.reporting.grids import Layout
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors

TEMPLATES = pathlib.Path(__file__).parent / "templates"
BESIDE = "'self' file:"  # what a page may load that reads a script beside it
MOST_SIDE = 1_200  # pixels; larger images are made smaller
MOST_POINTS = 400  # of a curve; as many as a chart has pixels


def render(template: str, data: object, files: str = "") -> bytes:
    """Returns a page: the template, with the files that it names in {{}} and with `data`.

    files: what else the page may load, as a content security policy says it
    """
    # Within a <script> nothing may look like its end.
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    parts = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.iterdir()}
    parts |= {"files": files, "data": text}
    # In one pass: what is filled in may look like a place to fill.
    pattern = r"\{\{([\w.]+)\}\}"
    return re.sub(pattern, lambda name: parts[name[1]], parts[template]).encode()


def head(name: str, config: Config, state: str = "") -> dict[str, object]:
    """Returns name, subject and state of a run, and what stands over its frames."""
    return {
        "name": name,
        "subject": f"{config.mode} on {source.short_name(config.dataset)}{state}",
        "titles": list(Layout.of_preview(config).titles or ()),
        "real": bool(config.preview_real),
    }


def frame(path: pathlib.Path, address: str) -> dict[str, str]:
    """Returns a frame's image and its caption, "epoch 3" for epoch_0003.png."""
    unit, _, number = path.stem.partition("_")
    return {"caption": f"{unit} {int(number)}", "image": address}


def data_uri(pixels: np.ndarray) -> str:
    """Returns an address that holds the image, uint8 [H, W] or [H, W, C]."""
    image = Image.fromarray(pixels)
    image.thumbnail((MOST_SIDE, MOST_SIDE))
    content = io.BytesIO()
    quality = {"quality": 85} if pixels.ndim == 3 else {"lossless": True}
    image.save(content, "WEBP", **quality)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()


def charts(
    runs: Sequence[Sequence[Mapping[str, float]]], real: Mapping[str, float], unit: str
) -> list[dict[str, Any]]:
    """Returns the charts that the runs' log entries have curves for, for chart.js.

    real: figures of real training images
    unit: "epoch" or "step", which the curves go over
    """
    shown = []
    for chart in figures.CHARTS:
        curves = [
            {
                "run": run,
                "number": number,
                "label": label,
                "points": _thinned(figures.points(entries, key, unit)),
                "reference": real.get(key.removeprefix(figures.QUALITY)),
            }
            for run, entries in enumerate(runs)
            for number, (label, key) in enumerate(chart.curves.items())
        ]
        if curves := [curve for curve in curves if curve["points"]]:
            shown.append({**chart._asdict(), "unit": unit, "curves": curves})
    return shown


def _thinned(curve: list[tuple[float, float]]) -> list[list[float]]:
    """Returns at most MOST_POINTS of a curve, evenly, with its last, to five digits."""
    every = -(-len(curve) // MOST_POINTS) or 1
    return [[place, float(f"{value:.5g}")] for place, value in curve[::-every][::-1]]


class LivePage:
    """Writes live.html and live.js of a run while entered, and how the run ended."""

    def __init__(self, run: Run, config: Config, intervals: Intervals, step: int):
        self._run, self._config, self._intervals = run, config, intervals
        self._step, (self._entries, _) = step, record.entries(run)
        seconds = sum(entry.get("seconds", 0.0) for entry in self._entries)
        self._pace = seconds / self._entries[-1]["step"] if self._entries else None

    def __enter__(self) -> "LivePage":
        content = render("page.html", {"script": record.SCRIPT}, BESIDE)
        atomic_files.write_bytes(self._run.folder / "live.html", content)
        self._write("training")
        return self

    def add(self, entry: Mapping[str, float], images_per_second: float | None) -> None:
        """Shows a log entry, whose frame has been written.

        images_per_second: without the start-up; None: it is not known yet
        """
        self._entries.append(dict(entry))
        self._step = int(entry["step"])
        if images_per_second:
            self._pace = self._config.batch_size / images_per_second
        self._write("training")

    def __exit__(self, _, error: BaseException | None, __) -> None:
        state = "failed" if isinstance(error, Exception) else "stopped"
        if error is None and self._step == self._intervals.end:
            state = "complete"
        with contextlib.suppress(OSError):  # a disk that is full makes no other end of it
            self._write(state, errors.first_line(error) if error else "")

    def _write(self, state: str, message: str = "") -> None:
        run, now = self._run, time.time()
        signs = mode_collapse.of_entry(self._entries[-1]) if self._entries else []
        newest = list(frames.paths(run.samples).values())[-1:]
        shown = {
            **head(run.folder.absolute().name, self._config),
            "warnings": [mode_collapse.SIGNS[sign] for sign in signs],
            "missing": [],
            # At a new address, so that a browser reads it again.
            "frames": [frame(path, f"samples/{path.name}?{now}") for path in newest],
        }
        live = {"state": state, "message": message, "step": self._step}
        content = {
            "runs": [shown],
            "charts": charts([self._entries], {}, self._intervals.unit),
            "written": now,
            "live": {**live, "pace": self._pace, **self._intervals._asdict()},
        }
        text = f"{record.BEGINS}{json.dumps(content, allow_nan=False)}{record.ENDS}"
        atomic_files.write_bytes(run.folder / record.SCRIPT, text.encode())
