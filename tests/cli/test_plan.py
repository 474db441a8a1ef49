"""Runs on images of one's own, as they are planned: no TensorFlow, nothing trained."""

import dataclasses
import json
import shutil
import types

import numpy as np
import pytest
from conftest import draw, untrained
from PIL import Image

from dcgan_tf.cli import launch, plan
from dcgan_tf.config import presets, resolve
from dcgan_tf.config.formulas import Data
from dcgan_tf.datasets import packaged, picture, source
from dcgan_tf.datasets.cache import Options
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors


@pytest.fixture
def make(tmp_path):
    """Plans a run on `dataset` in tmp_path/run."""

    def make(dataset, options=(), run="run", **overrides):
        given = {"mode": "cgan", "batch_size": 4, "precision": "float32"} | overrides
        given |= {"dataset": str(dataset)} if dataset else {}
        return plan.make(
            {name: value for name, value in given.items() if value is not None},
            run_dir=run and str(tmp_path / run),
            options=Options(cache_dir=str(tmp_path / "cache"), **dict(options)),
            fresh=False,
        )

    return make


def begin(planned):
    """Writes what a start writes before it trains."""
    planned.run.write_config(planned.content.started())
    return planned


def test_a_folder_makes_a_run_of_its_shape_and_classes(tmp_path, make):
    numbers = make(draw(tmp_path / "numbers", ("0", "1"))).config
    assert (numbers.class_names, numbers.names) == (None, ["0", "1"])
    config = make(draw(tmp_path / "set")).config
    shape = (config.height, config.width, config.channels)
    assert (shape, config.classes, config.class_names) == ((16, 16, 3), 2, ["cat", "dog"])
    assert config.dataset == str(tmp_path / "set")


def test_a_folder_is_trained_by_the_formulas(tmp_path, make):
    config = make(draw(tmp_path / "set", size=(32, 32))).config
    images = make(tmp_path / "set").dataset.size
    data = Data(config.dataset, 32, 32, 3, images)
    defaults = presets.PRESETS["cgan"].default_values({"batch_size": 4}, data)
    names = ("steps", "r1_weight", "r1_final_share", "decay_images", "augment_policy")
    assert [getattr(config, n) for n in names] == [defaults[n] for n in names]
    config = make(tmp_path / "set", epochs=3, r1_weight=0.5).config
    assert (config.steps, config.epochs, config.r1_weight) == (None, 3, 0.5)
    assert config.checkpoint_every == presets.LENGTHS["epochs"]["checkpoint_every"]


def test_what_counts_a_length_fits_the_length_that_the_images_bring(tmp_path, make):
    """A config.json with a setting of the other length could not be read again."""
    config = make(draw(tmp_path / "set"), log_every_steps=7).config
    assert (config.log_every_steps, config.epochs) == (7, None)
    assert resolve.from_json(json.loads(config.model_dump_json(exclude_none=True)))
    with pytest.raises(errors.UsageError, match=r"--checkpoint_every=5: .*epochs"):
        make(tmp_path / "set", checkpoint_every=5)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"architecture": "maxout"}, r"--architecture=maxout: .*28x28x1 alone.*16x16x3"),
        ({"options": {"size": (50, 50)}}, r"--image_size: .*50x50; .*--image_size=48"),
        ({"batch_size": 1000}, r"--batch_size=1000: .* only \d+ training images"),
        ({"preview_classes": "cat,cow"}, r"--preview_classes=cat,cow: 'cow' is no class"),
    ],
)
def test_what_does_not_go_together_is_one_line(tmp_path, make, changes, told):
    with pytest.raises(errors.UsageError, match=told):
        make(draw(tmp_path / "set"), **changes)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("classes", [("cat",), (".",)])
def test_a_conditional_mode_needs_two_classes(tmp_path, make, classes):
    folder = draw(tmp_path / "set", classes)
    with pytest.raises(errors.UsageError, match=r"--mode=cgan: .*fewer classes than two"):
        make(folder)
    assert make(folder, mode="dcgan").config.classes == 1


def test_images_with_classes_are_for_a_cgan_and_others_for_a_dcgan(
    tmp_path, make, monkeypatch
):
    """Catches class folders that a mode ignores, since nobody named another one."""
    monkeypatch.chdir(tmp_path)
    folder = draw(tmp_path / "set")
    shutil.copy(folder / "cat" / "0.png", folder / "cover.png")
    loose, one = draw(tmp_path / "loose", (".",)), draw(tmp_path / "one", ("cat",))
    shutil.copy(folder / "cover.png", one / "cover.png")
    for dataset, run, mode, count in (
        (folder, "labelled", "cgan", 20),
        (loose, "unlabelled", "dcgan", 20),
        (one, "of_one", "dcgan", 21),
        ("digits", "digits_run", "cgan", 1797),
        (folder, None, "cgan", 20),
        (loose, None, "dcgan", 20),
    ):
        made = make(dataset, run=run, mode=None)
        assert (made.config.mode, made.run.folder.name) == (mode, run or mode)
        assert made.dataset.size + made.dataset.held_out == count
        begin(made)
    assert make(None, run="unlabelled", mode=None).config.mode == "dcgan", "it goes on"
    assert make(loose, run=None, mode=None).run.exists()
    with pytest.raises(errors.UsageError, match="maxout: --mode=dcgan has only"):
        make(loose, run="other", mode=None, architecture="maxout")


def test_a_run_goes_on_with_its_data_wherever_it_lies_now(tmp_path, make):
    """In grey, as it began, though its pictures have colours."""
    begin(make(draw(tmp_path / "set"), {"channels": 1}))
    assert make(None).dataset.spec.channels == 1
    (tmp_path / "set").rename(tmp_path / "moved")
    with pytest.raises(errors.UsageError, match="is no folder"):
        make(tmp_path / "set")
    again = make(tmp_path / "moved").config
    assert again.dataset == str(tmp_path / "moved")
    assert again == make(tmp_path / "moved", {"channels": 1}, run="other").config
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=np.arange(40) % 2)
    begin(make(tmp_path / "x.npz", run="third"))
    (tmp_path / "x.npz").rename(tmp_path / "y.npz")
    assert make(tmp_path / "y.npz", run="third").dataset.size


def test_a_run_goes_on_with_the_pixels_that_it_began_with(tmp_path, make):
    """Catches a resume that crops what the run has padded; and a run of version 0.4."""
    folder = draw(tmp_path / "set", size=(24, 40))
    began = begin(make(folder, fit="pad", resample="nearest"))
    again = make(None)
    shapes = [made.dataset.spec.shape for made in (began, again)]
    assert shapes == [(40, 40, 3)] * 2
    pixels = [made.dataset.read("train")[0] for made in (began, again)]
    assert np.array_equal(*pixels)
    assert (pixels[0][:, 0] == 255).all(), "it is padded"
    with pytest.raises(errors.UsageError, match=r"--fit=crop \(the run has pad\)"):
        make(None, fit="crop")
    older = begin(make(folder, run="older"))
    values = json.loads(older.run.config_file.read_text())
    for name in ("fit", "resample"):
        del values["config"][name]
    older.run.config_file.write_text(json.dumps(values))
    assert make(None, run="older").config == older.config


def test_changed_data_are_refused(tmp_path, make):
    """Catches a run that goes on with other images than it began with."""
    alone = types.SimpleNamespace(is_chief=False, check_alike=lambda facts: None)
    planned, *_ = launch.load(make(draw(tmp_path / "set")), alone)
    planned.run.write_config(planned.content.started())
    assert launch.load(make(tmp_path / "set"), alone)
    draw(tmp_path / "other", ("cat", "cow", "dog"))
    with pytest.raises(errors.UsageError, match=r"--dataset: .* is not what .*trained on"):
        launch.load(make(tmp_path / "other"), alone)
    for path in (tmp_path / "set" / "dog").iterdir():
        Image.new("RGB", (16, 16), "red").save(path)
    again = make(tmp_path / "set")
    with pytest.raises(errors.UsageError, match=r"--dataset: .* is not what .*trained on"):
        launch.load(again, alone)


def test_data_are_known_by_their_files_not_by_what_pillow_makes_of_them(
    tmp_path, make, monkeypatch
):
    """Catches a run that another version of Pillow or libjpeg strands; and older runs."""
    alone = types.SimpleNamespace(is_chief=False, check_alike=lambda facts: None)
    planned, split, _ = launch.load(make(draw(tmp_path / "set")), alone)
    begin(planned)
    assert planned.content.data.keys() == {"images", "shape", "files_hash"}
    old = dataclasses.replace(planned.content, data=split.fingerprint())
    older = begin(dataclasses.replace(planned, run=Run(tmp_path / "old"), content=old))
    kept = launch.load(make(tmp_path / "set", run="old"), alone)[0].content.data
    assert kept == older.content.data
    decode = picture.decode
    monkeypatch.setattr(picture, "decode", lambda *given: decode(*given) ^ 1)
    shutil.rmtree(tmp_path / "cache")
    again, other, _ = launch.load(make(tmp_path / "set"), alone)
    assert again.content.data == planned.content.data
    assert other.content_hash() != split.content_hash()


def test_a_run_does_not_lie_in_its_own_data(tmp_path, make, monkeypatch):
    """Catches a run whose frames become a class of its data, and strand it."""
    draw(tmp_path / "set")
    monkeypatch.chdir(tmp_path / "set")
    for dataset in (".", tmp_path / "set"):
        with pytest.raises(errors.UsageError, match=r"--run_dir=.*: lies in the data, "):
            make(dataset, run="set/checkpoints/cgan")
    begun = begin(make(".", run="run"))
    (tmp_path / "set" / "runs").mkdir()
    begun.run.folder.rename(tmp_path / "set" / "runs" / "a")  # as by version 0.3
    with pytest.raises(errors.UsageError, match="may be moved"):
        make(None, run="set/runs/a")
    (tmp_path / "set" / "runs" / "a").rename(tmp_path / "run")
    assert make(".").dataset.size


def test_a_name_is_guessed_once(tmp_path, make, monkeypatch, capsys):
    """Catches a run that takes a folder for the set of that name which it began on."""
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "digits")
    assert make("digits").config.dataset == "digits"
    assert "--dataset=./digits is what lies here" in capsys.readouterr().err
    assert make("./digits").config.dataset == str(tmp_path / "digits")
    assert capsys.readouterr().err == ""
    prepared = tmp_path / "prepared" / "animals" / "1.0.0"
    draw(tmp_path / "animals")
    (tmp_path / "prepared").mkdir()
    assert source.settled("animals", "prepared") == str(tmp_path / "animals")
    prepared.mkdir(parents=True)
    (prepared / "dataset_info.json").write_text("{}")
    assert source.settled("animals", "prepared") == "animals"
    begun = make(tmp_path / "animals")
    config = begun.config.model_copy(update={"dataset": "animals"})
    content = dataclasses.replace(begun.content, config=config)
    begin(dataclasses.replace(begun, content=content))
    found = []
    monkeypatch.setattr(packaged, "find", lambda name, data_dir: found.append(name))
    for given in ("animals", None):
        with pytest.raises(AttributeError):  # from the set that is none
            make(given)
    assert found == ["animals"] * 2


def test_a_run_that_another_process_trained_meanwhile_is_refused(tmp_path):
    """Catches a run that goes back to the checkpoint which it found before it was built."""
    run, state = untrained(tmp_path / "run", mode="cgan")
    planned = plan.Plan(run.read(), run, dataset=None, checkpoint=None)
    with (
        pytest.raises(errors.UsageError, match="another process trained"),
        launch.locked(planned, state, planned.content),
    ):
        pass


def test_pictures_that_were_skipped_stay_so(tmp_path, make):
    draw(tmp_path / "set")
    (tmp_path / "set" / "cat" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(errors.UsageError, match="1 of 21 pictures cannot be read"):
        make(tmp_path / "set")
    begin(make(tmp_path / "set", {"skip_broken": True}))
    assert "1 that cannot be read" in str(make(tmp_path / "set").dataset.notes)
