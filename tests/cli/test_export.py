"""export: a generator alone, in a folder or a file, and runs that begin from it."""

import functools
import pickle
import shutil

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from conftest import saved

import dcgan_tf
from benchmarks import exports
from dcgan_tf.exports import formats
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors

make = functools.partial(saved, step=12)


@pytest.mark.parametrize("mode", ["dcgan", "acgan"])
def test_an_exported_generator_generates_what_the_run_does(
    command, tmp_path, small, mode, monkeypatch
):
    run, _ = make(tmp_path / "run", small(mode))
    status, out, err = command("export", "--run=run", "--output=given")
    assert (status, err) == (0, "")
    assert "step 12" in out
    files = {"README.md", "config.json", "generator.npz", "grid.png"}
    assert {path.name for path in (tmp_path / "given").iterdir()} == files
    assert Run(tmp_path / "given").read() == run.read()  # an export is no start
    ours, theirs = (dcgan_tf.load(name) for name in ("run", "given"))
    assert theirs.step == 12
    images = [run.sample([3, 1, 4], seed=2).astype(int) for run in (ours, theirs)]
    assert np.abs(images[0] - images[1]).max() <= 2  # grey levels
    monkeypatch.chdir("given")
    values = {}
    exec(exports.code_of(tmp_path / "given"), values)
    assert values["images"].shape == (10, 28, 28, 1)


def test_the_grid_has_a_column_for_each_class_or_for_twenty(command, tmp_path, small):
    """Catches a grid of other weights, or of classes that nobody can see."""
    changed = {"classes": 24, "height": 32, "width": 16, "channels": 3}
    make(tmp_path / "run", small("cgan").model_copy(update=changed))
    assert command("export", "--run=run", "--output=given")[0] == 0
    grid = iio.imread(tmp_path / "given" / "grid.png")
    assert grid.shape[1:] == (20 * (2 * 16 + 2) - 2, 3)
    shown = grid[-(10 * (2 * 32 + 2) - 2) :][:: 2 * 32 + 2, :: 2 * 16 + 2]
    images = dcgan_tf.load("given").sample([n * 24 // 20 for n in range(20)] * 10)
    # The weights of the grid are the run's, in the folder they are halves.
    corners = images[:, 0, 0].reshape(10, 20, 3).astype(int)
    assert np.abs(corners - shown).max() <= 2


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
def test_a_file_is_written_alone_in_the_format_of_its_suffix(
    command, tmp_path, small, monkeypatch
):
    """And for a format whose packages are not installed one line names them."""
    make(tmp_path / "run", small("cgan"))
    status, out, err = command("export", "--run=run", "--output=my.keras")
    assert (status, err) == (0, "")
    assert out.startswith("my.keras: keras, step 12, 6.9 MB")
    assert keras.saving.load_model(tmp_path / "my.keras").name == "generator"
    lacking = formats.FORMATS["onnx"]._replace(needs=("numpy", "no_such"))
    monkeypatch.setitem(formats.FORMATS, "onnx", lacking)
    status, _, err = command("export", "--run=run", "--output=new.onnx")
    assert (status, err.count("\n")) == (2, 1)
    assert "--format=onnx: needs no_such, not installed here; pip install no_such\n" in err
    assert {p.name for p in tmp_path.iterdir()} == {"run", "my.keras"}


def trained_weights(network):
    return [weight.numpy() for weight in network.trainable_variables]


@pytest.mark.parametrize("parent", ["run", "given"])
def test_a_run_begins_from_the_weights_of_a_run_or_an_export(
    command, tmp_path, small, parent
):
    """Both the generator and its EMA; a rate of 1e-9 leaves weights as they begin."""
    make(tmp_path / "run", small("acgan", beta_1=0.25))
    assert command("export", "--run=run", "--output=given")[0] == 0
    given = ("--mode=acgan", f"--init_from={parent}", "--steps=1")
    small_step = ("--batch_size=16", "--learning_rate=1e-9", "--preview_rows=1")
    status, out, err = command("train", *given, *small_step, "--seed=9")
    assert (status, err) == (0, "")
    assert f"weights from:   {tmp_path / parent} at step 12" in out
    assert ("the discriminator begins new\n" in out) == (parent == "given")
    begun = Run(tmp_path / "checkpoints" / "acgan")  # the place that --mode has
    exported = trained_weights(dcgan_tf.load(parent).gan.ema_generator)
    for ema in (True, False):
        own = trained_weights(dcgan_tf.load(begun.folder, ema=ema).gan.ema_generator)
        assert all(map(functools.partial(np.allclose, atol=1e-6), own, exported))
    content = begun.read()
    assert (content.config.seed, content.config.beta_1) == (9, 0.25)
    assert content.data["images"] == 1500
    assert content.parent.run == str(tmp_path / parent)
    status, out, _ = command("train", *given)
    assert (status, "is complete" in out) == (0, True)


def test_another_generator_in_an_export_s_place_is_not_taken(command, tmp_path, small):
    """Catches a resume before its first save that begins with other weights."""
    make(tmp_path / "first", small("acgan"))
    assert command("export", "--run=first", "--output=given")[0] == 0
    parent = Run(tmp_path / "given").exported_parent()
    make(tmp_path / "second", small("acgan", seed=5))
    command("export", "--run=second", "--output=other")
    (tmp_path / "other/generator.npz").replace(tmp_path / "given/generator.npz")
    with pytest.raises(errors.RunError, match="no longer holds what the run began"):
        trained.restore_parent(dcgan_tf.load("given").gan, parent)


def test_what_is_no_generator_of_its_config_is_one_line_and_runs_nothing(
    command, tmp_path, small
):
    """Catches code in a file that somebody gave away, and weights of other networks."""
    make(tmp_path / "run", small("cgan"))
    command("export", "--run=run", "--output=given")
    file = tmp_path / "given" / "generator.npz"
    with np.load(file) as arrays:
        fewer = {name: arrays[name] for name in arrays.files if name != "arr_3"}

    class Trap:
        def __reduce__(self):
            return shutil.rmtree, (str(tmp_path / "run"),)

    good = file.read_bytes()
    contents = [b"", good[:1000], pickle.dumps(Trap())]
    trap = np.array([Trap()], dtype=object)
    for arrays in (fewer, {**fewer, "arr_3": trap}, {**fewer, "arr_3": np.zeros((2, 2))}):
        np.savez(file, **arrays)
        contents.append(file.read_bytes())
    config = tmp_path / "given" / "config.json"
    for content in [*contents, good]:
        file.write_bytes(content)
        if content == good:
            text = config.read_text()
            config.write_text(text.replace('"latent_dim": 100', '"latent_dim": 7'))
            assert config.read_text() != text
        with pytest.raises(errors.RunError, match="is no exported generator of the config"):
            dcgan_tf.load("given")
        assert (tmp_path / "run").exists()
    status, _, err = command("train", "--init_from=given", "--run_dir=new")
    assert (status, err.count("\n")) == (1, 1)
