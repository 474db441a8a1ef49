"""One HTML file of one or several runs: what was trained, how it went, how good it is."""

import datetime
import shlex
import time
from typing import Any

import numpy as np

from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics.figures import DOWN, FIGURES, QUALITY
from dcgan_tf.pages import page, record
from dcgan_tf.pages.record import Evaluation, Record
from dcgan_tf.reporting import frames
from dcgan_tf.runs import config_file

MOST_FRAMES = 40  # of a run
FRAMES_BYTES = 3_000_000  # of all runs
TILES = {"class_accuracy", "frechet_classifier_distance", "recall", "coverage"}
NOT_ALIKE = (
    "The runs were measured with other images, other numbers of them, or one with the EMA "
    "of its generator and one without: their figures do not compare."
)


def content(records: list[Record]) -> dict[str, Any]:
    """Returns what page.js shows."""
    version = config_file.versions()["dcgan_tf"]
    evaluation = records[0].evaluation if len(records) == 1 else None
    real = evaluation.real if evaluation else {}
    facts = [_facts(entry) for entry in records]
    return {
        "runs": [_run(entry, FRAMES_BYTES // len(records)) for entry in records],
        "facts": [
            (name, [fact[name] or "" for fact in facts])
            for name in facts[0]
            if any(fact[name] for fact in facts)
        ],
        "differing": [
            {"name": name, "values": _texts(values)}
            for name, values in record.differing(records).items()
        ],
        "charts": page.charts(
            [entry.entries for entry in records],
            {QUALITY + key: value for key, value in real.items()},
        ),
        "table": _table([entry for entry in records if entry.evaluation], len(records)),
        "settings": [
            {"name": name, "values": _texts(values), "help": field.description}
            for name, field in Config.model_fields.items()
            for values in [[entry.settings[name] for entry in records]]
            if any(value is not None for value in values)
        ],
        "written": time.time(),
        "footer": f"Written {time.strftime('%Y-%m-%d %H:%M')} by dcgan_tf {version}.",
    }


def _texts(values: list[object]) -> list[str]:
    return ["-" if value is None else str(value) for value in values]


def _run(entry: Record, room: int) -> dict[str, object]:
    """Returns what one run has on the page, with frames of about `room` bytes."""
    evaluation, missing = entry.evaluation, [*entry.missing]
    matrix = evaluation and evaluation.generated.get("confusion_matrix")
    return {
        "name": entry.name,
        "subject": f"{page.subject(entry.config)}; {entry.state}",
        "warnings": entry.warnings(),
        **page.grid_titles(entry.config),
        "frames": _frames(entry, room, missing),
        "tiles": _tiles(evaluation) if evaluation else [],
        "confusion": {"names": evaluation.names, "rows": matrix} if matrix else None,
        "nearest": _nearest(entry, missing) if evaluation else None,
        "missing": missing,
    }


def _facts(entry: Record) -> dict[str, str | list[str]]:
    config, data, starts = entry.config, entry.content.data, entry.content.starts
    images = f"{data['images']:,} images" if data else "images"
    classes = f" of {config.classes} classes" if config.classes > 1 else ""
    length = f"{config.steps:,} steps" if config.steps else f"{config.epochs:,} epochs"
    first = starts[0] if starts else {"machine": {}, "versions": {}}
    pairs = {
        part: ", ".join(f"{name} {value}" for name, value in first[part].items())
        for part in ("machine", "versions")
    }
    commands = [shlex.join(map(str, start["command"])) for start in starts]
    return {
        "Model": f"{config.mode}, architecture {config.architecture}",
        "Trained on": (
            f"{sources.short_name(config.dataset)}: {images}{classes}, "
            f"{ImageSpec.of(config)}"
        ),
        "Length": (
            f"{length} of batches of {config.batch_size}; stands at step {entry.step:,}"
        ),
        "Trained for": _duration(entry),
        "Precision": config.precision,
        "Weights from": str(entry.settings["init_from"] or ""),
        "Machine": pairs["machine"],
        "Versions": pairs["versions"],
        "Command": [
            f"{line}  # {commands.count(line)} x" if commands.count(line) > 1 else line
            for line in dict.fromkeys(commands)
        ],
    }


def _duration(entry: Record) -> str:
    if not entry.seconds:
        return ""
    images = sum(e.get("seconds", 0) * e.get("images_per_second", 0) for e in entry.entries)
    spent = datetime.timedelta(seconds=round(entry.seconds))
    pace = f"{images / entry.seconds:,.0f} images/s"
    return f"{spent} (h:mm:ss), without evaluations and saving; {pace}"


def _frames(entry: Record, room: int, missing: list[str]) -> list[dict[str, str]]:
    """Returns caption and image of some frames, evenly chosen, in about `room` bytes."""
    paths = list(frames.paths(entry.run.samples).values())
    if not paths:
        missing.append("samples/ holds no frame: there are no pictures of the training")
        return []
    size = paths[-1].stat().st_size
    most = min(len(paths), MOST_FRAMES, max(1, room // size))
    places = np.unique(np.linspace(len(paths) - 1, 0, most).round().astype(int))
    read = {paths[place]: frames.read(paths[place]) for place in places}
    sound = {path: frame for path, frame in read.items() if frame is not None}
    if damaged := len(read) - len(sound):
        missing.append(f"samples/ has {record.count(damaged, 'damaged frame')}, left out")
    return [
        {"caption": page.frame_caption(path), "image": page.data_uri(frame)}
        for path, frame in sound.items()
    ]


def _table(measured: list[Record], runs: int) -> dict[str, object] | None:
    """Returns the figures of evaluations, a column for each of `runs`, and references.

    The reference columns are left out where the runs' conditions differ.
    """
    if not measured:
        return None
    evaluations = [entry.evaluation for entry in measured]
    alike = len({evaluation.conditions for evaluation in evaluations}) == 1
    columns = [evaluation.generated for evaluation in evaluations]
    references = {k: v for k, v in evaluations[0].figures.items() if v is not columns[0]}
    references = references if alike else {}
    rows = []
    for figure in FIGURES:
        values = [column.get(figure.key) for column in columns]
        others = [column.get(figure.key) for column in references.values()]
        if any(figure.key in column for column in columns):
            rows.append(
                {
                    "title": figure.title,
                    "cells": list(map(figure.text, values)),
                    "references": list(map(figure.text, others)),
                    "best": _best(values, figure.arrow) if alike else None,
                    "meaning": figure.meaning,
                }
            )
    bold = any(row["best"] is not None for row in rows)
    return {
        "columns": [entry.name for entry in measured] if runs > 1 else ["generated"],
        "references": [name.removesuffix(" images") for name in references],
        "rows": rows,
        "notes": [
            "↑ higher is better, ↓ lower is better." + " Bold: the best." * bold,
            _compared(evaluations[0].protocol) if alike else NOT_ALIKE,
            *(note for entry in measured for note in _notes(entry, runs)),
        ],
    }


def _compared(protocol: record.Protocol) -> str:
    return (
        f"{protocol.images.get('generated', 0):,} images, compared with "
        f"{protocol.test_images:,} real test images of "
        f"{sources.short_name(protocol.dataset)}. Real training images and memorised ones "
        "are measured in the same way: what can be reached, and what a generator without "
        "variety would get."
    )


def _notes(entry: Record, runs: int) -> list[str]:
    at, now = entry.evaluation.of.step, entry.step
    notes = [] if at == now else [f"measured at step {at:,}; stands at {now:,} now"]
    notes += entry.evaluation.notes
    return [f"{entry.name}: {note}." if runs > 1 else f"{note}." for note in notes]


def _best(values: list, arrow: str) -> int | None:
    numbers = [value for value in values if value is not None]
    if not arrow or len(numbers) < 2:
        return None
    return values.index(min(numbers) if arrow == DOWN else max(numbers))


def _tiles(evaluation: Evaluation) -> list[dict[str, str]]:
    return [
        {
            "title": figure.title,
            "value": figure.text(evaluation.generated[figure.key]),
            "real": figure.text(evaluation.real.get(figure.key)),
        }
        for figure in FIGURES
        if figure.key in TILES and figure.key in evaluation.generated
    ]


def _nearest(entry: Record, missing: list[str]) -> dict[str, object] | None:
    pairs = frames.read(entry.run.folder / "evaluation.png")
    if pairs is None:
        missing.append("evaluation.png is missing or damaged: no nearest training images")
        return None
    nearest, names = entry.evaluation.nearest_training_images, entry.evaluation.names
    labels = [names[number] for number in nearest.classes or []]
    note = (
        "Above: the generated images that are nearest to a training image"
        + (", one of each class" if labels else "")
        + ". Below: that training image. Numbers: the distance, in grey levels of 255."
    )
    if nearest.near_copies is not None:
        note += (
            f" {nearest.near_copies:.2%} of the generated images are near copies: closer "
            f"than {nearest.near_copy_distance or 0:g} grey levels, as 1% of real test "
            "images are."
        )
    return {
        "image": page.data_uri(pairs),
        "labels": labels,
        "distances": nearest.distances,
        "note": note,
    }
