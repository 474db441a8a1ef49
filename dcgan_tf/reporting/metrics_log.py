"""metrics.jsonl: an object for each log entry."""

import contextlib
import json
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from dcgan_tf.support import atomic_files


def entries(path: pathlib.Path) -> list[dict[str, Any]]:
    """Returns the entries of metrics.jsonl, oldest first, without its damaged lines."""
    return [entry for entry in map(_entry, _lines(path)) if entry]


def cut(path: pathlib.Path, step: int) -> None:
    """Removes the entries beyond `step`, and damaged lines, from metrics.jsonl.

    Says on stderr how many lines were damaged.
    """
    sound = entries(path)
    damaged = len(_lines(path)) - len(sound)
    lines = (json.dumps(entry) + "\n" for entry in sound if entry["step"] <= step)
    atomic_files.write_bytes(path, "".join(lines).encode())
    if damaged:
        print(f"warning: {path}: damaged lines removed: {damaged}", file=sys.stderr)


def _lines(path: pathlib.Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _entry(line: bytes) -> dict[str, Any] | None:
    """Returns the entry in a line; None for a damaged line."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        entry = json.loads(line)
        if isinstance(entry["step"], int) and all(
            isinstance(figure, int | float) for figure in entry.values()
        ):
            return entry
    return None


def append(path: pathlib.Path, entry: Mapping[str, object]) -> None:
    """Adds an entry to metrics.jsonl."""
    with atomic_files.naming(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
