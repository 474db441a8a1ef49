"""One HTML file of one or several runs: what was trained, how it went, how good it is."""

import functools
import itertools
import math
import shlex
import time
from typing import Any

import numpy as np

from dcgan_tf.datasets import sources
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics.figures import CHARTS, DOWN, FIGURES, QUALITY, REAL, Chart, Figure
from dcgan_tf.pages import figures, html, plots, record
from dcgan_tf.pages.record import Record
from dcgan_tf.reporting import frames, grids
from dcgan_tf.runs import config_file

MOST_FRAMES = 40  # of a run
FRAMES_BYTES = 3_000_000  # of all runs
MOST_NAMED = 20  # classes of which a confusion matrix has numbers
TILES = ("class_accuracy", "coverage", "recall", "frechet_classifier_distance")


def page(records: list[Record]) -> str:
    """The page, as HTML; UsageError where matplotlib is not installed."""
    configs = [one.config for one in records]
    return html.render(
        "report.html",
        title=" and ".join(one.name for one in records),
        written=time.strftime("%Y-%m-%d %H:%M"),
        version=config_file.versions()["dcgan_tf"],
        runs=[_run(one, len(records)) for one in records],
        facts=_facts(records),
        charts=[
            _chart(chart, records)
            for chart in CHARTS
            if any(_curves(chart, one) for one in records)
        ],
        table=_table(records),
        differing=record.differing(configs),
        settings=record.settings(configs),
    )


def _run(one: Record, count: int) -> dict[str, object]:
    """What a run has of its own on the page, beside `count` - 1 others."""
    config = one.config
    return {
        "name": one.name,
        "subject": f"{config.mode} on {sources.short_name(config.dataset)}",
        "state": one.state,
        "missing": one.missing,
        "warnings": one.warnings(),
        "commands": _commands(one),
        "frames": _frames(one, FRAMES_BYTES // count),
        "conditional": config.conditional,
        "tiles": _tiles(one),
        "confusion": _confusion(one),
        "nearest": _nearest(one),
        "notes": one.evaluation.notes if one.evaluation else [],
    }


def _facts(records: list[Record]) -> list[tuple[str, list[str]]]:
    """Rows: what it is, and its value in each run."""
    rows = {
        "Model": lambda one: f"{one.config.mode}, architecture {one.config.architecture}",
        "Trained on": _images,
        "Length": _length,
        "Trained for": _duration,
        "Precision": lambda one: one.config.precision,
        "Weights from": lambda one: str(one.content.parent or ""),
        "Machine": lambda one: _pairs(one, "machine"),
        "Versions": lambda one: _pairs(one, "versions"),
    }
    found = [(name, [of(one) for one in records]) for name, of in rows.items()]
    return [(name, values) for name, values in found if any(values)]


def _images(one: Record) -> str:
    config, data = one.config, one.content.data
    count = f"{data['images']:,} images" if data else "images"
    classes = f" of {config.classes} classes" if config.classes > 1 else ""
    name = sources.short_name(config.dataset)
    return f"{name}: {count}{classes}, {ImageSpec.of(config)}"


def _length(one: Record) -> str:
    config = one.config
    length = f"{config.steps:,} steps" if config.steps else f"{config.epochs:,} epochs"
    return f"{length} of batches of {config.batch_size}; stands at step {one.step:,}"


def _duration(one: Record) -> str:
    """Of training alone, as the log has it."""
    seconds = sum(entry.get("seconds", 0) for entry in one.entries)
    if not seconds:
        return ""
    pace = sum(e.get("seconds", 0) * e.get("images_per_second", 0) for e in one.entries)
    hours, minutes = divmod(round(seconds / 60), 60)
    spent = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    spent = spent if seconds >= 60 else f"{seconds:.0f} s"
    return f"{spent}, without evaluations and saving; {pace / seconds:,.0f} images/s"


def _pairs(one: Record, part: str) -> str:
    first = one.content.starts[0][part] if one.content.starts else {}
    return ", ".join(f"{name} {value}" for name, value in first.items())


def _commands(one: Record) -> list[str]:
    """The command lines that trained it, each once, with how often it was given."""
    lines = [shlex.join(map(str, start["command"])) for start in one.content.starts]
    return [
        f"{line}  # {lines.count(line)} x" if lines.count(line) > 1 else line
        for line in dict.fromkeys(lines)
    ]


def _frames(one: Record, room: int) -> list[dict[str, str]]:
    """Some frames, evenly chosen, in `room` bytes, as a caption and an image each."""
    numbers = list(one.frames)
    layout = grids.Layout.of_preview(one.config)

    @functools.cache
    def encoded(number: int) -> str:
        frame = frames.read(one.frames[number])
        if frame is None:  # a run that still trains removes some
            return ""
        return html.data_uri(grids.legible(frame, layout))

    if not numbers:
        return []
    largest = max(len(encoded(number)) for number in (numbers[0], numbers[-1]))
    count = min(len(numbers), MOST_FRAMES, max(1, room // max(largest, 1)))
    places = np.unique(np.linspace(len(numbers) - 1, 0, count).round().astype(int))
    unit = one.frames[numbers[0]].stem.partition("_")[0]
    return [
        {"caption": f"{unit} {number}", "image": encoded(number)}
        for number in (numbers[place] for place in places)
        if encoded(number)
    ]


def _curves(chart: Chart, one: Record) -> dict[str, figures.Points]:
    found = {label: figures.points(one.entries, key) for label, key in chart.curves.items()}
    return {label: points for label, points in found.items() if points}


def _chart(chart: Chart, records: list[Record]) -> dict[str, object]:
    """One run: a colour for each curve.  Several: a colour a run, a dash for each curve."""
    curves, legend, references = [], [], []
    labels = list(chart.curves)
    for number, one in enumerate(records):
        for label, points in _curves(chart, one).items():
            dash = labels.index(label)
            colour, dash = (number, dash) if len(records) > 1 else (dash, 0)
            curves.append(plots.Curve(figures.thinned(points), colour, dash))
            last = figures.plain(points[-1][1], share=chart.share)
            name = label if len(records) == 1 else f"{one.name}, {label}"
            legend.append({"name": name, "colour": colour, "dash": dash, "last": last})
            real = _reference(one, chart.curves[label])
            if real is not None and len(records) == 1:
                references.append((real, colour))
    values = [value for curve in curves for _, value in curve.points]
    logarithmic = figures.is_logarithmic(chart, values)
    caption = chart.caption + (" Logarithmic axis." if logarithmic else "")
    if references:
        caption += " Dotted: real training images."
    return {
        "title": chart.title,
        "caption": caption,
        "legend": legend,
        "svg": plots.draw(
            chart.title, curves, references, share=chart.share, logarithmic=logarithmic
        ),
    }


def _reference(one: Record, key: str) -> float | None:
    """That figure of real training images, if it was measured."""
    if one.evaluation is None or not key.startswith(QUALITY):
        return None
    value = one.evaluation.figures.get(REAL, {}).get(key.removeprefix(QUALITY))
    return value if isinstance(value, float) and math.isfinite(value) else None


def _table(records: list[Record]) -> dict[str, object] | None:
    """The figures of evaluations: a column for each run, and the reference rows.

    These are left out where the runs were not measured against the same.
    """
    measured = [one for one in records if one.evaluation]
    if not measured:
        return None
    evaluations = [one.evaluation for one in measured]
    protocols = {
        (p.dataset, p.test_images, p.images.get("generated"), e.of.ema)
        for e in evaluations
        for p in [e.protocol]
    }
    alike = len(protocols) == 1
    columns = [one.evaluation.figures["generated"] for one in measured]
    others = {k: v for k, v in evaluations[0].figures.items() if k != "generated" and alike}
    protocol = evaluations[0].protocol
    rows = [
        _row(figure, columns, list(others.values()), alike=alike)
        for figure in FIGURES
        if any(figure.key in column for column in columns)
    ]
    return {
        "columns": [one.name if len(records) > 1 else "generated" for one in measured],
        "others": list(others),
        "rows": rows,
        "bold": any(row["best"] is not None for row in rows),
        "alike": alike,
        "steps": [(one.name, one.evaluation.of.step, one.step) for one in measured],
        "dataset": sources.short_name(protocol.dataset),
        "test_images": protocol.test_images,
        "generated": protocol.images.get("generated", 0),
    }


def _row(
    figure: Figure, columns: list[dict], others: list[dict], *, alike: bool
) -> dict[str, object]:
    held = [column.get(figure.key) for column in columns]
    return {
        "figure": figure,
        "cells": [_cell(figure, value) for value in held],
        "others": [_cell(figure, column.get(figure.key)) for column in others],
        "best": _best(held, figure.arrow) if alike else None,
        "meaning": figure.meaning,
    }


def _cell(figure: Figure, value: object) -> str:
    return figure.format.format(value) if isinstance(value, float) else "-"


def _best(values: list[object], better: str) -> int | None:
    numbers = [value for value in values if isinstance(value, float)]
    if not better or len(numbers) < 2:
        return None
    return values.index(min(numbers) if better == DOWN else max(numbers))


def _tiles(one: Record) -> list[dict[str, Any]]:
    if one.evaluation is None:
        return []
    ours = one.evaluation.figures["generated"]
    real = one.evaluation.figures.get(REAL, {})
    return [
        {
            "figure": figure,
            "value": _cell(figure, ours[figure.key]),
            "real": _cell(figure, real.get(figure.key)),
        }
        for key in TILES
        for figure in FIGURES
        if figure.key == key and key in ours
    ]


def _confusion(one: Record) -> dict[str, object] | None:
    """Rows of (share of the requested class, whether it is the right one)."""
    matrix = one.evaluation.confusion if one.evaluation else None
    if not matrix:
        return None
    rows = [
        [(count / max(sum(row), 1), column == number) for column, count in enumerate(row)]
        for number, row in enumerate(matrix)
    ]
    names = one.evaluation.class_names
    return {"names": names, "rows": rows, "numbers": len(names) <= MOST_NAMED}


def _nearest(one: Record) -> dict[str, object] | None:
    if one.pairs is None:
        return None
    nearest, names = one.evaluation.nearest_training_images, one.evaluation.class_names
    classes = nearest.classes or []
    known = len(classes) == len(nearest.distances) and all(
        0 <= number < len(names or []) for number in classes
    )
    labels = [names[number] for number in classes] if known else []
    return {
        "image": html.data_uri(one.pairs),
        "pairs": list(itertools.zip_longest(labels, nearest.distances)),
        "near_copies": nearest.near_copies,
        "near_copy_distance": nearest.near_copy_distance,
    }
