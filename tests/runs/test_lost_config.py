"""A run whose config.json is lost goes on with the copy that each checkpoint holds."""

import pathlib
import shutil

import pytest
from conftest import new_config, untrained

from dcgan_tf import main, sample
from dcgan_tf.cli import flags
from dcgan_tf.runs import folder, manifest
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors
from dcgan_tf.training.saver import save_state
from dcgan_tf.training.train_state import TrainState

LOST = [None, b"", b'{"format": 3, "conf', b"\xff\xfe"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of one epoch that has not trained a step."""
    monkeypatch.chdir(tmp_path)
    folder._warn_once.cache_clear()
    settings = {"mode": "cgan", "epochs": 1, "batch_size": 500, "seed": 7}
    made, _ = untrained(pathlib.Path("run"), **settings)
    return made


def lose(run, left=None):
    run.config_file.unlink()
    if left is not None:
        run.config_file.write_bytes(left)


def call(command, *arguments):
    values = command.define_flags()
    return flags.run(command.main, values, command.__doc__, list(arguments))


def as_earlier(info):
    """Makes a checkpoint as it was before there were copies."""
    (info.folder / manifest.CONFIG).unlink()
    (info.folder / manifest.MANIFEST).unlink()
    manifest.write_manifest(info.folder, info.step, info.epoch, info.run_id, info.score)


@pytest.mark.parametrize("left", LOST)
def test_a_resume_takes_the_copy_says_so_and_writes_it_again(run, capsys, left):
    held = run.read()
    lose(run, left)
    assert call(main, "--mode=cgan", "--dataset=digits", "--run_dir=run") == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "warning: run/config.json is missing or damaged: its copy in "
        "run/checkpoints/step_00000000 is taken"
    ]
    written = Run(run.folder).read()
    assert (written.config, written.run_id) == (held.config, held.run_id)
    assert written.starts[:1] == held.starts
    assert Run(run.folder).newest_checkpoint().step == 3
    damaged = run.folder / "config.damaged.json"
    assert (damaged.read_bytes() if left is not None else None) == left


def test_a_dry_run_takes_the_copy_and_changes_nothing(run, capsys):
    lose(run, b"{")
    assert call(main, "--mode=cgan", "--dataset=digits", "--run_dir=run", "--dry_run") == 0
    assert capsys.readouterr().err.count("its copy in") == 1
    assert run.config_file.read_bytes() == b"{"
    assert not (run.folder / "config.damaged.json").exists()


@pytest.mark.parametrize("left", LOST)
def test_a_sample_takes_the_copy_and_changes_nothing(run, capsys, left):
    assert call(sample, "--run=run", "--output=before.npz") == 0
    lose(run, left)
    assert call(sample, "--run=run", "--output=after.npz") == 0
    assert capsys.readouterr().err.count("its copy in") == 1
    before, after = (run.folder.parent / f"{n}.npz" for n in ("before", "after"))
    assert before.read_bytes() == after.read_bytes()
    assert run.config_file.exists() == (left is not None)


def test_a_checkpoint_of_before_is_read_and_has_no_copy(run, capsys):
    info = run.newest_checkpoint()
    as_earlier(info)
    assert Run(run.folder).newest_checkpoint().folder == info.folder
    assert call(sample, "--run=run") == 0
    lose(run)
    assert call(main, "--mode=cgan", "--run_dir=run") == 2
    assert "their config.json is missing" in capsys.readouterr().err
    run.write_config(RunConfig(new_config("digits", mode="cgan")))
    lose(run, b"{")
    assert call(main, "--mode=cgan", "--run_dir=run") == 1
    assert "config.json is damaged" in capsys.readouterr().err


def test_a_copy_that_is_not_what_was_written_is_not_taken(run, capsys):
    copy = run.newest_checkpoint().folder / manifest.CONFIG
    copy.write_text(copy.read_text().replace('"seed": 7', '"seed": 8'))
    assert not Run(run.folder).saved()[0].is_intact()
    lose(run)
    assert call(main, "--mode=cgan", "--run_dir=run") == 2
    assert "their config.json is missing" in capsys.readouterr().err


def test_copies_of_several_runs_decide_nothing(run, capsys):
    other, state = untrained(run.folder.parent / "other", mode="dcgan")
    save(state, other, step=9)
    copied = other.newest_checkpoint().folder
    shutil.copytree(copied, run.checkpoints / copied.name)
    lose(run)
    for command, flag in ((main, "--run_dir"), (sample, "--run")):
        assert call(command, f"{flag}=run") == 1
        assert "checkpoints of several runs" in capsys.readouterr().err
    assert not run.config_file.exists()


def test_a_config_that_is_lost_while_a_run_trains_stops_no_save(run):
    """The next checkpoint has the copy of the one before; without any it has none."""
    content = run.read()
    assert run.run_id
    lose(run, b"")
    state = TrainState.create(content.config)
    save(state, run, step=1)
    newest = run.saved()[0]
    assert newest.holds(manifest.CONFIG)
    for info in run.saved():
        as_earlier(info)
    save(state, run, step=2)
    newest = run.saved()[0]
    assert newest.step == 2
    assert newest.is_intact()
    assert not newest.holds(manifest.CONFIG)
    with pytest.raises(errors.RunError, match="is damaged"):
        run.read()


def save(state, run, step):
    state.step.assign(step)
    save_state(state, run, manifest.REGULAR, keep=3)
