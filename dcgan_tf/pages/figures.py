"""The points of a run's curves."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from dcgan_tf.metrics.figures import Chart

WIDE = 30  # times the smallest value: from there on an axis is logarithmic
MOST_POINTS = 400  # of a curve; as many as a chart has pixels
Points = list[tuple[float, float]]


def points(entries: Sequence[Mapping[str, float]], key: str) -> Points:
    """(epoch, value) of each log entry that has both, if they are finite."""
    pairs = ((entry.get("epoch"), entry.get(key)) for entry in entries)
    return [
        (float(epoch), float(value))
        for epoch, value in pairs
        if None not in (epoch, value) and math.isfinite(epoch) and math.isfinite(value)
    ]


def thinned(curve: Points) -> Points:
    """At most MOST_POINTS of them, evenly, with the last."""
    every = math.ceil(len(curve) / MOST_POINTS)
    return curve[::-every][::-1]


def plain(value: float, *, share: bool) -> str:
    """In per cent, or to three digits without an exponent."""
    if share:
        return f"{value:.1%}"
    return np.format_float_positional(value, 3, fractional=False, trim="-")


def is_logarithmic(chart: Chart, values: Sequence[float]) -> bool:
    return chart.wide and min(values) > 0 and max(values) > WIDE * min(values)
