"""The formats of an export: their files, writers, and the code that uses them."""

from __future__ import annotations

import dataclasses
import importlib.util
import pathlib
import tempfile
import typing
from collections.abc import Callable

from dcgan_tf.support import errors
from dcgan_tf.support.lazy import keras
from dcgan_tf.support.lazy import tensorflow as tf

if typing.TYPE_CHECKING:
    from dcgan_tf.runs.trained import TrainedRun


@dataclasses.dataclass(frozen=True)
class Format:
    """A format, and the code in the README of an export."""

    file: str  # what the generator is called in the folder
    write: Callable[[TrainedRun, pathlib.Path], object]
    runs_in: str  # what the code needs
    imports: str
    call: str  # with places for {file} and the names of the inputs
    needs: tuple[str, ...] = ()  # packages that write it, beside the dependencies


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


NPZ = "npz"
FORMATS = {
    NPZ: Format(
        "generator.npz",
        lambda loaded, path: loaded.write(path),  # the weights alone
        "the package dcgan_tf",
        'import dcgan_tf\n\nrun = dcgan_tf.load(".")',
        "images = run.sample({classes}, seed=0)  # uint8",
    ),
    "keras": Format(
        "generator.keras",
        lambda loaded, path: _model(loaded).save(path),
        "the package dcgan_tf, whose layers it has",
        "import keras\nimport numpy as np\n\nimport dcgan_tf.models.layers",
        'generator = keras.saving.load_model("{file}")\n'
        "images = generator({listed}, training=False).numpy()",
    ),
    "saved_model": Format(
        "saved_model",
        _write_saved_model,
        "TensorFlow (`pip install tensorflow`)",
        "import numpy as np\nimport tensorflow as tf",
        'generator = tf.saved_model.load("{file}")\n'
        'images = generator.serve({positional})["images"].numpy()',
    ),
    "litert": Format(
        "generator.tflite",
        _write_litert,
        "LiteRT (`pip install ai-edge-litert`)",
        "import numpy as np\nfrom ai_edge_litert.interpreter import Interpreter",
        'generate = Interpreter("{file}").get_signature_runner("serve")\n'
        'images = generate({named})["images"]',
    ),
    "onnx": Format(
        "generator.onnx",
        _write_onnx,
        "ONNX Runtime (`pip install onnxruntime`)",
        "import numpy as np\nimport onnxruntime",
        'session = onnxruntime.InferenceSession("{file}")\n'
        '[images] = session.run(["images"], {mapped})',
        needs=("onnx", "tf2onnx"),
    ),
}
# Of the files that need nothing beside them.
BY_SUFFIX = {".keras": "keras", ".tflite": "litert", ".onnx": "onnx"}


def chosen(path: pathlib.Path, format_name: str | None) -> str:
    """Returns the format that --output and --format ask for; UsageError for what cannot be.

    A path with the suffix of a format is a file in that format, any other a folder.
    """
    implied = BY_SUFFIX.get(path.suffix)
    if implied and format_name not in (None, implied):
        raise errors.UsageError(
            f"--output={path}: {path.suffix} is not the suffix of --format={format_name}; "
            "leave one of them out"
        )
    name = implied or format_name or NPZ
    missing = [need for need in FORMATS[name].needs if not importlib.util.find_spec(need)]
    if missing:
        raise errors.UsageError(
            f"--format={name}: needs {' and '.join(missing)}, not installed here; "
            f"pip install {' '.join(missing)}"
        )
    return name
