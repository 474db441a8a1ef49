"""One HTML file of one or several runs: what was trained, how it went, how good it is."""

import collections
import datetime
import shlex
import time
from typing import Any

from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import source
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics.figures import FIGURES
from dcgan_tf.pages import page
from dcgan_tf.pages.record import Record, differing
from dcgan_tf.reporting import frames
from dcgan_tf.support import package

MOST_FRAMES = 40  # of a run
FRAMES_BYTES = 3_000_000  # of all runs


def content(records: list[Record]) -> dict[str, Any]:
    """Returns what page.js shows."""
    measured = [record for record in records if record.evaluation]
    real = measured[0].evaluation.real if measured and len(records) == 1 else {}
    facts = [_facts(record) for record in records]
    rows = [(name, [fact[name] for fact in facts]) for name in facts[0]]
    # Runs are beside each other over what all of them count.
    unit = "step" if all(record.config.steps for record in records) else "epoch"
    return {
        "runs": [_run(record, FRAMES_BYTES // len(records)) for record in records],
        "facts": rows[:-2],
        "machine": rows[-2:],
        "charts": page.charts([record.entries for record in records], real, unit),
        "table": _table(measured, len(records)) if measured else None,
        "settings": _settings(records),
        "footer": f"Written {time.strftime('%F %H:%M')} by dcgan_tf {package.VERSION}.",
    }


def _settings(records: list[Record]) -> list[dict[str, Any]]:
    differ, rows = differing(records), []
    for name, field in Config.model_fields.items():
        values = [record.settings[name] for record in records]
        if any(value is not None for value in values):
            shown = ["-" if value is None else str(value) for value in values]
            row = {"name": name, "values": shown, "help": field.description}
            rows.append({**row, "differs": name in differ})
    return rows


def _run(record: Record, room: int) -> dict[str, object]:
    """Returns what one run has on the page, with frames of about `room` bytes."""
    missing, evaluation = [*record.missing], record.evaluation
    matrix = evaluation.generated.get("confusion_matrix") if evaluation else None
    return {
        **page.head(record.name, record.config, f"; {record.state}"),
        "warnings": record.warnings(),
        "frames": _frames(record, room, missing),
        "confusion": {"names": record.config.names, "rows": matrix} if matrix else None,
        "nearest": _nearest(record, missing) if evaluation else None,
        "missing": missing,
    }


def _facts(record: Record) -> dict[str, str | list[str]]:
    config, data, starts = record.config, record.content.data, record.content.starts
    images = f"{data['images']:,} images" if data else "images"
    classes = f" of {config.classes} classes" if config.classes > 1 else ""
    dataset = source.short_name(config.dataset)
    length = f"{config.steps or config.epochs:,} {config.unit}s"
    length += f" of batches of {config.batch_size}; stands at step {record.step:,}"
    log = record.entries
    seen = sum(e.get("seconds", 0) * e.get("images_per_second", 0) for e in log)
    spent = datetime.timedelta(seconds=round(record.seconds))
    pace = f"{seen / (record.seconds or 1):,.0f} images/s"
    duration = f"{spent} (h:mm:ss), without evaluations and saving; {pace}"
    commands = collections.Counter(shlex.join(map(str, s["command"])) for s in starts)
    first = starts[0] if starts else {"machine": {}, "versions": {}}
    machine, versions = (
        ", ".join(f"{name} {value}" for name, value in first[part].items())
        for part in ("machine", "versions")
    )
    return {
        "Model": f"{config.mode}, architecture {config.architecture}",
        "Trained on": f"{dataset}: {images}{classes}, {ImageSpec.of(config)}",
        "Length": length,
        "Trained for": duration if record.seconds else "",
        "Precision": config.precision,
        "Weights from": str(record.settings["init_from"] or ""),
        "Command": [
            f"{command}  # {times} x" if times > 1 else command
            for command, times in commands.items()
        ],
        "Machine": machine,
        "Versions": versions,
    }


def _frames(record: Record, room: int, missing: list[str]) -> list[dict[str, str]]:
    """Returns some frames, evenly chosen, in about `room` bytes."""
    paths = list(frames.paths(record.run.samples).values())
    if not paths:
        missing.append("samples/ holds no frame: there are no pictures of the training")
        return []
    most = min(MOST_FRAMES, max(1, room // paths[-1].stat().st_size))
    chosen = [paths[number] for number in frames.evenly(len(paths), most)]
    read = {path: frames.read(path) for path in chosen}
    sound = {path: pixels for path, pixels in read.items() if pixels is not None}
    if damaged := len(read) - len(sound):
        missing.append(f"samples/ has damaged frames, left out: {damaged}")
    return [page.frame(path, page.data_uri(pixels)) for path, pixels in sound.items()]


def _table(measured: list[Record], runs: int) -> dict[str, object]:
    """Returns the figures of evaluations: columns of `runs`, and references if alike."""
    evaluations = [record.evaluation for record in measured]
    first, protocol = evaluations[0].figures, evaluations[0].protocol
    alike = len({evaluation.conditions for evaluation in evaluations}) == 1
    references = {k: v for k, v in first.items() if alike and k != "generated"}
    rows = []
    for figure in FIGURES:
        if not any(figure.key in evaluation.generated for evaluation in evaluations):
            continue
        values = [evaluation.generated.get(figure.key) for evaluation in evaluations]
        numbers = [value for value in values if value is not None]
        best = None
        if alike and figure.arrow and len(numbers) > 1:
            best = values.index(min(numbers) if figure.arrow == "down" else max(numbers))
        rows.append(
            {
                "title": figure.title,
                "best": best,
                "is_tile": figure.tile and values[0] is not None,
                "meaning": figure.meaning,
                "cells": [figure.text_of(e.generated) for e in evaluations],
                "references": [*map(figure.text_of, references.values())],
            }
        )
    compared = {
        "images": protocol["images"]["generated"],
        "test_images": protocol["test_images"],
        "dataset": source.short_name(protocol["dataset"]),
    }
    notes = []
    for record in measured:
        at, own = record.evaluation.of["step"], record.evaluation.notes
        if at != record.step:
            own = [f"measured at step {at:,}; stands at {record.step:,} now", *own]
        notes += [f"{record.name}: " * (runs > 1) + f"{note}." for note in own]
    return {
        "columns": [record.name for record in measured] if runs > 1 else ["generated"],
        "references": [name.removesuffix(" images") for name in references],
        "rows": rows,
        "compared": compared if alike else None,
        "notes": notes,
    }


def _nearest(record: Record, missing: list[str]) -> dict[str, object] | None:
    pairs = frames.read(record.run.folder / "evaluation.png")
    if pairs is None:
        missing.append("evaluation.png is missing or damaged: no nearest training images")
        return None
    nearest = record.evaluation.nearest_training_images
    labels = [record.config.names[number] for number in nearest.get("classes") or []]
    return {"near_copies": None, **nearest, "image": page.data_uri(pairs), "labels": labels}
