"""metrics.jsonl: an object for each log entry."""

import json
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from dcgan_tf.support import atomic_files


def entries(path: pathlib.Path) -> list[dict[str, Any]]:
    """Returns the entries of metrics.jsonl, oldest first, without its damaged lines."""
    return [entry for entry in _lines(path) if entry is not None]


def _lines(path: pathlib.Path) -> list[dict[str, Any] | None]:
    """Returns the entry in each line; None for a damaged line."""
    if not path.exists():
        return []
    return [_entry(line) for line in path.read_bytes().splitlines()]


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    sound = (
        isinstance(entry, dict)
        and isinstance(entry.get("step"), int)
        and all(isinstance(value, (int, float)) for value in entry.values())
    )
    return entry if sound else None


def cut(path: pathlib.Path, step: int) -> None:
    """Removes the entries beyond `step`, and damaged lines, from metrics.jsonl.

    Says on stderr how many lines were damaged.
    """
    lines = _lines(path)
    kept = [entry for entry in lines if entry is not None and entry["step"] <= step]
    text = "".join(json.dumps(entry) + "\n" for entry in kept)
    atomic_files.write_bytes(path, text.encode())
    if damaged := lines.count(None):
        print(f"warning: {path}: damaged lines removed: {damaged}", file=sys.stderr)


def append(path: pathlib.Path, entry: Mapping[str, object]) -> None:
    """Adds an entry to metrics.jsonl."""
    with atomic_files.naming(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
