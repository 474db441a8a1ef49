"""Writes a generator in a format, alone or in a folder with a README and a grid.

The README says what the generator takes and gives, and shows code that uses it.
"""

import pathlib
import tempfile
import tomllib

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import source
from dcgan_tf.exports.formats import BY_SUFFIX, FORMATS, NPZ
from dcgan_tf.reporting import grids
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import atomic_files

ROWS = 10  # of the grid
MOST = 10  # images that the README's code generates

README = tomllib.loads(
    pathlib.Path(__file__).with_name("readme.toml").read_text(encoding="utf-8")
)
PRIORS = {  # in words, and in NumPy
    "normal": ("standard normal", 'rng.standard_normal(({}, {}), dtype="float32")'),
    "uniform": ("uniform from -1 to 1", 'rng.uniform(-1, 1, ({}, {})).astype("float32")'),
}


def _model(loaded: TrainedRun) -> keras.Model:
    """Returns the generator without an input that it ignores.

    [latents float32 [N, Z], labels int32 [N]] -> images float32 [N, H, W, C] in [-1, 1];
    the generator of an unconditional run takes latents alone.
    """
    generator = loaded.gan.ema_generator
    inputs = generator.inputs if loaded.config.conditional else generator.inputs[0]
    return keras.Model(inputs, generator.outputs[0], name="generator")


def _write_saved_model(loaded: TrainedRun, path: pathlib.Path) -> None:
    function, signature = _serve(loaded)
    archive = keras.export.ExportArchive()
    # Without archive.track(model), which would write each weight twice.
    archive.add_endpoint("serve", function, input_signature=signature)
    archive.write_out(str(path), verbose=False)


def _write_litert(loaded: TrainedRun, path: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(loaded, pathlib.Path(folder))
        # LiteRT's own operations alone: others fail here, not where the file is used.
        load = tf.lite.TFLiteConverter.from_saved_model
        path.write_bytes(load(folder, signature_keys=["serve"]).convert())


def _write_onnx(loaded: TrainedRun, path: pathlib.Path) -> None:
    import tf2onnx  # an extra

    function, signature = _serve(loaded)
    tf2onnx.convert.from_function(
        tf.function(function, input_signature=signature),
        input_signature=signature,
        output_path=str(path),
    )


def _serve(loaded: TrainedRun):
    """Returns the exported function, (latents, labels) -> {"images"}, and its signature."""
    model = _model(loaded)

    def serve(*inputs):
        given = inputs[0] if len(inputs) == 1 else list(inputs)
        return {"images": model(given, training=False)}

    return serve, [tf.TensorSpec(x.shape, x.dtype, name=x.name) for x in model.inputs]


WRITERS = {
    NPZ: TrainedRun.write,  # the weights alone
    "keras": lambda loaded, path: _model(loaded).save(path),
    "saved_model": _write_saved_model,
    "litert": _write_litert,
    "onnx": _write_onnx,
}


def write(
    path: pathlib.Path, format_name: str, loaded: TrainedRun, content: RunConfig
) -> int:
    """Makes the file or folder `path`; returns the generator's size in bytes."""
    chosen = FORMATS[format_name]
    if path.suffix in BY_SUFFIX:
        with atomic_files.replacing(path) as temporary:
            WRITERS[format_name](loaded, temporary)
            return temporary.stat().st_size
    with atomic_files.replacing(path, folder=True) as folder:
        WRITERS[format_name](loaded, folder / chosen.file)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if format_name == NPZ:  # sample and evaluate take it for a run
            Run(folder).write_config(content)
        text = readme(loaded.config, loaded.step, format_name)
        (folder / "README.md").write_text(text, encoding="utf-8")
        grids.write_png(folder / "grid.png", grid(loaded))
    return size


def grid(loaded: TrainedRun, rows: int = ROWS) -> np.ndarray:
    """Returns a legible grid of a run's images, with a column for each class it shows."""
    config = loaded.config
    labels = resolve.shown_classes(config.classes) if config.conditional else None
    layout = grids.Layout.of(config, labels)
    generated = loaded.sample((labels or [0] * layout.columns) * rows)
    return grids.legible(grids.grid(generated, layout.columns), layout)


def readme(config: Config, step: int, format_name: str) -> str:
    """Returns the README; its code generates an image of each of the first classes."""
    chosen, conditional = FORMATS[format_name], config.conditional
    values = config.model_dump() | {
        "dataset": source.short_name(config.dataset),
        "step": step,
        "file": chosen.file,
        "runs_in": chosen.runs_in,
        "columns": ", a column for each class" if conditional else "",
        "prior": PRIORS[config.latent_prior][0],
        "labels": README["labels"].format(last=config.classes - 1) if conditional else "",
        "code": _code(config, format_name),
        "names": "",
    }
    values["contract"] = "" if format_name == NPZ else README["contract"].format_map(values)
    if conditional and config.class_names:
        rows = (f"- {number}: {name}\n" for number, name in enumerate(config.names))
        values["names"] = f"\n## Classes\n\n{''.join(rows)}"
    return README["readme"].format_map(values)


def _code(config: Config, format_name: str) -> str:
    chosen, conditional = FORMATS[format_name], config.conditional
    count = min(config.classes, MOST) if conditional else MOST
    names = ["latents", "labels"] if conditional else ["latents"]
    call = chosen.call.format(
        file=chosen.file,
        classes=f"range({count})" if conditional else f"[0] * {count}",
        positional=", ".join(names),
        listed=f"[{', '.join(names)}]" if conditional else "latents",
        named=", ".join(f"{name}={name}" for name in names),
        mapped="{" + ", ".join(f'"{name}": {name}' for name in names) + "}",
    )
    if format_name == NPZ:
        return f"{chosen.imports}\n{call}"
    latents = PRIORS[config.latent_prior][1].format(count, config.latent_dim)
    lines = [chosen.imports, "", "rng = np.random.default_rng(0)", f"latents = {latents}"]
    lines += [f'labels = np.arange({count}, dtype="int32")'] * conditional
    pixels = 'pixels = ((images + 1) * 127.5).round().astype("uint8")  # from 0 to 255'
    return "\n".join([*lines, call, pixels])
