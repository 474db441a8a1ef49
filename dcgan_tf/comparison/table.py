"""Runs beside each other: a table of 80 columns, and a CSV."""

import csv
import itertools
import pathlib
import shlex
import statistics
from collections.abc import Sequence

from dcgan_tf.comparison.runs import COMPARED, Measured, differing, groups
from dcgan_tf.metrics.figures import Figure
from dcgan_tf.reporting.console import WIDTH, prints, title, wrapped
from dcgan_tf.support import atomic_files

HIDDEN = {"class_names"}  # which follow from the data set, and are long
MOST_CELL = 24  # letters
Row = tuple[str, ...]


def text(runs: Sequence[Measured], encoding: str | None = None) -> str:
    """A column for each group of runs that differ in nothing but the seed.

    A row for each setting that differs, and for each figure: its mean and, over several
    seeds, its sample standard deviation.

    encoding: that of what it is printed to; None: that of stdout
    """
    found = groups(runs)
    rows = [("", *(f"({n}) {_label(group)}" for n, group in enumerate(found, 1)))]
    for name in differing(runs):
        if name not in HIDDEN:
            rows.append((name, *(_short(g[0].settings[name]) for g in found)))
    if len({one.seed for one in runs}) > 1:
        rows.append(("seed", *(_listed([one.seed for one in g]) for g in found)))
    rows.append(("measured at step", *(_listed([o.step for o in g]) for g in found)))
    for figure in _shown(runs):
        cells = (_cell(group, figure) for group in found)
        rows.append((title(figure, encoding), *cells))
    legend = [
        wrapped(f"({n}): {', '.join(str(one.run.folder) for one in group)}")
        for n, group in enumerate(found, 1)
    ]
    drawn = "\n".join([*legend, "", *_blocks(rows), "", *_notes(runs, found)]).rstrip()
    if prints("\u00b1\u2013", encoding):
        return drawn
    return drawn.replace("\u00b1", "+-").replace("\u2013", "-")


def _shown(runs: Sequence[Measured]) -> list[Figure]:
    return [figure for figure in COMPARED if any(figure.key in o.figures for o in runs)]


def _label(group: Sequence[Measured]) -> str:
    """ "acgan-*" of acgan-0, acgan-1."""
    names = [one.run.folder.resolve().name for one in group]
    if len(names) == 1:
        return _short(names[0])
    alike = itertools.takewhile(lambda at: len(set(at)) == 1, zip(*names, strict=False))
    return _short("".join(at[0] for at in alike).rstrip("0123456789") + "*")


def _short(value: object) -> str:
    """A value in at most MOST_CELL letters, of which the end tells more."""
    plain = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return plain if len(plain) <= MOST_CELL else f"...{plain[3 - MOST_CELL :]}"


def _listed(numbers: Sequence[int | None]) -> str:
    """ "0, 1, 2", each once; "\u2013" for None."""
    listed = ("\u2013" if one is None else str(one) for one in dict.fromkeys(numbers))
    return _short(", ".join(listed))


def _cell(group: Sequence[Measured], figure: Figure) -> str:
    """The mean, and the sample standard deviation where several have the figure."""
    values = [one.figures[figure.key] for one in group if figure.key in one.figures]
    if not values:
        return "\u2013"
    mean = figure.format.format(statistics.fmean(values))
    if len(values) == 1:
        return mean
    return f"{mean} \u00b1{figure.format.format(statistics.stdev(values))}"


def _blocks(rows: Sequence[Row]) -> list[str]:
    """The lines of a table; what is wider than WIDTH goes on in another one below."""
    named = max(len(row[0]) for row in rows)
    width = 2 + max(len(cell) for row in rows for cell in row[1:])
    fitting = max(1, (WIDTH - named) // width)
    lines: list[str] = []
    for start in range(1, len(rows[0]), fitting):
        lines += [""] if lines else []
        for name, *cells in ((row[0], *row[start : start + fitting]) for row in rows):
            lines.append(f"{name:<{named}}" + "".join(f"{c:>{width}}" for c in cells))
    return lines


def _notes(runs: Sequence[Measured], found: Sequence[Sequence[Measured]]) -> list[str]:
    """What is to be known of the figures, and the commands that make missing ones."""
    notes = []
    if any(len(group) > 1 for group in found):
        notes.append(
            "several seeds: mean \u00b1 sample standard deviation (of those that have the "
            "figure)"
        )
    if len({one.protocol for one in runs if one.protocol}) > 1:
        notes.append(
            "measured on different data, numbers of images or generators (EMA or not): not "
            "all figures are comparable"
        )
    missing = [one.run.folder for one in runs if one.step is None]
    if missing:
        notes.append("not evaluated yet:")
    return [
        *map(wrapped, notes),
        *(f"  dcgan-tf evaluate --run={shlex.quote(str(folder))}" for folder in missing),
    ]


def write_csv(path: pathlib.Path, runs: Sequence[Measured]) -> None:
    """A row for each run: group, settings that differ, and figures as plain numbers.

    Shares are from 0 to 1.  What a run does not have is empty.
    """
    settings = [name for name in differing(runs) if name not in HIDDEN]
    keys = [figure.key for figure in _shown(runs)]
    with (
        atomic_files.replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["run", "group", *settings, "seed", "step", *keys])
        for number, group in enumerate(groups(runs), 1):
            for one in group:
                values = (one.settings[name] for name in settings)
                figures = (one.figures.get(key) for key in keys)
                folder = str(one.run.folder)
                writer.writerow([folder, number, *values, one.seed, one.step, *figures])
