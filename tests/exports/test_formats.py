"""Exports as their users have them: the code of each README, run in another process."""

import importlib.util

import numpy as np
import pytest

from benchmarks import exports
from dcgan_tf.exports import formats, write
from dcgan_tf.runs.folder import RunConfig

# Of Keras's own variables, when it saves them.
KERAS_SAVES = "ignore:__array__ implementation doesn't accept a copy"
pytestmark = pytest.mark.filterwarnings(KERAS_SAVES)

BOUNDS = {"keras": 1e-6, "saved_model": 1e-6, "litert": 1e-5, "onnx": 1e-5}
UPSAMPLING = {"architecture": "keras_gan", "latent_prior": "uniform"}
# A conditional and an unconditional signature; a network of which a careless conversion has
# operations of TensorFlow.
NETWORKS = [
    ({"mode": "acgan", "architecture": "compact2"}, list(BOUNDS)),
    ({"mode": "dcgan", "architecture": "compact"}, ("keras", "saved_model", "litert")),
    ({"mode": "acgan", **UPSAMPLING}, ("litert",)),
]


def is_installed(*packages):
    return all(importlib.util.find_spec(package) for package in packages)


def code_of(folder):
    """README's code, with TensorFlow's own interpreter where LiteRT's is not installed."""
    code = exports.code_of(folder)
    if is_installed("ai_edge_litert"):
        return code
    return code.replace(
        "from ai_edge_litert.interpreter import Interpreter",
        "import tensorflow\n\nInterpreter = tensorflow.lite.Interpreter",
    )


@pytest.mark.parametrize(("network", "names"), NETWORKS)
def test_what_readme_shows_generates_the_same_images(tmp_path, capfd, network, names):
    """The converters, which are not Python, print nothing."""
    if not is_installed("onnx", "tf2onnx", "onnxruntime"):
        names = [name for name in names if name != "onnx"]
    loaded = exports.untrained(**network)
    capfd.readouterr()
    for name in names:
        write.write(tmp_path / name, name, loaded, RunConfig(loaded.config))
    assert capfd.readouterr().err == ""
    exports.run_elsewhere({tmp_path / name: code_of(tmp_path / name) for name in names})
    for name in names:
        folder = tmp_path / name
        assert exports.largest_difference(folder, loaded) <= BOUNDS[name], name
        beside = {"README.md", "grid.png", "result.npz"}  # no config.json: it is no run
        file = formats.FORMATS[name].file
        assert {path.name for path in folder.iterdir()} == beside | {file}
        with np.load(folder / "result.npz") as result:
            uniform = np.abs(result["latents"]).max() <= 1
        assert uniform == (loaded.config.latent_prior == "uniform")


def test_readme_names_the_classes(small):
    named = {"classes": 2, "class_names": ["cat", "dog"], "dataset": "/home/me/pets"}
    text = write.readme(small("cgan").model_copy(update=named), 7, "onnx")
    assert "trained on\npets for 7 steps" in text
    assert "from 0 to 1" in text
    assert "np.arange(2, " in text
    assert text.endswith("- 0: cat\n- 1: dog\n")


@pytest.mark.long
def test_every_architecture_in_every_format(tmp_path, record_property):
    for name, loaded in exports.networks():
        for format_name in exports.runnable():
            folder = tmp_path / name / format_name
            _, difference = exports.measure(loaded, format_name, folder)
            record_property(f"{name}, {format_name}", difference)
            assert difference <= BOUNDS[format_name], name
