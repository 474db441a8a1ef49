"""What a run leaves in numbers: metrics.jsonl and TensorBoard's event files."""

import json
import pathlib
import sys
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from dcgan_tf import files, gans, losses, pictures, settings
from dcgan_tf.config import Config

LONGEST_ROW = 100_000  # characters
LARGEST = 2**62  # in a row
PLAYERS = ("generator", "discriminator")


def rows(path: pathlib.Path) -> Iterator[dict[str, object]]:
    """The whole rows of metrics.jsonl, of which a step is known; others are passed over."""
    return (row for row in _lines(path) if row is not None)


def _lines(path: pathlib.Path) -> Iterator[dict[str, object] | None]:
    """The row in each line, or None where it is no whole one."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        while text := file.readline(LONGEST_ROW):
            try:
                row = json.loads(text)
            except (ValueError, RecursionError):
                row = None
            yield row if _sound(row) else None


def _sound(row: object) -> bool:
    """Whether it is a row: of names and of numbers that are of a size to be added up."""
    return (
        isinstance(row, dict)
        and type(row.get("step")) is int
        and all(name.isprintable() for name in row)
        and all(
            isinstance(value, (int, float)) and not abs(value) > LARGEST
            for value in row.values()
        )
    )


def cut(path: pathlib.Path, step: int) -> None:
    """Removes the rows beyond `step`, and what is no row, from metrics.jsonl.

    Says on stderr how many of the latter there were.
    """
    damaged = 0
    with files.replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in _lines(path):
            if row is None:
                damaged += 1
            elif row["step"] <= step:
                file.write(json.dumps(row) + "\n")
    if damaged:
        print(f"warning: {path}: damaged lines removed: {damaged}", file=sys.stderr)


def append(path: pathlib.Path, row: Mapping[str, object]) -> None:
    """Adds a row to metrics.jsonl."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def line(row: Mapping[str, object], name: str) -> str:
    """A row for the console: its name, the players' losses and the speed."""
    parts = [f"{player} {row[f'{player}/loss']:.3f}" for player in PLAYERS]
    for judged in ("validity", "class"):
        kinds = [f"discriminator/{judged}_accuracy_{kind}" for kind in ("real", "fake")]
        if kinds[0] in row:
            parts.append(f"{judged} right {50 * sum(row[kind] for kind in kinds):.0f} %")
    return f"{name}: {', '.join(parts)}, {row['images_per_second']:.0f} images/s"


def quality(row: Mapping[str, object]) -> str:
    """The figures of an evaluation for the console."""
    names = ("agreement", "frechet_distance", "recall", "coverage", "spread", "score")
    found = [name for name in names if f"quality/{name}" in row]
    parts = [f"{name.replace('_', ' ')} {row[f'quality/{name}']:.3f}" for name in found]
    return "  " + ", ".join(parts)


def table(row: Mapping[str, object], config: Config) -> str:
    """Both players' losses on the epoch's batches and on held-out images.

    Columns: the total, and the terms of each kind, times their weights.  They add up to
    it, but for a gradient penalty, which stands in the total of training alone.
    """
    columns = {"generation": "adversarial", "auxiliary": "auxiliary", "twin": "twin"}
    columns = {name: kind for name, kind in columns.items() if f"generator/{kind}" in row}
    lines = [("", "total", *columns)]
    for player in PLAYERS:
        for split, prefix, told in (
            ("train", "", settings.as_told(config)),
            ("test", "test/", settings.on_held_out(config)),
        ):
            terms = _under(row, f"{prefix}{player}/")
            generator, real, fake = gans.objectives(told)
            objectives = {"": generator, "_real": real, "_fake": fake}
            weighted = [_weighted(terms, kind, objectives) for kind in columns.values()]
            values = (f"{value:.4f}" for value in (terms["loss"], *weighted))
            lines.append((f"{player}, {split}", *values))
    return "\n".join(
        f"{name:<22}" + "".join(f"{value:>12}" for value in values)
        for name, *values in lines
    )


def _under(row: Mapping[str, object], prefix: str) -> dict[str, object]:
    return {n.removeprefix(prefix): v for n, v in row.items() if n.startswith(prefix)}


def _weighted(
    terms: Mapping[str, float], kind: str, objectives: Mapping[str, losses.Objective]
) -> float:
    """A player's terms of one kind, times their weights; objectives by the terms' ends."""
    return sum(
        objective.weights.get(kind, 0.0) * terms[kind + end]
        for end, objective in objectives.items()
        if kind + end in terms
    )


class Events:
    """TensorBoard's scalars and images, by epoch (or step).

    tf.summary.scalar and tf.summary.image need the TensorBoard package, which is only
    the viewer; these write the same records with TensorFlow alone.
    """

    def __init__(self, folder: pathlib.Path):
        self._writer = tf.summary.create_file_writer(str(folder))

    def add(self, row: Mapping[str, object], number: int, frame: pathlib.Path) -> None:
        """The row's figures, and the picture in the file `frame`, at epoch `number`.

        Where there is no such file, as frames of long runs are thinned, the figures alone.
        """
        for name in row.keys() - {"epoch", "step"}:
            self._write(name, np.float32(row[name]), number, _SCALAR)
        pixels = pictures.read_frame(frame)
        if pixels is not None:
            height, width = pixels.shape
            content = [str(width), str(height), frame.read_bytes()]
            self._write("samples", content, number, _IMAGE)
        self._writer.flush()

    def _write(self, name, value, number, metadata):
        with self._writer.as_default():
            tf.summary.write(name, value, step=number, metadata=metadata)


_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR"
)
_IMAGE = tf.compat.v1.SummaryMetadata(
    plugin_data={"plugin_name": "images"}, data_class="DATA_CLASS_BLOB_SEQUENCE"
)
