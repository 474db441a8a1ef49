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
    columns = {name: [r.settings[name] for r in records] for name in Config.model_fields}
    return {
        "runs": [_run(entry, FRAMES_BYTES // len(records)) for entry in records],
        "facts": [
            (name, values)
            for name in facts[0]
            if any(values := [fact[name] for fact in facts])
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
            {"name": name, "values": _texts(columns[name]), "help": field.description}
            for name, field in Config.model_fields.items()
            if columns[name] != [None] * len(records)
        ],
        "footer": f"Written {time.strftime('%Y-%m-%d %H:%M')} by dcgan_tf {version}.",
    }


def _texts(values: list[object]) -> list[str]:
    return ["-" if value is None else str(value) for value in values]


def _run(entry: Record, room: int) -> dict[str, object]:
    """Returns what one run has on the page, with frames of about `room` bytes."""
    evaluation = entry.evaluation
    shown, no_frames = _frames(entry, room)
    nearest, no_pairs = _nearest(entry, evaluation) if evaluation else (None, [])
    generated = evaluation.generated if evaluation else {}
    matrix = generated.get("confusion_matrix")
    return {
        **page.head(entry.name, entry.config, f"; {entry.state}"),
        "warnings": entry.warnings(),
        "frames": shown,
        "tiles": [
            {
                "title": figure.title,
                "value": figure.text(generated[figure.key]),
                "real": figure.text(evaluation.real.get(figure.key)),
            }
            for figure in FIGURES
            if figure.key in TILES & generated.keys()
        ],
        "confusion": {"names": entry.config.names, "rows": matrix} if matrix else None,
        "nearest": nearest,
        "missing": [*entry.missing, *no_frames, *no_pairs],
    }


def _facts(entry: Record) -> dict[str, str | list[str]]:
    config, data, starts = entry.config, entry.content.data, entry.content.starts
    images = f"{data['images']:,} images" if data else "images"
    classes = f" of {config.classes} classes" if config.classes > 1 else ""
    dataset = sources.short_name(config.dataset)
    length = f"{config.steps:,} steps" if config.steps else f"{config.epochs:,} epochs"
    length += f" of batches of {config.batch_size}; stands at step {entry.step:,}"
    drawn = sum(e.get("seconds", 0) * e.get("images_per_second", 0) for e in entry.entries)
    spent = datetime.timedelta(seconds=round(entry.seconds))
    pace = f"{drawn / (entry.seconds or 1):,.0f} images/s"
    duration = f"{spent} (h:mm:ss), without evaluations and saving; {pace}"
    commands = [shlex.join(map(str, start["command"])) for start in starts]
    first = starts[0] if starts else {}
    machine, versions = (
        ", ".join(f"{name} {value}" for name, value in first.get(part, {}).items())
        for part in ("machine", "versions")
    )
    return {
        "Model": f"{config.mode}, architecture {config.architecture}",
        "Trained on": f"{dataset}: {images}{classes}, {ImageSpec.of(config)}",
        "Length": length,
        "Trained for": duration if entry.seconds else "",
        "Precision": config.precision,
        "Weights from": str(entry.settings["init_from"] or ""),
        "Machine": machine,
        "Versions": versions,
        "Command": [
            f"{line}  # {commands.count(line)} x" if commands.count(line) > 1 else line
            for line in dict.fromkeys(commands)
        ],
    }


def _frames(entry: Record, room: int) -> tuple[list[dict[str, str]], list[str]]:
    """Returns some frames, evenly chosen, in about `room` bytes; and what is missing."""
    paths = list(frames.paths(entry.run.samples).values())
    if not paths:
        return [], ["samples/ holds no frame: there are no pictures of the training"]
    most = min(len(paths), MOST_FRAMES, max(1, room // paths[-1].stat().st_size))
    places = np.unique(np.linspace(len(paths) - 1, 0, most).round().astype(int))
    read = {paths[place]: frames.read(paths[place]) for place in places}
    sound = {path: pixels for path, pixels in read.items() if pixels is not None}
    damaged = len(read) - len(sound)
    line = f"samples/ has {damaged} damaged frame{'s' * (damaged > 1)}, left out"
    shown = [page.frame(path, page.data_uri(pixels)) for path, pixels in sound.items()]
    return shown, [line] * bool(damaged)


def _table(measured: list[Record], runs: int) -> dict[str, object] | None:
    """Returns the figures of evaluations, a column for each of `runs`, and references.

    The reference columns are left out where the runs' conditions differ.
    """
    if not measured:
        return None
    evaluations = [entry.evaluation for entry in measured]
    columns = [evaluation.generated for evaluation in evaluations]
    alike = len({evaluation.conditions for evaluation in evaluations}) == 1
    others = {k: v for k, v in evaluations[0].figures.items() if k != "generated" and alike}
    rows = [
        {
            "title": figure.title,
            "cells": [figure.text(column.get(figure.key)) for column in columns],
            "references": [figure.text(other.get(figure.key)) for other in others.values()],
            "best": _best([c.get(figure.key) for c in columns], figure.arrow * alike),
            "meaning": figure.meaning,
        }
        for figure in FIGURES
        if any(figure.key in column for column in columns)
    ]
    bold = any(row["best"] is not None for row in rows)
    protocol = evaluations[0].protocol
    compared = (
        f"{protocol['images']['generated']:,} images, compared with "
        f"{protocol['test_images']:,} real test images of "
        f"{sources.short_name(protocol['dataset'])}. Real training images and memorised "
        "ones are measured in the same way: what can be reached, and what a generator "
        "without variety would get."
    )
    return {
        "columns": [entry.name for entry in measured] if runs > 1 else ["generated"],
        "references": [name.removesuffix(" images") for name in others],
        "rows": rows,
        "notes": [
            "↑ higher is better, ↓ lower is better." + " Bold: the best." * bold,
            compared if alike else NOT_ALIKE,
            *(n for r in measured for n in _notes(r, f"{r.name}: " * (runs > 1))),
        ],
    }


def _notes(entry: Record, name: str) -> list[str]:
    at, now = entry.evaluation.of["step"], entry.step
    moved = [f"measured at step {at:,}; stands at {now:,} now"] * (at != now)
    return [f"{name}{note}." for note in (*moved, *entry.evaluation.notes)]


def _best(values: list, arrow: str) -> int | None:
    numbers = [value for value in values if value is not None]
    if not arrow or len(numbers) < 2:
        return None
    return values.index(min(numbers) if arrow == DOWN else max(numbers))


def _nearest(entry: Record, evaluation: Evaluation) -> tuple[dict | None, list[str]]:
    """Returns the nearest training images; and what is missing of them."""
    pairs = frames.read(entry.run.folder / "evaluation.png")
    if pairs is None:
        line = "evaluation.png is missing or damaged: no nearest training images"
        return None, [line]
    nearest = evaluation.nearest_training_images
    labels = [entry.config.names[number] for number in nearest.get("classes") or []]
    note = (
        "Above: the generated images that are nearest to a training image"
        + ", one of each class" * bool(labels)
        + ". Below: that training image. Numbers: the distance, in grey levels of 255."
    )
    if (copies := nearest.get("near_copies")) is not None:
        note += (
            f" {copies:.2%} of the generated images are near copies: closer than "
            f"{nearest['near_copy_distance']:g} grey levels, as 1% of real test images are."
        )
    image, distances = page.data_uri(pairs), nearest["distances"]
    return {"image": image, "labels": labels, "distances": distances, "note": note}, []
