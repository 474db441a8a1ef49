"""What a run leaves in numbers: metrics.jsonl and TensorBoard's event files."""

import json
import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from dcgan_tf import files


def cut(path: pathlib.Path, epoch: int) -> None:
    """Removes the rows beyond `epoch`, and a half-written last one, from metrics.jsonl."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            if row["epoch"] <= epoch:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue
    with files.replacing(path) as temporary:
        temporary.write_text("".join(kept), encoding="utf-8")


def append(path: pathlib.Path, row: Mapping[str, object]) -> None:
    """Adds an epoch's row to metrics.jsonl."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def line(row: Mapping[str, object], epochs: int) -> str:
    """A row for the console: the epoch, the players' losses and the speed."""
    return (
        f"epoch {row['epoch']}/{epochs}: "
        f"generator {row['generator/loss']:.3f}, "
        f"discriminator {row['discriminator/loss']:.3f}, "
        f"{row['images_per_second']:.0f} images/s"
    )


class Events:
    """TensorBoard's scalars and images, by epoch.

    tf.summary.scalar and tf.summary.image need the TensorBoard package, which is only
    the viewer; these write the same records with TensorFlow alone.
    """

    def __init__(self, folder: pathlib.Path):
        self._writer = tf.summary.create_file_writer(str(folder))

    def epoch(self, row: Mapping[str, object], pixels: np.ndarray) -> None:
        """The row's figures and the grid, `pixels` uint8 [H, W]."""
        number = row["epoch"]
        for name in row.keys() - {"epoch", "step"}:
            self._write(name, np.float32(row[name]), number, _SCALAR)
        height, width = pixels.shape
        png = tf.io.encode_png(pixels[:, :, None]).numpy()
        self._write("samples", [str(width), str(height), png], number, _IMAGE)
        self._writer.flush()

    def _write(self, name, value, epoch, metadata):
        with self._writer.as_default():
            tf.summary.write(name, value, step=epoch, metadata=metadata)


_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR"
)
_IMAGE = tf.compat.v1.SummaryMetadata(
    plugin_data={"plugin_name": "images"}, data_class="DATA_CLASS_BLOB_SEQUENCE"
)
