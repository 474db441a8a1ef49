"""A process that ends at every single change that it makes to its run's folder.

In one process: from a chosen change on, every attempt to write, rename or remove a file
raises, so that not even a clean-up is done.  What TensorFlow writes lies in a temporary
folder between two such changes.
"""

import os
import sys

import keras
import pytest
from same_runs import assert_same_run

from dcgan_tf import checkpoint, gans, runs, saves, state
from dcgan_tf.milestones import Milestones
from dcgan_tf.report import Report

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate"}


class Killed(BaseException):
    """The end of the process."""


class Hook:
    """Counts the changes within a folder; ends the process at one of them."""

    def __init__(self):
        self.folder = None
        self.fatal = self.count = 0

    def __call__(self, event, arguments):
        if self.folder is None or not self._changes(event, arguments):
            return
        self.count += 1
        if self.count >= self.fatal:
            raise Killed(f"{event} {arguments}")

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
def config(small, monkeypatch):
    """Of a run with networks so small that a save takes no time."""
    networks = (toy_generator, toy_discriminator)
    monkeypatch.setitem(gans.NETWORKS, ("cgan", "maxout"), networks)
    return small("cgan", epochs=2, checkpoint_every=1, average_half_life=0, noise_size=4)


class Toy:
    """A run whose training is a line of arithmetic, with the package's own saves."""

    def __init__(self, folder, config, split):
        self.run = runs.Run(folder)
        self.config = config
        self.state = state.create(config)
        self.milestones = Milestones.of(config, per_epoch=2)
        self.report = Report(
            self.run, config, self.state.gan, self.milestones, split, held_out=None
        )

    def go_on(self):
        """From the newest checkpoint to the end, as train.train does."""
        saved = self.run.newest_checkpoint()
        if saved:
            checkpoint.restore(self.state, saved)
        self.run.write_config(self.config)
        self.report.begin(int(self.state.step))
        while (step := int(self.state.step)) < self.milestones.end:
            for weight in self.state.gan.generator.weights:
                weight.assign(weight * 0.5 + step)
            step += 1
            self.state.step.assign(step)
            self.state.epoch.assign(step // 2)
            if self.milestones.samples_at(step):
                means = {"generator/loss": 1.0, "discriminator/loss": 1.0 / step}
                means["discriminator/adversarial_fake"] = 1.0
                self.report.add(step, means, seconds=1.0, images=1)
            if self.milestones.saves_at(step):
                self.report.finish()
                checkpoint.save(self.state, self.run, saves.REGULAR, 1)
            else:
                self.report.sync()
                checkpoint.save(self.state, self.run, saves.LATEST, 1)


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
def test_a_crash_at_any_change_loses_nothing(tmp_path, config, few, hook, capsys):
    straight = tmp_path / "straight"
    Toy(straight, config, few).go_on()
    crashes = 0
    while True:
        folder = tmp_path / f"crashed_{crashes}"
        hook.folder, hook.fatal, hook.count = str(folder), crashes + 1, 0
        try:
            Toy(folder, config, few).go_on()
            break
        except Killed:
            crashes += 1
        finally:
            hook.folder = None
        Toy(folder, config, few).go_on()
        assert_same_folder(folder, straight)
    with capsys.disabled():
        print(f"crashes at {crashes} changes: nothing lost")
    assert crashes > 40


def test_a_crash_within_a_row_loses_nothing(tmp_path, config, few):
    """Rows are the only thing that is written in place."""
    for name in ("straight", "torn"):
        Toy(tmp_path / name, config, few).go_on()
    with (tmp_path / "torn" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "step": 9, "sec')
    Toy(tmp_path / "torn", config, few).go_on()
    assert_same_folder(tmp_path / "torn", tmp_path / "straight")
