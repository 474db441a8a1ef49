"""A run that was trained as its config.json says passes `verify`; a bent one fails."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from conftest import new_config
from same_runs import log_entries
from toys import go

from dcgan_tf.reporting import frames, grids
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files

STEPS = {"steps": 16, "log_every_steps": 4, "checkpoint_every_steps": 8}


@pytest.fixture
def passes(command, tmp_path):
    """Says whether `dcgan-tf verify run` ends with 0, and that it leaves the run alone."""

    def bits():
        files = sorted(path for path in tmp_path.glob("run/**/*") if path.is_file())
        return {path: atomic_files.sha256(path) for path in files}

    def run(*flags):
        before = bits()
        try:
            status, *_ = command("verify", "run", *flags)
        except SystemExit as ended:
            status = ended.code
        assert bits() == before
        return status == 0

    return run


@pytest.mark.parametrize("flags", [(), ("--all",)])
def test_a_run_passes_though_it_was_stopped_and_went_on_otherwise(
    tmp_path, toys, digits, passes, flags
):
    """Beyond its first end, where its log does not fit, and without what it measured."""
    go(tmp_path / "run", toys.config(**{**STEPS, "steps": 6}), digits)
    run, _ = go(tmp_path / "run", toys.config(**{**STEPS, "log_every_steps": 5}), digits)
    assert [entry["step"] for entry in log_entries(run)] == [4, 6, 10, 15, 16]
    change_line(run.metrics, 0, **{"test/generator/loss": 1.0, "quality/recall": 0.5})
    assert passes(*flags)


def change_line(path, number, **values):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[number].update(values)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def take_checkpoint(run):
    """Puts another run's last checkpoint into a run, with a manifest that fits."""
    newest, other = run.newest_checkpoint(), Run(run.folder.parent / "other")
    shutil.rmtree(newest.folder)
    shutil.copytree(other.newest_checkpoint().folder, newest.folder)
    (newest.folder / manifest.MANIFEST).unlink()
    manifest.write(newest.folder, step=newest.step, epoch=newest.epoch, run_id=run.run_id)


def change_frame(run):
    path = frames.paths(run.samples)[12]
    grid = np.array(frames.read(path))
    grid[0, 0] ^= 1
    grids.write_png(path, grid)


def change_config(run, **settings):
    content = run.read()
    config = content.config.model_copy(update=settings)
    run.write_config(dataclasses.replace(content, config=config))


@pytest.mark.parametrize(
    ("bend", "flags"),
    [
        (lambda run: change_config(run, seed=7), ()),
        (take_checkpoint, ()),
        (lambda run: (run.newest_checkpoint().folder / "state.index").write_bytes(b""), ()),
        (lambda run: change_line(run.metrics, 1, epoch=9), ("--all",)),
        (
            lambda run: change_line(run.metrics, 2, **{"generator/loss": 1.0000001}),
            ("--all",),
        ),
        (lambda run: change_line(run.witnesses, 0, sha256="0" * 64), ("--all",)),
        (lambda run: run.metrics.write_text(run.metrics.read_text()[1:]), ("--all",)),
        (change_frame, ("--all",)),
    ],
)
def test_a_run_that_was_bent_fails(tmp_path, toys, digits, passes, bend, flags):
    run, _ = go(tmp_path / "run", toys.config(**STEPS), digits)
    go(tmp_path / "other", toys.config(**STEPS, seed=1), digits)
    bend(run)
    assert not passes(*flags)


def test_a_rate_shows_in_weights(tmp_path, digits, passes):
    """With the real networks and steps, whose bits are the same when trained again."""
    tiny = {"mode": "dcgan", "batch_size": 16, "precision": "float32", "steps": 4}
    config = new_config("digits", **tiny, log_every_steps=2, checkpoint_every_steps=2)
    run, _ = go(tmp_path / "run", config, digits)
    assert passes()
    change_config(run, learning_rate=config.learning_rate * 1.001)
    assert not passes()


def test_elsewhere_terms_are_compared_within_a_tolerance(tmp_path, toys, digits, passes):
    """The toys' are 1; bits are not compared but for those of checkpoints."""
    run, _ = go(tmp_path / "run", toys.config(**STEPS), digits)
    run.write_config(run.read().started({"threads": 1000}))
    change_line(run.witnesses, 1, **{"generator/loss": 1.001, "sha256": "0" * 64})
    assert passes()
    assert not passes("--all")
    change_line(run.witnesses, 1, **{"generator/loss": 1.1})
    assert not passes()


def test_what_has_no_record_in_reach_proves_nothing(tmp_path, toys, digits, passes):
    """As a run of an older version, whose first entry comes after an epoch."""
    far = {"steps": 52, "log_every_steps": 52, "checkpoint_every_steps": 52}
    run, _ = go(tmp_path / "run", toys.config(**far), digits)
    run.witnesses.unlink()
    assert not passes()
    assert passes("--all")


def test_a_run_in_progress_is_refused(tmp_path, toys, digits, command):
    run, _ = go(tmp_path / "run", toys.config(steps=1), digits)
    with run.locked():
        assert command("verify", "run")[0] == 2
