"""export: a generator alone, in a folder or a file, and runs that begin from it."""

import dataclasses
import functools
import json
import pickle
import shutil

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from conftest import MODES

import dcgan_tf
from benchmarks import exports
from dcgan_tf.exports import formats
from dcgan_tf.runs import manifest, trained
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.support import errors
from dcgan_tf.training.train_state import TrainState, save_state


def make(folder, config):
    run = Run(folder)
    run.write_config(RunConfig(config))
    state = TrainState.create(config)
    state.step.assign(12)
    save_state(state, run, manifest.REGULAR, keep=3)


@pytest.mark.parametrize("mode", MODES)
def test_an_exported_generator_generates_what_the_run_does(
    command, tmp_path, small, mode, monkeypatch
):
    make(tmp_path / "run", small(mode))
    status, out, err = command("export", "--run=run", "--output=given")
    assert (status, err) == (0, "")
    assert "step 12" in out
    assert sorted(p.name for p in (tmp_path / "given").iterdir()) == [
        "README.md",
        "config.json",
        "generator.npz",
        "grid.png",
    ]
    ours, theirs = (dcgan_tf.load(name) for name in ("run", "given"))
    assert theirs.step == 12
    images = [run.sample([3, 1, 4], seed=2).astype(int) for run in (ours, theirs)]
    assert np.abs(images[0] - images[1]).max() <= 2  # grey levels
    monkeypatch.chdir("given")
    values = {}
    exec(exports.code_of(tmp_path / "given"), values)
    assert values["images"].shape == (10, 28, 28, 1)


@pytest.mark.parametrize(
    ("mode", "classes", "columns"), [("cgan", 24, 20), ("cgan", 5, 5), ("dcgan", 1, 10)]
)
def test_the_grid_has_a_column_for_each_class_or_for_twenty(
    command, tmp_path, small, mode, classes, columns
):
    changed = {"classes": classes, "height": 32, "width": 16, "channels": 3}
    make(tmp_path / "run", small(mode).model_copy(update=changed))
    assert command("export", "--run=run", "--output=given")[0] == 0
    grid = iio.imread(tmp_path / "given" / "grid.png")
    times = min(-(-560 // (columns * 16)), 2000 // (10 * 32))
    assert grid.shape[1:] == (columns * (16 * times + 2) - 2, 3)
    shown = grid[-(10 * (32 * times + 2) - 2) :][:: 32 * times + 2, :: 16 * times + 2]
    numbers = [n * classes // columns for n in range(columns)]
    labels = numbers if mode == "cgan" else [0] * columns
    images = dcgan_tf.load("given").sample(labels * 10)
    # The weights of the grid are the run's, in the folder they are halves.
    found = images[:, 0, 0].reshape(10, columns, 3).astype(int)
    assert np.abs(found - shown).max() <= 2


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
def test_a_file_is_written_alone_in_the_format_of_its_suffix(command, tmp_path, small):
    make(tmp_path / "run", small("cgan"))
    status, out, err = command("export", "--run=run", "--output=my.keras")
    assert (status, err) == (0, "")
    assert out.startswith("my.keras: keras, step 12, 7.2 MB")
    assert {p.name for p in tmp_path.iterdir()} == {"run", "my.keras"}
    assert keras.saving.load_model(tmp_path / "my.keras").name == "generator"


def test_a_format_whose_packages_are_not_installed_is_one_line(
    command, tmp_path, small, monkeypatch
):
    make(tmp_path / "run", small("cgan"))
    lacking = dataclasses.replace(formats.FORMATS["onnx"], needs=("numpy", "no_such"))
    monkeypatch.setitem(formats.FORMATS, "onnx", lacking)
    status, _, err = command("export", "--run=run", "--output=new.onnx")
    assert (status, err.count("\n")) == (2, 1)
    assert "--format=onnx: needs no_such, not installed here; pip install no_such\n" in err
    assert not list(tmp_path.glob("new*"))


def trained_weights(network):
    return [weight.numpy() for weight in network.trainable_variables]


def test_a_run_begins_from_an_exported_generator(command, tmp_path, small):
    """Both the generator and its EMA; a rate of 1e-9 leaves weights as they begin."""
    make(tmp_path / "run", small("acgan"))
    assert command("export", "--run=run", "--output=given")[0] == 0
    given = ("--mode=acgan", "--init_from=given", "--steps=1")
    small_step = ("--batch_size=16", "--learning_rate=1e-9", "--preview_rows=1")
    status, out, err = command("train", *given, *small_step, "--seed=9")
    assert (status, err) == (0, "")
    parent = f"{tmp_path / 'given'} at step 12"
    assert f"{parent}: the generator's alone, the discriminator begins new\n" in out
    begun = Run(tmp_path / "checkpoints" / "acgan")  # the place that --mode has
    exported = trained_weights(dcgan_tf.load("given").gan.ema_generator)
    for ema in (True, False):
        own = trained_weights(dcgan_tf.load(begun.folder, ema=ema).gan.ema_generator)
        assert all(map(functools.partial(np.allclose, atol=1e-6), own, exported))
    content = begun.read()
    assert content.config.seed == 9
    assert content.data["images"] == 1500
    assert content.parent == Run(tmp_path / "given").exported_parent()
    status, out, _ = command("train", *given)
    assert (status, "is complete" in out) == (0, True)


def test_a_run_that_an_export_does_not_fit_is_refused(command, tmp_path, small):
    make(tmp_path / "run", small("acgan"))
    command("export", "--run=run", "--output=given")
    start = ("--init_from=given", "--run_dir=new")
    parent = Run(tmp_path / "given").exported_parent()
    (tmp_path / "given" / "generator.npz").write_bytes(b"damaged")
    status, _, err = command("train", *start)
    assert (status, err.count("\n")) == (1, 1)
    assert "is no exported generator" in err
    make(tmp_path / "second", small("acgan", seed=5))
    command("export", "--run=second", "--output=other")
    other = tmp_path / "other" / "generator.npz"
    other.replace(tmp_path / "given" / "generator.npz")
    with pytest.raises(errors.RunError, match="no longer holds what the run began"):
        trained.restore_parent(dcgan_tf.load("given").gan, parent)
    assert not (tmp_path / "new").exists()


def test_what_is_no_generator_of_its_config_is_one_line_and_runs_nothing(
    command, tmp_path, small
):
    make(tmp_path / "run", small("cgan"))
    command("export", "--run=run", "--output=given")
    file = tmp_path / "given" / "generator.npz"
    good = file.read_bytes()
    with np.load(file) as arrays:
        fewer = {name: arrays[name] for name in arrays.files if name != "arr_3"}

    class Trap:
        def __reduce__(self):
            return shutil.rmtree, (str(tmp_path / "run"),)

    refused = pytest.raises(errors.RunError, match="is no exported generator of the config")
    contents = [b"", good[:1000], pickle.dumps(Trap())]
    trap = np.array([Trap()], dtype=object)
    for more in ({}, {"arr_3": trap}, {"arr_3": np.zeros((2, 2))}):
        np.savez(file, **fewer, **more)
        contents.append(file.read_bytes())
    for content in contents:
        file.write_bytes(content)
        with refused:
            dcgan_tf.load("given")
        assert (tmp_path / "run").exists()
    file.write_bytes(good)
    content = json.loads((tmp_path / "given" / "config.json").read_text())
    content["config"]["latent_dim"] = 7
    (tmp_path / "given" / "config.json").write_text(json.dumps(content))
    with refused:
        dcgan_tf.load("given")
