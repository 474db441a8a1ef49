"""Runs beside each other: a table of 80 columns, and a CSV."""

import csv
import itertools
import pathlib
import shlex
import statistics
from collections.abc import Sequence
from typing import Any

from dcgan_tf.metrics.figures import DOWN, FIGURES, Figure
from dcgan_tf.pages.record import Record, differing
from dcgan_tf.reporting.console import WIDTH, prints, title, wrapped
from dcgan_tf.support import atomic_files

MINUTES = Figure("training_minutes", "minutes of training", DOWN, "{:.1f}")
COMPARED = (*(figure for figure in FIGURES if figure.key != "selection_score"), MINUTES)
MOST_CELL = 24  # letters
ABSENT = "\u2013"  # a dash
Group = list[Record]  # runs that differ in nothing but the seed
Row = tuple[str, ...]


def groups(records: Sequence[Record]) -> list[Group]:
    """Returns the groups, in the order of their first runs."""
    found: dict[str, Group] = {}
    for record in records:
        found.setdefault(str({**record.settings, "seed": None}), []).append(record)
    return list(found.values())


def text(records: Sequence[Record], encoding: str | None = None) -> str:
    """Returns the table, which has a column for each group.

    It has a row for each setting that differs, and for each figure: the mean and, over
    several seeds, the sample standard deviation.

    encoding: that of what it is printed to; None: that of stdout
    """
    columns, settings = groups(records), differing(records)
    seeds = settings.pop("seed", None)
    rows = [("", *(f"({n}) {_label(group)}" for n, group in enumerate(columns, 1)))]
    for name in settings:
        rows.append((name, *(_short(group[0].settings[name]) for group in columns)))
    if seeds:
        rows.append(("seed", *(_listed([r.config.seed for r in g]) for g in columns)))
    rows.append(
        ("measured at step", *(_listed([r.measured[0] for r in g]) for g in columns))
    )
    for figure in COMPARED:
        cells = [_cell(_values(group, figure), figure) for group in columns]
        if set(cells) != {ABSENT}:
            rows.append((title(figure, encoding), *cells))
    legend = [
        wrapped(f"({n}): {', '.join(str(record.run.folder) for record in group)}")
        for n, group in enumerate(columns, 1)
    ]
    several = len(columns) < len(records)
    lines = [*legend, "", *_blocks(rows), "", *_notes(records, several=several)]
    drawn = "\n".join(lines).rstrip()
    if prints(f"\u00b1{ABSENT}", encoding):
        return drawn
    return drawn.replace("\u00b1", "+-").replace(ABSENT, "-")


def _label(group: Group) -> str:
    """Returns "acgan-*" for acgan-0 and acgan-1."""
    names = [record.run.folder.resolve().name for record in group]
    if len(names) == 1:
        return _short(names[0])
    alike = itertools.takewhile(lambda at: len(set(at)) == 1, zip(*names, strict=False))
    return _short("".join(at[0] for at in alike).rstrip("0123456789") + "*")


def _short(value: object) -> str:
    """Returns at most MOST_CELL letters of a value, whose end tells more."""
    plain = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return plain if len(plain) <= MOST_CELL else f"...{plain[3 - MOST_CELL :]}"


def _listed(numbers: Sequence[int | None]) -> str:
    """Returns "0, 1, 2", each number once; ABSENT for None."""
    listed = (ABSENT if n is None else str(n) for n in dict.fromkeys(numbers))
    return _short(", ".join(listed))


def _figures(record: Record) -> dict[str, Any]:
    minutes = {MINUTES.key: record.seconds / 60} if record.entries else {}
    return {**record.measured[1], **minutes}


def _values(group: Group, figure: Figure) -> list[float]:
    values = (_figures(record).get(figure.key) for record in group)
    return [value for value in values if value is not None]


def _cell(values: list[float], figure: Figure) -> str:
    """Returns the mean, and of several values the sample standard deviation."""
    if not values:
        return ABSENT
    mean = figure.text(statistics.fmean(values))
    if len(values) == 1:
        return mean
    return f"{mean} \u00b1{figure.text(statistics.stdev(values))}"


def _blocks(rows: Sequence[Row]) -> list[str]:
    """Returns the lines of a table; columns beyond WIDTH go on in another table below."""
    named = max(len(row[0]) for row in rows)
    width = 2 + max(len(cell) for row in rows for cell in row[1:])
    fitting = max(1, (WIDTH - named) // width)
    lines: list[str] = []
    for start in range(1, len(rows[0]), fitting):
        lines += [""] if lines else []
        for name, *cells in ((row[0], *row[start : start + fitting]) for row in rows):
            lines.append(f"{name:<{named}}" + "".join(f"{c:>{width}}" for c in cells))
    return lines


def _notes(records: Sequence[Record], *, several: bool) -> list[str]:
    """Returns what a reader must know of the figures, and what makes missing ones."""
    notes = []
    if several:
        notes.append(
            "several seeds: mean \u00b1 sample standard deviation (of those that have the "
            "figure)"
        )
    if len({r.evaluation.conditions for r in records if r.evaluation}) > 1:
        notes.append(
            "measured on different data, numbers of images or generators (EMA or not): not "
            "all figures are comparable"
        )
    missing = [record.run.folder for record in records if record.measured[0] is None]
    if missing:
        notes.append("not evaluated yet:")
    return [
        *map(wrapped, notes),
        *(f"  dcgan-tf evaluate --run={shlex.quote(str(folder))}" for folder in missing),
    ]


def write_csv(path: pathlib.Path, records: Sequence[Record]) -> None:
    """Writes a row for each run: group, settings that differ, figures as plain numbers.

    Shares are from 0 to 1.  A cell is empty where a run has no such figure.
    """
    settings = [name for name in differing(records) if name != "seed"]
    known = [figure for figure in COMPARED if _values(list(records), figure)]
    keys = [figure.key for figure in known]
    with (
        atomic_files.replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["run", "group", *settings, "seed", "step", *keys])
        for number, group in enumerate(groups(records), 1):
            for record in group:
                values = [record.settings[name] for name in settings]
                figures = [_figures(record).get(key) for key in keys]
                folder, seed = str(record.run.folder), record.config.seed
                step = record.measured[0]
                writer.writerow([folder, number, *values, seed, step, *figures])
