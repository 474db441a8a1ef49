"""A process that ends, or a disk that refuses, at every change to a run's folder.

In one process, with the package's own loop and a step that is a line of arithmetic.  A
killed process makes no further change, so that not even a clean-up is done; a full disk
refuses once.  What TensorFlow writes lies in a temporary folder between two changes.
"""

import contextlib
import errno
import os
import sys

import pytest
from same_runs import assert_same_run
from toys import Killed, go

from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate"}


class Hook:
    """Counts the changes within a folder; from one of them on, or there alone, raises."""

    def __init__(self):
        self.folder = self.error = None
        self.fatal = self.count = 0

    def __call__(self, event, arguments):
        if self.folder is None or not self._changes(event, arguments):
            return
        self.count += 1
        if self.count == self.fatal or (self.count > self.fatal and self.error is Killed):
            raise self.error(errno.ENOSPC, f"{event} {arguments}")

    def _changes(self, event, arguments):
        writes = event in CHANGES
        if event == "open":
            writes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        return writes and str(arguments[0]).startswith(self.folder)


@pytest.fixture(scope="module")
def hook():
    made = Hook()
    sys.addaudithook(made)  # for ever: it does nothing while it has no folder
    yield made
    made.folder = None


@pytest.fixture
def train(toys, few):
    """Trains the run in a folder to some epoch, saving at every step, the best besides."""
    toys.score({step: step / 100 for step in range(100)})  # each better than the last
    config = toys.config(
        batch_size=24,
        evaluate_every=1,
        checkpoint_every=1,
        keep_checkpoints=1,
        checkpoint_minutes=1e-9,
    )

    def to_the_end(folder, epochs=2):
        longer = config.model_copy(update={"epochs": epochs})
        assert go(folder, longer, few, test=few)[1] is None

    return to_the_end


def names(folder):
    """Every file but those of checkpoints, of which one may be left that a crash kept from
    being removed, and TensorBoard's, which have the time in their names.
    """
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        str(p) for p in found if not p.parts[0].startswith(("checkpoints", "events.out"))
    )


def assert_same_folder(one, other):
    assert names(one) == names(other)
    assert_same_run(Run(one), Run(other))
    assert (one / "training.gif").read_bytes() == (other / "training.gif").read_bytes()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of Killed
@pytest.mark.parametrize(
    ("error", "every"),
    [
        (Killed, 4),
        (OSError, 8),
        pytest.param(Killed, 1, marks=pytest.mark.long),
        pytest.param(OSError, 1, marks=pytest.mark.long),
    ],
)
def test_whatever_change_fails_nothing_is_lost(tmp_path, hook, train, error, every):
    train(tmp_path / "straight")
    hook.error = error
    failures = complete = 0
    while True:
        folder = tmp_path / f"failed_{failures}"
        hook.folder, hook.fatal, hook.count = str(folder), every * failures + 1, 0
        with contextlib.suppress(Killed, OSError, errors.RunError, errors.UsageError):
            train(folder)
            complete += 1
        hook.folder = None
        if hook.count < hook.fatal:  # there are no more
            break
        failures += 1
        train(folder)
        assert_same_folder(folder, tmp_path / "straight")
    print(f"{error.__name__} at {failures} changes: nothing lost")
    assert failures > 60 / every
    assert complete < failures / 2  # else failures are kept from the caller
