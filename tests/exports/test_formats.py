"""Exports as their users have them: the code of each README, run in another process."""

import contextlib
import importlib.util
import os
import tempfile

import numpy as np
import pytest

from benchmarks import exports
from dcgan_tf.exports import formats, write
from dcgan_tf.runs.folder import RunConfig

# Of Keras's own variables, when it saves them.
KERAS_SAVES = "ignore:__array__ implementation doesn't accept a copy"
pytestmark = pytest.mark.filterwarnings(KERAS_SAVES)

BOUNDS = {"keras": 1e-6, "saved_model": 1e-6, "litert": 1e-5, "onnx": 1e-5}
# What each is for: a conditional and an unconditional signature; a network of which a
# careless conversion has operations of TensorFlow.
NETWORKS = {
    "acgan": {"mode": "acgan", "architecture": "compact"},
    "dcgan": {"mode": "dcgan", "architecture": "compact"},
    "upsampling": {
        "mode": "acgan",
        "architecture": "keras_gan",
        "latent_prior": "uniform",
    },
}
CASES = [
    *(("acgan", name) for name in BOUNDS),
    *(("dcgan", name) for name in ("keras", "saved_model", "litert")),
    ("upsampling", "litert"),
]


def is_installed(*packages):
    return all(importlib.util.find_spec(one) for one in packages)


HAS_ONNX = is_installed("onnx", "tf2onnx", "onnxruntime")
needs_onnx = pytest.mark.skipif(
    not HAS_ONNX, reason="needs pip install onnx tf2onnx onnxruntime"
)


@contextlib.contextmanager
def nothing_on_stderr():
    """Of the process, whose converters are not Python."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        held.seek(0)
        assert held.read() == b""


def code_of(folder):
    """README's code, with TensorFlow's own interpreter where LiteRT's is not installed."""
    code = exports.code_of(folder)
    if is_installed("ai_edge_litert"):
        return code
    return code.replace(
        "from ai_edge_litert.interpreter import Interpreter",
        "import tensorflow\n\nInterpreter = tensorflow.lite.Interpreter",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """{case: folder}, and {network: the generator}."""
    folder = tmp_path_factory.mktemp("exports")
    loaded = {name: exports.untrained(**one) for name, one in NETWORKS.items()}
    made = {}
    for network, format_name in CASES:
        if format_name == "onnx" and not HAS_ONNX:
            continue
        made[network, format_name] = path = folder / network / format_name
        with nothing_on_stderr():
            write.write(
                path, format_name, loaded[network], RunConfig(loaded[network].config)
            )
    exports.run_elsewhere({path: code_of(path) for path in made.values()})
    return made, loaded


@pytest.mark.parametrize(
    ("network", "format_name"),
    [pytest.param(*case, marks=needs_onnx if case[1] == "onnx" else []) for case in CASES],
)
def test_what_readme_shows_generates_the_same_images(
    made, network, format_name, record_property
):
    folders, loaded = made
    folder = folders[network, format_name]
    difference = exports.largest_difference(folder, loaded[network])
    record_property("largest_difference", difference)
    assert difference <= BOUNDS[format_name]
    beside = {"README.md", "grid.png", "result.npz"}  # no config.json: it is no run
    assert {path.name for path in folder.iterdir()} - beside == {
        formats.FORMATS[format_name].file
    }
    with np.load(folder / "result.npz") as result:
        uniform = np.abs(result["latents"]).max() <= 1
    assert uniform == (loaded[network].config.latent_prior == "uniform")


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
