"""A process that ends, or a disk that refuses, at every change to a run's folder.

In one process, with the package's own loop and a step that is a line of arithmetic.  A
killed process makes no further change, so that not even a clean-up is done; a full disk
refuses once.  What TensorFlow writes lies in a temporary folder between two changes.
"""

import dataclasses
import errno
import os
import sys

import keras
import pytest
from same_runs import assert_same_run

from dcgan_tf import (
    checkpoint,
    classifier,
    errors,
    gans,
    pictures,
    report,
    runs,
    state,
    train,
)

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate"}


class Killed(BaseException):
    """The end of the process."""


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


def toy_generator(config):
    noise = keras.Input((config.noise_size,))
    labels = keras.Input((), dtype="int32")
    pixels = keras.layers.Dense(784, activation="tanh")(noise)
    return keras.Model([noise, labels], keras.layers.Reshape((28, 28, 1))(pixels))


def toy_discriminator(config):
    images = keras.Input((28, 28, 1))
    labels = keras.Input((), dtype="int32")
    return keras.Model(
        [images, labels], keras.layers.Dense(1)(keras.layers.Flatten()(images))
    )


@pytest.fixture
def go(small, few, monkeypatch):
    """Trains the run in a folder to some epoch, saving at every step, the best besides."""
    networks = (toy_generator, toy_discriminator)
    monkeypatch.setitem(gans.NETWORKS, ("cgan", "compact"), networks)
    monkeypatch.setattr(train, "make_train_steps", toy_steps)
    monkeypatch.setattr(train, "CALL_SECONDS", 0.0)  # a step a call
    monkeypatch.setattr(classifier, "load", lambda *_: None)
    monkeypatch.setattr(report, "Evaluation", ToyEvaluation)
    two_epochs = small(
        "cgan",
        epochs=2,
        batch_size=24,
        noise_size=4,
        average_half_life=0,
        evaluate_every=1,
        checkpoint_every=1,
        keep_checkpoints=1,
        checkpoint_minutes=1e-9,
    )

    def to_the_end(folder, epochs=2):
        config = dataclasses.replace(two_epochs, epochs=epochs)
        run = runs.Run(folder)
        made = state.create(config)
        if saved := run.newest_checkpoint():
            checkpoint.restore(made, saved)
        with run.locked():
            run.write_config(config)
            assert train.train(config, run, made, few, few) is None

    return to_the_end


def toy_steps(made, config):
    def steps(batches, count):
        for _ in range(int(count)):
            for weight in made.gan.generator.weights:
                weight.assign(weight * 0.5 + float(made.step))
            for total in made.sums.values():
                total.assign_add(1.0)
            made.summed.assign_add(1)
            made.step.assign_add(1)
        return made.step

    return steps


class ToyEvaluation:
    """Finds every generator better than the one before."""

    def __init__(self, *_):
        pass

    def of_run(self, run):
        return {"score": run.step / 100}


def names(folder):
    """Every file but those of checkpoints, of which one may be left that a crash kept from
    being removed, and TensorBoard's, which have the time in their names.
    """
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(p) for p in found if p.parts[0] not in ("checkpoints", "events"))


def assert_same_folder(one, other):
    assert names(one) == names(other)
    assert_same_run(runs.Run(one), runs.Run(other))
    assert (one / "training.gif").read_bytes() == (other / "training.gif").read_bytes()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of Killed
@pytest.mark.parametrize(("error", "every"), [(Killed, 1), (OSError, 8)])
def test_whatever_change_fails_nothing_is_lost(tmp_path, hook, go, error, every):
    go(tmp_path / "straight")
    hook.error = error
    failures = 0
    while True:
        folder = tmp_path / f"failed_{failures}"
        hook.folder, hook.fatal, hook.count = str(folder), every * failures + 1, 0
        try:
            go(folder)
        except (Killed, OSError, errors.RunError, errors.UsageError):
            pass
        finally:
            hook.folder = None
        if hook.count < hook.fatal:  # there are no more
            break
        failures += 1
        go(folder)
        assert_same_folder(folder, tmp_path / "straight")
    print(f"{error.__name__} at {failures} changes: nothing lost")
    assert failures > 60 / every


def test_a_torn_row_is_cut(tmp_path, go):
    """Rows are the only thing that is written in place."""
    for name in ("straight", "torn"):
        go(tmp_path / name)
    with (tmp_path / "torn" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "step": 9, "sec')
    go(tmp_path / "torn")
    assert_same_folder(tmp_path / "torn", tmp_path / "straight")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_a_damaged_frame_stops_no_run(tmp_path, go, content):
    """It is left out of the GIF, and the run goes on."""
    folder = tmp_path / "run"
    damaged = folder / "samples" / "epoch_0001.png"
    go(folder)
    damaged.write_bytes(content)
    go(folder, epochs=3)
    damaged.unlink()
    os.mkfifo(damaged)
    go(folder, epochs=4)
    assert runs.Run(folder).newest_checkpoint().epoch == 4
    read = [pictures.read_frame(path) for path in pictures.frames(damaged.parent).values()]
    assert [frame is not None for frame in read] == [True, False, True, True, True]
    assert (folder / "training.gif").stat().st_mtime_ns > damaged.lstat().st_mtime_ns
