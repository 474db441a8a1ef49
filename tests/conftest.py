"""What the tests share: small runs of the real code, on a few real digits."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.support import tf_setup

# On a GPU float32 convolutions round to ten bits, and the oracles would not agree.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
tf_setup.import_quietly(initialise=False)  # before the others, which import TensorFlow

from tensorflow.python.framework import config as tf_config  # noqa: E402
from toys import Toys  # noqa: E402

from dcgan_tf import __main__ as commands  # noqa: E402
from dcgan_tf.config import resolve  # noqa: E402
from dcgan_tf.data import pipeline  # noqa: E402
from dcgan_tf.datasets import source  # noqa: E402
from dcgan_tf.metrics import classifier  # noqa: E402
from dcgan_tf.runs import manifest  # noqa: E402
from dcgan_tf.runs.folder import Run, RunConfig  # noqa: E402
from dcgan_tf.training import devices  # noqa: E402
from dcgan_tf.training.train_state import TrainState, save_state  # noqa: E402

TWO_DEVICES = devices.make(2)
tf_setup.start()
MODES = ("dcgan", "cgan", "acgan")
# An acgan with dropout, label smoothing and uniformly random classes.
KERAS = {"architecture": "keras_2018"}
MNIST = dict(classes=10, class_names=None, height=28, width=28, channels=1)


def new_config(dataset="mnist", **overrides):
    """The Config of a run on 28x28x1 images of ten classes."""
    return resolve.new(overrides, dataset=dataset, **MNIST)


def saved(folder, config, change=lambda gan: None, step=0):
    """A run with a checkpoint, whose gan `change` may have altered; and its state."""
    run = Run(folder)
    run.write_config(RunConfig(config).started())
    state = TrainState.create(config)
    change(state.gan)
    state.step.assign(step)
    save_state(state, run, manifest.REGULAR, keep=3)
    return run, state


def untrained(folder, change=lambda gan: None, **overrides):
    config = new_config("digits", **{"precision": "float32", **overrides})
    return saved(folder, config, change)


def draw(folder, classes=("cat", "dog"), count=20, size=(16, 16)):
    """Writes `count` pictures of noise, in a folder for each class."""
    values = np.random.default_rng(0).integers(0, 256, (count, *size, 3), np.uint8)
    for number, pixels in enumerate(values):
        path = folder / classes[number % len(classes)] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


def blank(network):
    """Sets every weight to zero."""
    network.set_weights([0 * weight for weight in network.get_weights()])


# `-m smoke`: what is quick, and touches every sub-package.
SMOKE = (
    *("config/", "losses/", "data/", "support/test_a", "metrics/test_distances.py"),
    "gans/test_latents.py",
    *("reporting/test_frames.py", "reporting/test_grids.py", "reporting/test_console.py"),
    *("reporting/test_log.py", "runs/test_folder.py"),
    "cli/test_commands.py::test_every_flagfile_is_one_that_train_takes",
    "runs/test_trained.py::test_it_generates_",
    "training/test_steps.py::test_a_step_moves_every_weight_of_both_players",
)
# `-m long`, beside the tests that are marked where they stand: the second form of a proof
# whose first form the default has, by another rule, network or fault, and the step of XLA.
LONG = (
    "training/test_devices.py::test_a_run_goes_on_with_another_number_of_devices[one]",
    "training/test_devices.py::test_two_devices_take_the_steps_of_one[dcgan_tutorial, a",
    "training/test_steps.py::test_a_step_compiled_by_xla_is_the_step",
    "training/test_steps.py::test_steps_compiled_as_one_are_the_steps[alternating",
    "training/test_steps.py::test_lazy_penalties_count_for_the_steps_between[keras_gan]",
    "exports/test_formats.py::test_what_readme_shows_generates_the_same_images[network1",
    "exports/test_formats.py::test_what_readme_shows_generates_the_same_images[network2",
    "faults/test_workers.py::test_a_lost_worker_ends_the_other_and_costs_nothing[19",
    "training/test_steps.py::test_the_compiled_step_is_the_step[dcgan",
    "training/test_steps.py::test_the_compiled_step_is_the_step[cgan",
    "training/test_loop.py::test_stopped_and_resumed_is_never_stopped[dcgan]",
    "training/test_loop.py::test_stopped_and_resumed_is_never_stopped[cgan]",
    "training/test_graph_order.py::test_a_variable_is_never_read_while_it_is_moved[acgan "
    "compact2, paired",
    "faults/test_limits.py::test_every_mode_trains_with_deterministic_operations",
)


def mnist_is_prepared():
    return any(source.data_folder(None).glob("mnist/[0-9]*/mnist-train.*"))


def pytest_collection_modifyitems(items):
    for item in items:
        name = item.nodeid.removeprefix("tests/")
        if name.startswith(LONG):
            item.add_marker(pytest.mark.long)
        elif name.startswith(SMOKE):
            item.add_marker(pytest.mark.smoke)
    if not mnist_is_prepared():
        skip = pytest.mark.skip(reason="MNIST is not prepared in TFDS_DATA_DIR")
        for item in items:
            if item.get_closest_marker("mnist"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def digits():
    """The training split of the bundled digits."""
    return pipeline.load(source.find("digits"), "train")


@pytest.fixture(scope="session")
def few(digits):
    """48 digits: three batches of 16."""
    return pipeline.Split(digits.images[:48], digits.labels[:48])


@pytest.fixture
def small():
    """Makes the Config of a small run: `small("acgan", epochs=4)`."""

    def make(mode, **changes):
        tiny = {"batch_size": 16, "max_translation": 0, "precision": "float32"}
        if "steps" not in changes:
            tiny["epochs"] = 2
        return new_config("digits", mode=mode, **{**tiny, **changes})

    return make


@pytest.fixture
def toys(monkeypatch, small):
    """Makes runs of toy networks: `toys.config("cgan", epochs=4)`."""
    return Toys(monkeypatch, small)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; without one, or without playwright, its tests are skipped."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        options = {"executable_path": chromium, "args": ["--no-sandbox"]}
        with playwright.chromium.launch(**options) as launched:
            yield launched


@pytest.fixture
def tab(browser):
    """A tab in which an error of a script fails the test."""
    found = []
    opened = browser.new_page()
    opened.on("pageerror", lambda error: found.append(error))
    yield opened
    opened.close()
    assert not found


@pytest.fixture
def no_network(monkeypatch):
    """Lets no test depend on a host: every request fails at once."""

    def refuse(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", refuse)


@pytest.fixture
def quick_classifier(tmp_path, monkeypatch):
    """Trains a data set's classifier for one epoch, and keeps it in tmp_path/cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(classifier, "LEAST_STEPS", 1)
    monkeypatch.setattr(classifier, "EPOCHS", 1)


@pytest.fixture
def command(tmp_path, monkeypatch, capsys, no_network):
    """Runs dcgan-tf in an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments):
        status = commands.main(list(map(str, arguments)))
        return status, *capsys.readouterr()

    yield run
    tf_config.disable_op_determinism()  # which a command leaves on: its process ends
