"""Writes a generator in a format, alone or in a folder with a README and a grid."""

import pathlib
import tempfile

import keras
import tensorflow as tf

from dcgan_tf.config import resolve
from dcgan_tf.exports import readme
from dcgan_tf.exports.formats import FORMATS, NPZ, Target
from dcgan_tf.reporting import grids
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import atomic_files

ROWS = 10  # of the grid


def write(target: Target, loaded: TrainedRun, content: RunConfig) -> int:
    """Makes the file or the folder that `target` names; the generator's size in bytes.

    content: of the config.json of the run that was `loaded`
    """
    if target.is_file:
        target.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_files.replacing(target.path) as path:
            WRITERS[target.format](loaded, path)
            return path.stat().st_size
    file = FORMATS[target.format].file
    with atomic_files.replacing_folder(target.path) as folder:
        WRITERS[target.format](loaded, folder / file)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if target.format == NPZ:  # sample and evaluate take it for a run
            content.write(Run(folder).config_file)
        text = readme.text(loaded.config, loaded.step, target.format)
        (folder / "README.md").write_text(text, encoding="utf-8")
        grids.write_png(folder / "grid.png", _grid(loaded))
    return size


def _grid(loaded: TrainedRun):
    config = loaded.config
    labels = resolve.shown_classes(config.classes) if config.conditional else None
    layout = grids.Layout.of(config, labels)
    generated = loaded.sample((labels or [0] * layout.columns) * ROWS)
    return grids.legible(grids.grid(generated, layout.columns), layout)


def model(loaded: TrainedRun) -> keras.Model:
    """The generator without an input that it ignores.

    [latents float32 [N, Z], labels int32 [N]] -> images float32 [N, H, W, C] in [-1, 1];
    of an unconditional run latents alone.
    """
    generator = loaded.gan.ema_generator
    inputs = generator.inputs if loaded.config.conditional else generator.inputs[0]
    return keras.Model(inputs, generator.outputs[0], name="generator")


def _serve(generator: keras.Model):
    """The function that is exported, (latents, labels) -> {"images"}; its signature."""

    def serve(*inputs):
        (given,) = inputs if len(inputs) == 1 else [list(inputs)]
        return {"images": generator(given, training=False)}

    return serve, [
        tf.TensorSpec(one.shape, one.dtype, name=one.name) for one in generator.inputs
    ]


def _write_npz(loaded: TrainedRun, path: pathlib.Path) -> None:
    loaded.write(path)


def _write_keras(loaded: TrainedRun, path: pathlib.Path) -> None:
    model(loaded).save(path)


def _write_saved_model(loaded: TrainedRun, path: pathlib.Path) -> None:
    function, signature = _serve(model(loaded))
    archive = keras.export.ExportArchive()
    # Without archive.track(model), which would write each weight twice.
    archive.add_endpoint("serve", function, input_signature=signature)
    archive.write_out(str(path), verbose=False)


def _write_litert(loaded: TrainedRun, path: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(loaded, pathlib.Path(folder))
        # LiteRT's own operations alone: others fail here, not where the file is used.
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=["serve"]
        )
        path.write_bytes(converter.convert())


def _write_onnx(loaded: TrainedRun, path: pathlib.Path) -> None:
    import tf2onnx

    function, signature = _serve(model(loaded))
    tf2onnx.convert.from_function(
        tf.function(function, input_signature=signature),
        input_signature=signature,
        output_path=str(path),
    )


WRITERS = {
    NPZ: _write_npz,
    "keras": _write_keras,
    "saved_model": _write_saved_model,
    "litert": _write_litert,
    "onnx": _write_onnx,
}
