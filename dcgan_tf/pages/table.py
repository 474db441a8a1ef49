"""Runs beside each other: a table of 80 columns, and a CSV."""

import csv
import io
import math
import pathlib
import shlex
import statistics
from collections.abc import Iterable, Sequence

from dcgan_tf.metrics.figures import FIGURES, Figure
from dcgan_tf.pages.record import Record, differing
from dcgan_tf.reporting.console import WIDTH, printable, wrapped
from dcgan_tf.support import atomic_files

COMPARED = (
    *(figure for figure in FIGURES if figure.compared),
    Figure("training_minutes", "minutes of training", "{:.1f}", arrow="down"),
)
MOST_CELL = 24  # letters
ABSENT = "\u2013"  # a dash
BEYOND = "*"
Group = list[Record]  # whose weights differ by nothing but the seed


def groups(records: Sequence[Record]) -> list[Group]:
    """Returns the groups, in the order of their first runs."""
    alike: dict[str, Group] = {}
    for record in records:
        alike.setdefault(record.repeated, []).append(record)
    return list(alike.values())


def text(records: Sequence[Record]) -> str:
    """Returns the table: a row for each setting that differs and for each figure."""
    columns = groups(records)
    rows = [["", *(f"({n}) {_label(group)}" for n, group in enumerate(columns, 1))]]
    for name in sorted(differing(records), key=lambda name: name == "seed"):
        rows.append([name, *(_listed(r.settings[name] for r in g) for g in columns)])
    steps = (_listed(r.measured[0] or ABSENT for r in group) for group in columns)
    rows.append(["measured at step", *steps])
    images = (_listed(r.measured[1].get("images", ABSENT) for r in g) for g in columns)
    rows.append(["images measured", *images])
    for figure in COMPARED:
        cells = _cells(columns, figure)
        if set(cells) != {ABSENT}:
            rows.append([figure.title, *cells])
    legend = [
        wrapped(f"({n}): {', '.join(str(record.run.folder) for record in group)}")
        for n, group in enumerate(columns, 1)
    ]
    notes = _notes(records, several=len(columns) < len(records))
    if any(cell.endswith(BEYOND) for row in rows[1:] for cell in row):
        notes.insert(
            0, wrapped(f"{BEYOND}: differs from (1) by more than the ± of their difference")
        )
    table = "\n".join([*legend, "", *_blocks(rows), "", *notes]).rstrip()
    return printable(table)


def _label(group: Group) -> str:
    """Returns "acgan-*" for acgan-0 and acgan-1."""
    alike, *others = (record.run.folder.resolve().name for record in group)
    while not all(name.startswith(alike) for name in others):
        alike = alike[:-1]
    return _listed([alike.rstrip("0123456789") + "*" if others else alike])


def _listed(values: Iterable[object]) -> str:
    """Returns "0, 1, 2", each value once; at most MOST_CELL letters, the last ones."""
    texts = (str(v).lower() if v is None or isinstance(v, bool) else str(v) for v in values)
    listed = ", ".join(dict.fromkeys(texts))
    return listed if len(listed) <= MOST_CELL else f"...{listed[3 - MOST_CELL :]}"


def _cells(columns: Sequence[Group], figure: Figure) -> list[str]:
    """Returns a figure's cells, marked where they differ from (1) by more than chance."""
    numbers = [_mean(group, figure) for group in columns]
    cells, (first, own) = [], numbers[0]
    for mean, margin in numbers:
        known = None not in (mean, margin, first, own)
        beyond = known and abs(mean - first) > math.hypot(margin, own)
        text = ABSENT if mean is None else figure.text(mean, margin)
        cells.append(text + BEYOND * beyond)
    return cells


def _mean(group: Group, figure: Figure) -> tuple[float | None, float | None]:
    """Returns the mean, and of several values their sample std, of one its margin."""
    measured = [record.measured[1] for record in group]
    values = [m[figure.key] for m in measured if m.get(figure.key) is not None]
    if len(values) > 1:
        return statistics.fmean(values), statistics.stdev(values)
    margin = next((m["margins"].get(figure.key) for m in measured if "margins" in m), None)
    return (values[0], margin) if values else (None, None)


def _blocks(rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a table; columns beyond WIDTH go on in another table below."""
    named = max(len(row[0]) for row in rows)
    width = 2 + max(len(cell) for row in rows for cell in row[1:])
    fitting = max(1, (WIDTH - named) // width)
    lines: list[str] = []
    for start in range(1, len(rows[0]), fitting):
        lines += [""] * bool(lines)
        for row in rows:
            cells = (f"{cell:>{width}}" for cell in row[start : start + fitting])
            lines.append(f"{row[0]:<{named}}" + "".join(cells))
    return lines


def _notes(records: Sequence[Record], *, several: bool) -> list[str]:
    """Returns what a reader must know of the figures, and what makes missing ones."""
    spread = "mean \u00b1 sample standard deviation (of those that have the figure)"
    notes = [f"several seeds: {spread}"] * several
    if any("margins" in record.measured[1] for record in records):
        notes.append(
            "one seed: ± what other held-out and generated images would change, nine times "
            "in ten; another training may change more"
        )
    measured = [record for record in records if record.measured[0] is not None]
    if len({(r.settings["training_images"], r.measured[2]) for r in measured}) > 1:
        notes.append(
            "measured on different data, numbers of images or generators (EMA or not): not "
            "all figures are comparable"
        )
    missing = [str(r.run.folder) for r in records if r.measured[0] is None]
    notes += ["not evaluated yet:"] * bool(missing)
    commands = [f"  dcgan-tf evaluate --run={shlex.quote(folder)}" for folder in missing]
    return [*map(wrapped, notes), *commands]


def write_csv(path: pathlib.Path, records: Sequence[Record]) -> None:
    """Writes a row for each run: group, settings that differ, figures as plain numbers."""
    settings = [name for name in differing(records) if name != "seed"]
    keys = [f.key for f in COMPARED if _mean(list(records), f)[0] is not None]
    keys.insert(0, "images")
    rows: list[list[object]] = [["run", "group", *settings, "seed", "step", *keys]]
    for number, group in enumerate(groups(records), 1):
        for record in group:
            values = [record.settings[name] for name in (*settings, "seed")]
            step, figures, _ = record.measured
            values += [step, *(figures.get(key) for key in keys)]
            rows.append([record.run.folder, number, *values])
    content = io.StringIO(newline="")
    csv.writer(content).writerows(rows)
    atomic_files.write_bytes(path, content.getvalue().encode())
