"""The figures of quality, and the charts of a run, as figures.toml beside this has them."""

import math
import pathlib
import tomllib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

QUALITY = "quality/"  # begins the figures' keys in metrics.jsonl
REAL = "real training images"  # the name of their row in evaluation.json
ARROWS = {"up": " \u2191", "down": " \u2193", "": ""}  # which direction is better


class Figure(NamedTuple):
    """A figure of quality."""

    key: str
    name: str
    format: str
    arrow: str = ""
    printed: bool = False
    tile: bool = False
    meaning: str = ""
    compared: bool = True  # whether it tells runs apart, and not one run's checkpoints

    @property
    def title(self) -> str:
        return self.name + ARROWS[self.arrow]

    def text(self, value: float | None, margin: float | None = None) -> str:
        """Returns the value as people read it; "-" for None, which too few images give."""
        numbers = [number for number in (value, margin) if number is not None]
        return " ±".join(map(self.format.format, numbers)) if value is not None else "-"

    def text_of(self, figures: Mapping) -> str:
        """Returns the figure of images, and its margin if it has one."""
        return self.text(figures.get(self.key), figures.get("margins", {}).get(self.key))


class Chart(NamedTuple):
    """A chart of a run, over the epochs or steps."""

    title: str
    curves: dict[str, str]
    caption: str
    share: bool = False
    wide: bool = False


_TABLE = tomllib.loads(
    pathlib.Path(__file__).with_name("figures.toml").read_text(encoding="utf-8")
)
FIGURES = [Figure(**figure) for figure in _TABLE["figures"]]
CHARTS = [Chart(**chart) for chart in _TABLE["charts"]]


def points(
    entries: Sequence[Mapping[str, float]], key: str, unit: str
) -> list[tuple[float, float]]:
    """Returns (epoch or step, value) of the log entries whose value is finite."""
    return [
        (entry[unit], entry[key])
        for entry in entries
        if unit in entry and math.isfinite(entry.get(key, math.nan))
    ]
