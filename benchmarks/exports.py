"""Size of every export, and its largest difference from the generator itself.

    python -m benchmarks.exports        # some minutes

The shipped acgan, and each architecture with random weights, in every format that can be
written here.  The code of each export's README runs in another process, which has
TensorFlow or the format's own runtime; its images, in [-1, 1], are compared with those of
the network in this one.
"""

import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping

import numpy as np

ROOT = pathlib.Path(__file__).parent.parent
RUNTIMES = {
    "keras": "keras",
    "saved_model": "tensorflow",
    "litert": "ai_edge_litert",
    "onnx": "onnxruntime",
}
HEAVY = ("tensorflow", "keras", "dcgan_tf")
# Runs codes, each in its folder and without some packages; keeps what they take and give.
DRIVER = """
import json, os, sys
for folder, code, without in json.load(sys.stdin):
    os.chdir(folder)
    for name in [name for name, module in sys.modules.items() if module is None]:
        del sys.modules[name]
    sys.modules.update(dict.fromkeys(without))
    values = {}
    exec(code, values)
    kept = values.keys() & {"latents", "labels", "images"}
    values["np"].savez("result.npz", **{name: values[name] for name in kept})
"""


def code_of(folder: pathlib.Path) -> str:
    """The Python in the README of an export."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return re.search(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


def run_elsewhere(codes: Mapping[pathlib.Path, str]) -> None:
    """Runs each code in its folder, all in one other process: it leaves result.npz there.

    None finds this package, or TensorFlow and Keras, if it imports none of them.
    RuntimeError with what the process printed, if one fails.
    """
    tasks = []
    for folder, code in codes.items():
        needed = [name for name in HEAVY if f"import {name}" in code]
        # Keras and TensorFlow need each other.
        without = HEAVY if not needed else {"dcgan_tf"}.difference(needed)
        tasks.append((str(folder), code, list(without)))
    # First those without TensorFlow, which once imported does not go.
    tasks.sort(key=lambda task: -len(task[2]))
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(tasks),
        env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def largest_difference(folder: pathlib.Path, loaded) -> float:
    """Between the images of a result.npz and those of the network itself."""
    with np.load(folder / "result.npz") as result:
        latents, images = result["latents"], result["images"]
        labels = result.get("labels", np.zeros(len(latents), np.int32))
    own = loaded.gan.ema_generator([latents, labels], training=False).numpy()
    if own.shape != images.shape or images.dtype != np.float32:
        raise ValueError(f"{images.dtype} {images.shape} where {own.shape} is right")
    return float(np.abs(own - images).max())


def untrained(mode: str, architecture: str, **overrides: object):
    """The generator of a run that was not trained, whose images vary from -1 to 1."""
    from dcgan_tf.config import resolve
    from dcgan_tf.gans.build import build
    from dcgan_tf.runs.trained import TrainedRun

    config = resolve.new(
        {"mode": mode, "architecture": architecture, **overrides},
        dataset="mnist",
        classes=10,
        class_names=None,
        height=28,
        width=28,
        channels=1,
    )
    gan = build(config)
    inputs = gan.sample_latents(100, [0, 0]).numpy(), np.arange(100) % 10
    images = gan.ema_generator(inputs, training=False).numpy()
    last = [layer for layer in gan.ema_generator.layers if layer.weights][-1]
    scale = last.weights[0]
    scale.assign(scale * 0.5 / np.arctanh(images).std())
    return TrainedRun(config, gan, 0)


def networks() -> Iterator[tuple[str, object]]:
    from dcgan_tf.gans.build import NETWORKS
    from dcgan_tf.runs import trained
    from dcgan_tf.runs.folder import PRETRAINED

    yield "acgan, shipped", trained.load(PRETRAINED)
    for mode, architecture in NETWORKS:
        yield f"{mode} {architecture}", untrained(mode, architecture)


def measure(loaded, format_name: str, folder: pathlib.Path) -> tuple[int, float]:
    """Bytes of an export, and its largest difference; `folder` must be new."""
    from dcgan_tf.exports import write
    from dcgan_tf.runs.folder import RunConfig

    size = write.write(folder, format_name, loaded, RunConfig(loaded.config))
    run_elsewhere({folder: code_of(folder)})
    return size, largest_difference(folder, loaded)


def runnable() -> list[str]:
    """The formats whose runtime is installed."""
    return [name for name, module in RUNTIMES.items() if importlib.util.find_spec(module)]


def main() -> None:
    from dcgan_tf.support import tf_setup

    tf_setup.start()
    columns = ["generator", *runnable()]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, loaded in networks():
        cells = [name]
        for format_name in runnable():
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "export"
                size, difference = measure(loaded, format_name, path)
            cells.append(f"{size / 1e6:.1f} MB, {difference:.2g}")
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
