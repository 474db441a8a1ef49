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

from dcgan_tf.cli import launch
from dcgan_tf.gans import build
from dcgan_tf.reporting import frames
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.support import errors
from dcgan_tf.training import loop
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.train_state import TrainState

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


def toy_generator(spec, latent_dim):
    latents = keras.Input((latent_dim,))
    labels = keras.Input((), dtype="int32")
    pixels = keras.layers.Dense(784, activation="tanh")(latents)
    return keras.Model([latents, labels], keras.layers.Reshape(spec.shape)(pixels))


def toy_discriminator(spec):
    images = keras.Input(spec.shape)
    labels = keras.Input((), dtype="int32")
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    return keras.Model([images, labels], {"adversarial": logits})


@pytest.fixture
def go(small, few, monkeypatch):
    """Trains the run in a folder to some epoch, saving at every step, the best besides."""
    networks = (toy_generator, toy_discriminator)
    monkeypatch.setitem(build.NETWORKS, ("cgan", "compact"), networks)
    monkeypatch.setattr(launch, "make_train_steps", toy_steps)
    monkeypatch.setattr(loop, "CALL_SECONDS", 0.0)  # a step a call
    monkeypatch.setattr(loop.classifier, "load", lambda *_: None)
    monkeypatch.setattr(loop, "Evaluator", ToyEvaluator)
    two_epochs = small(
        "cgan",
        epochs=2,
        batch_size=24,
        latent_dim=4,
        ema_half_life=0,
        evaluate_every=1,
        checkpoint_every=1,
        keep_checkpoints=1,
        checkpoint_minutes=1e-9,
    )

    def to_the_end(folder, epochs=2):
        config = two_epochs.model_copy(update={"epochs": epochs})
        run = Run(folder)
        content = run.read() if run.exists() else RunConfig(config)
        state = TrainState.create(config)
        if info := run.newest_checkpoint():
            checkpoint.restore(state.checkpoint(), info)
        with run.locked():
            content = dataclasses.replace(content, config=config)
            run.write_config(content)
            assert launch.train(run, content, state, few, few, Workers()) is None

    return to_the_end


def toy_steps(state, config, **_):
    def steps(batches, count):
        for _ in range(int(count)):
            for weight in state.gan.generator.weights:
                weight.assign(weight * 0.5 + float(state.step))
            for total in state.term_sums.values():
                total.assign_add(1.0)
            state.term_steps.assign_add(1)
            state.step.assign_add(1)
        return state.step

    return steps


class ToyEvaluator:
    """Finds every generator better than the one before."""

    def __init__(self, *_):
        pass

    def figures_of_run(self, run):
        return {"selection_score": run.step / 100}


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


def test_a_torn_entry_is_cut(tmp_path, go):
    """Log entries are the only thing that is written in place."""
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
    go(folder, epochs=4)
    assert Run(folder).newest_checkpoint().epoch == 4
    read = [frames.read(path) for path in frames.paths(damaged.parent).values()]
    assert [frame is not None for frame in read] == [True, False, True, True, True]
    assert (folder / "training.gif").stat().st_mtime_ns > damaged.lstat().st_mtime_ns
