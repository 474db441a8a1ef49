"""A run's folder: what may lie there, who may train in it, and whose parent it is."""

import pytest

from dcgan_tf.runs import folder
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.support import errors


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def test_a_folder_is_new_or_empty_or_a_run(tmp_path, run, small):
    """Catches a check that refuses what can be trained in, or that makes the folder."""
    folder.check_folder(tmp_path)
    folder.check_folder(tmp_path / "a" / "b")
    run.write_config(RunConfig(small("dcgan")))
    folder.check_folder(run.folder)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("there", "run_dir", "told"),
    [
        ("thesis.tex", ".", "holds files, but no run"),
        ("checkpoints/step_00000007/x", ".", "holds files, but no run"),
        ("file", "file", "is not a folder"),
        ("file", "file/run", "is not a folder"),
        # Or a run would train and save, and could then not be read.
        *(("x", f"{name}/run", "reads as a pattern") for name in ("r[1]", "a*", "b?")),
        ("x", "c\\d", "reads as a pattern"),
    ],
)
def test_a_folder_that_cannot_hold_a_run_is_refused(tmp_path, there, run_dir, told):
    """Catches a run that would write among a user's own files, or could not be read."""
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with pytest.raises(errors.UsageError, match=f"^--run_dir=.*{told}"):
        folder.check_folder(tmp_path / run_dir)


def test_a_second_process_is_refused_as_long_as_the_first_lives(run):
    """Catches two processes that write into one run."""
    assert not run.is_locked()
    refused = pytest.raises(errors.UsageError, match="another process trains this run")
    with run.locked(), refused, run.locked():
        pass
    with run.locked():
        assert run.is_locked()
    assert not run.is_locked()
    assert list(run.folder.iterdir()) == []


def test_a_run_that_is_named_and_not_there_is_one_line(tmp_path):
    """Catches a traceback for a folder without a run, or whose config.json is lost."""
    with pytest.raises(errors.UsageError, match=r"^--run=.*: holds no run"):
        Run.existing(tmp_path)
    with pytest.raises(errors.UsageError, match=r"^--init_from: name the folder"):
        Run.existing(None, "init_from")
