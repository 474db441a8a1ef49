"""A run's folder: what may lie there, who may train in it, and whose parent it is."""

import pytest

from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


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
