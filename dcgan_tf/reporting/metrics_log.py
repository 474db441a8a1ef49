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
    sound = []
    for line in _lines(path):
        with contextlib.suppress(ValueError, AttributeError, KeyError):
            entry = json.loads(line)
            kinds = {*map(type, entry.values())}
            if isinstance(entry["step"], int) and kinds <= {int, float, bool}:
                sound.append(entry)
    return sound


def cut(path: pathlib.Path, step: int) -> None:
    """Removes the entries beyond `step`, and damaged lines, from metrics.jsonl.

    Says on stderr how many lines were damaged.
    """
    sound = entries(path)
    if damaged := len(_lines(path)) - len(sound):
        print(f"warning: {path}: damaged lines removed: {damaged}", file=sys.stderr)
    lines = (json.dumps(entry) + "\n" for entry in sound if entry["step"] <= step)
    atomic_files.write_bytes(path, "".join(lines).encode())


def _lines(path: pathlib.Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def append(path: pathlib.Path, entry: Mapping[str, object]) -> None:
    """Adds an entry to metrics.jsonl."""
    with atomic_files.naming(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
