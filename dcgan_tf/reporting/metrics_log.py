"""metrics.jsonl: an object for each log entry."""

import json
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dcgan_tf.support import atomic_files

LONGEST_LINE = 100_000  # characters
LARGEST = 2**62  # in an entry


def entries(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The sound entries of metrics.jsonl; damaged lines are passed over."""
    return (entry for entry in _lines(path) if entry is not None)


def _lines(path: pathlib.Path) -> Iterator[dict[str, Any] | None]:
    """The entry in each line, or None where the line is damaged."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        while text := file.readline(LONGEST_LINE):
            try:
                entry = json.loads(text)
            except (ValueError, RecursionError):
                entry = None
            yield entry if _sound(entry) else None


def _sound(entry: object) -> bool:
    """Whether it is an entry: names, and numbers of a size to be added up."""
    return (
        isinstance(entry, dict)
        and type(entry.get("step")) is int
        and all(name.isprintable() for name in entry)
        and all(
            isinstance(value, (int, float)) and not abs(value) > LARGEST
            for value in entry.values()
        )
    )


def cut(path: pathlib.Path, step: int) -> None:
    """Removes the entries beyond `step`, and damaged lines, from metrics.jsonl.

    Of entries of one step, which two processes wrote, the last stays.  Says on stderr how
    many lines were damaged or doubled.
    """
    found = [entry for entry in _lines(path) if entry is None or entry["step"] <= step]
    damaged = found.count(None)
    kept = {entry["step"]: entry for entry in found if entry is not None}
    with (
        atomic_files.replacing(path) as temporary,
        temporary.open("w", encoding="utf-8") as file,
    ):
        for _, entry in sorted(kept.items()):
            file.write(json.dumps(entry) + "\n")
    if damaged:
        print(f"warning: {path}: damaged lines removed: {damaged}", file=sys.stderr)
    if doubled := len(found) - damaged - len(kept):
        print(
            f"warning: {path}: lines of a step that has another removed: {doubled}; did "
            "two processes train this run?",
            file=sys.stderr,
        )


def append(path: pathlib.Path, entry: Mapping[str, object]) -> None:
    """Adds an entry to metrics.jsonl."""
    with atomic_files.naming(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
