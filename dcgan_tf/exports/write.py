"""Writes a generator in a format, alone or in a folder with a README and a grid."""

import pathlib

import keras
import numpy as np

from dcgan_tf.config import resolve
from dcgan_tf.exports import readme
from dcgan_tf.exports.formats import BY_SUFFIX, FORMATS
from dcgan_tf.reporting import grids
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import atomic_files

ROWS = 10  # of the grid


def write(
    path: pathlib.Path, format_name: str, loaded: TrainedRun, content: RunConfig
) -> int:
    """Makes the file or the folder `path`, and returns the generator's size in bytes.

    content: what config.json of the run holds that was `loaded`
    """
    if path.suffix in BY_SUFFIX:
        with atomic_files.replacing(path) as temporary:
            _write_generator(loaded, format_name, temporary)
            return temporary.stat().st_size
    with atomic_files.replacing(path, folder=True) as folder:
        _write_generator(loaded, format_name, folder / FORMATS[format_name].file)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if FORMATS[format_name].write is None:  # sample and evaluate take it for a run
            Run(folder).write_config(content)
        text = readme.text(loaded.config, loaded.step, format_name)
        (folder / "README.md").write_text(text, encoding="utf-8")
        grids.write_png(folder / "grid.png", grid(loaded))
    return size


def _write_generator(loaded: TrainedRun, format_name: str, path: pathlib.Path) -> None:
    if write_model := FORMATS[format_name].write:
        write_model(model(loaded), path)
    else:
        loaded.write(path)


def grid(loaded: TrainedRun, rows: int = ROWS) -> np.ndarray:
    """Returns a legible grid of a run's images, with a column for each class it shows."""
    config = loaded.config
    labels = resolve.shown_classes(config.classes) if config.conditional else None
    layout = grids.Layout.of(config, labels)
    generated = loaded.sample((labels or [0] * layout.columns) * rows)
    return grids.legible(grids.grid(generated, layout.columns), layout)


def model(loaded: TrainedRun) -> keras.Model:
    """Returns the generator without an input that it ignores.

    [latents float32 [N, Z], labels int32 [N]] -> images float32 [N, H, W, C] in [-1, 1];
    the generator of an unconditional run takes latents alone.
    """
    generator = loaded.gan.ema_generator
    inputs = generator.inputs if loaded.config.conditional else generator.inputs[0]
    return keras.Model(inputs, generator.outputs[0], name="generator")
