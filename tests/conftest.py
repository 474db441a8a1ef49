"""What the tests share: small runs of the real code, on a few real digits."""

import pytest

from dcgan_tf import engine

engine.start()  # before the others, which import TensorFlow

from dcgan_tf import checkpoint, datasets, runs, saves, settings, state  # noqa: E402

MODES = ("dcgan", "cgan", "acgan")
KERAS = {"architecture": "convolutional"}  # an acgan that drops, smooths, draws classes


def untrained(folder, change=lambda gan: None, **said):
    """A saved run of no steps, whose gan `change` may have altered; and its state."""
    run = runs.Run(folder)
    chosen = settings.new({"precision": "float32", **said}, dataset="digits", classes=10)
    run.write_config(chosen)
    made = state.create(chosen)
    change(made.gan)
    checkpoint.save(made, run, saves.REGULAR, 3)
    return run, made


def blank(network):
    """Sets every weight to zero."""
    network.set_weights([0 * weight for weight in network.get_weights()])


def pytest_collection_modifyitems(items):
    folder = datasets.data_folder(None)
    if not datasets.is_prepared("mnist", folder):
        skip = pytest.mark.skip(reason=f"MNIST is not prepared in {folder}")
        for item in items:
            if item.get_closest_marker("mnist"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def digits():
    """The training split of the bundled digits."""
    return datasets.load(datasets.find("digits", None), "train")


@pytest.fixture(scope="session")
def few(digits):
    """48 digits: three batches of 16."""
    return datasets.Split(digits.images[:48], digits.labels[:48])


@pytest.fixture
def small():
    """Makes the Config of a small run: `small("acgan", epochs=4)`."""

    def make(mode, **changes):
        said = {
            "mode": mode,
            "batch_size": 16,
            "shift": 0,
            "precision": "float32",
            **changes,
        }
        if "steps" not in said:
            said.setdefault("epochs", 2)
        return settings.new(said, dataset="digits", classes=10)

    return make


@pytest.fixture
def no_network(monkeypatch):
    """Lets no test depend on a host: every request fails at once."""

    def refuse(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
