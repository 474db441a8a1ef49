"""One HTML file of one or several runs: what was trained, how it went, how good it is."""

import datetime
import shlex
import time
from typing import Any

from dcgan_tf import __version__
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import source
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics.figures import DOWN, FIGURES, MEANINGS, QUALITY
from dcgan_tf.pages import page, record
from dcgan_tf.pages.record import Record
from dcgan_tf.reporting import frames

MOST_FRAMES = 40  # of a run
FRAMES_BYTES = 3_000_000  # of all runs
TILES = {"class_accuracy", "frechet_classifier_distance", "recall", "coverage"}


def content(records: list[Record]) -> dict[str, Any]:
    """Returns what page.js shows."""
    measured = [entry for entry in records if entry.evaluation]
    real = measured[0].evaluation.real if len(records) == len(measured) == 1 else {}
    facts = [_facts(entry) for entry in records]
    return {
        "runs": [_run(entry, FRAMES_BYTES // len(records)) for entry in records],
        "facts": [
            (name, values)
            for name in facts[0]
            if any(values := [fact[name] for fact in facts])
        ],
        "differing": [_row(name, records) for name in record.differing(records)],
        "charts": page.charts(
            [entry.entries for entry in records],
            {QUALITY + key: value for key, value in real.items()},
        ),
        "table": _table(measured, len(records)) if measured else None,
        "settings": [
            _row(name, records) | {"help": field.description}
            for name, field in Config.model_fields.items()
            if any(entry.settings[name] is not None for entry in records)
        ],
        "footer": f"Written {time.strftime('%Y-%m-%d %H:%M')} by dcgan_tf {__version__}.",
    }


def _row(name: str, records: list[Record]) -> dict[str, Any]:
    values = (entry.settings[name] for entry in records)
    return {"name": name, "values": ["-" if v is None else str(v) for v in values]}


def _run(entry: Record, room: int) -> dict[str, object]:
    """Returns what one run has on the page, with frames of about `room` bytes."""
    missing = [*entry.missing]
    evaluation, shown = entry.evaluation, _frames(entry, room, missing)
    figures = evaluation.generated if evaluation else {}
    matrix = figures.get("confusion_matrix")
    return {
        **page.head(entry.name, entry.config, f"; {entry.state}"),
        "warnings": entry.warnings(),
        "frames": shown,
        "tiles": [
            {
                "title": figure.title,
                "value": figure.text(figures[figure.key]),
                "real": figure.text(evaluation.real.get(figure.key)),
            }
            for figure in FIGURES
            if figure.key in TILES & figures.keys()
        ],
        "confusion": {"names": entry.config.names, "rows": matrix} if matrix else None,
        "nearest": _nearest(entry, missing) if evaluation else None,
        "missing": missing,
    }


def _facts(entry: Record) -> dict[str, str | list[str]]:
    config, data, starts = entry.config, entry.content.data, entry.content.starts
    images = f"{data['images']:,} images" if data else "images"
    classes = f" of {config.classes} classes" if config.classes > 1 else ""
    dataset = source.short_name(config.dataset)
    length = f"{config.steps:,} steps" if config.steps else f"{config.epochs:,} epochs"
    length += f" of batches of {config.batch_size}; stands at step {entry.step:,}"
    seen = sum(e.get("seconds", 0) * e.get("images_per_second", 0) for e in entry.entries)
    spent = datetime.timedelta(seconds=round(entry.seconds))
    pace = f"{seen / (entry.seconds or 1):,.0f} images/s"
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


def _frames(entry: Record, room: int, missing: list[str]) -> list[dict[str, str]]:
    """Returns some frames, evenly chosen, in about `room` bytes."""
    paths = list(frames.paths(entry.run.samples).values())
    if not paths:
        missing.append("samples/ holds no frame: there are no pictures of the training")
        return []
    most = min(MOST_FRAMES, max(1, room // paths[-1].stat().st_size))
    read = {paths[n]: frames.read(paths[n]) for n in frames.evenly(len(paths), most)}
    sound = {path: pixels for path, pixels in read.items() if pixels is not None}
    if damaged := len(read) - len(sound):
        plural = "s" * (damaged > 1)
        missing.append(f"samples/ has {damaged} damaged frame{plural}, left out")
    return [page.frame(path, page.data_uri(pixels)) for path, pixels in sound.items()]


def _table(measured: list[Record], runs: int) -> dict[str, object]:
    """Returns the figures of evaluations, a column for each of `runs`, and references.

    The reference columns are left out where the runs' conditions differ.
    """
    evaluations = [entry.evaluation for entry in measured]
    columns = [evaluation.generated for evaluation in evaluations]
    first, protocol = evaluations[0].figures, evaluations[0].protocol
    alike = len({evaluation.conditions for evaluation in evaluations}) == 1
    references = {k: v for k, v in first.items() if alike and k != "generated"}
    rows = []
    for figure in (f for f in FIGURES if any(f.key in column for column in columns)):
        values = [column.get(figure.key) for column in columns]
        numbers = [value for value in values if value is not None]
        best = None
        if alike and figure.arrow and len(numbers) > 1:
            best = values.index(min(numbers) if figure.arrow == DOWN else max(numbers))
        others = [reference.get(figure.key) for reference in references.values()]
        row = {"title": figure.title, "best": best, "meaning": MEANINGS.get(figure.key, "")}
        row |= {
            "cells": [*map(figure.text, values)],
            "references": [*map(figure.text, others)],
        }
        rows.append(row)
    bold = any(row["best"] is not None for row in rows)
    compared = (
        f"{protocol['images']['generated']:,} images, compared with "
        f"{protocol['test_images']:,} real test images of "
        f"{source.short_name(protocol['dataset'])}. Real training images and memorised "
        "ones are measured in the same way: what can be reached, and what a generator "
        "without variety would get."
        if alike
        else "The runs were measured with other images, other numbers of them, or one with "
        "the EMA of its generator and one without: their figures do not compare."
    )
    notes = ["↑ higher is better, ↓ lower is better." + " Bold: the best." * bold, compared]
    for entry in measured:
        at, name = entry.evaluation.of["step"], f"{entry.name}: " * (runs > 1)
        moved = [f"measured at step {at:,}; stands at {entry.step:,} now"] * (
            at != entry.step
        )
        notes += [f"{name}{note}." for note in (*moved, *entry.evaluation.notes)]
    return {
        "columns": [entry.name for entry in measured] if runs > 1 else ["generated"],
        "references": [name.removesuffix(" images") for name in references],
        "rows": rows,
        "notes": notes,
    }


def _nearest(entry: Record, missing: list[str]) -> dict[str, object] | None:
    pairs = frames.read(entry.run.folder / "evaluation.png")
    if pairs is None:
        missing.append("evaluation.png is missing or damaged: no nearest training images")
        return None
    nearest = entry.evaluation.nearest_training_images
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
    return {"image": image, "labels": labels, "distances": distances, "note": note}
