"""What a program or a notebook does with the package: load, train, and the run."""

import io
import os
import random
import signal
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import untrained
from PIL import Image
from tensorflow.python.framework import config as tf_config

import dcgan_tf
from dcgan_tf import __main__ as cli
from dcgan_tf import main
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import stop_signal

TINY = {"dataset": "digits", "batch_size": 500, "preview_rows": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two epochs, which a callback has stopped after the first."""
    folder = tmp_path_factory.mktemp("api") / "run"
    seen = []

    def stop(entry):
        seen.append(entry)
        raise LookupError("enough")

    settings = {"mode": "cgan", "epochs": 2, "run_dir": folder, **TINY}
    with pytest.raises(LookupError, match="enough"):
        dcgan_tf.train(callbacks=[stop], **settings)
    (entry,) = seen
    stopped = dcgan_tf.load(folder)
    assert (entry["epoch"], entry["step"], stopped.step) == (1, 3, 3)
    assert [one["epoch"] for one in stopped.metrics()] == [1]
    trained = dcgan_tf.train(callbacks=[seen.append], **settings)
    assert seen == trained.metrics()
    assert seen[0] == entry
    return trained


def test_a_second_call_goes_on_and_a_complete_run_is_returned(run, capsys):
    assert run.step == 6
    assert [entry["epoch"] for entry in run.metrics()] == [1, 2]
    none_given = dict.fromkeys(("epochs", "seed"))
    assert dcgan_tf.train(run_dir=run.folder, dry_run=True, **none_given) is None
    again = dcgan_tf.train(run_dir=run.folder, epochs=2)
    assert "is complete: 2 epochs" in capsys.readouterr().out
    assert again.folder == run.folder
    assert np.array_equal(again.sample([3, 8]), run.sample([3, 8]))
    start, resumed = Run(run.folder).read().starts
    assert start["command"] == resumed["command"]
    assert start["command"][:3] == ["dcgan_tf.train", "--mode=cgan", "--epochs=2"]


def test_it_is_the_run_of_the_command(run, tmp_path):
    """Which was never stopped."""
    flags = [f"--{name}={value}" for name, value in TINY.items()]
    flags += ["--mode=cgan", "--epochs=2", f"--run_dir={tmp_path / 'run'}"]
    assert cli.main(["train", *flags]) == 0
    command = dcgan_tf.load(tmp_path / "run")
    assert command.step == run.step
    assert np.array_equal(command.sample(range(10)), run.sample(range(10)))


def test_wrong_settings_are_the_commands_one_line():
    with pytest.raises(dcgan_tf.UsageError, match=r"^--mode=acgn: must be 'dcgan', 'cgan'"):
        dcgan_tf.train(mode="acgn", dry_run=True)
    with pytest.raises(dcgan_tf.UsageError, match=r"no such flag; .*did you mean mode"):
        dcgan_tf.train(moed="acgan", dry_run=True)


def test_a_run_shows_itself_and_its_curves(run):
    assert repr(run) == "Run(cgan on digits, 28x28x1, 10 classes, step 6)"
    with Image.open(io.BytesIO(run._repr_png_())) as shown:
        assert shown.size == (10 * (2 * 28 + 2) - 2, 30 + 5 * (2 * 28 + 2) - 2)
    shipped = dcgan_tf.load()
    assert shipped.metrics() == []
    with pytest.raises(dcgan_tf.UsageError, match="has no log entries to plot"):
        shipped.plot()
    losses, *_ = run.plot().axes
    assert [line.get_xdata().tolist() for line in losses.lines] == [[1, 2]] * 2


def test_a_grid_of_images_and_of_rows():
    images = np.arange(6, dtype=np.uint8).repeat(16 * 16).reshape(6, 16, 16, 1) * 40
    picture = dcgan_tf.grid(images, columns=3)
    assert picture.size == (560 + 4 + 16, picture.size[1])
    rows = dcgan_tf.grid(images.reshape(2, 3, 16, 16, 1))
    assert np.array_equal(np.asarray(rows), np.asarray(picture))


def test_evaluate_measures_this_generator(run, tmp_path, quick_classifier):
    """And not what the run's folder has had since; it writes where it is asked to."""
    before = sorted(run.folder.rglob("*"))
    figures = run.evaluate(count=200)
    assert list(figures)[:2] == ["generated", "real training images"]
    assert 0 <= figures["generated"]["class_accuracy"] <= 1
    assert sorted(run.folder.rglob("*")) == before
    other = dcgan_tf.load(untrained(tmp_path / "other", mode="cgan", seed=9)[0].folder)
    written = other.evaluate(count=200, output=tmp_path / "written")
    assert (tmp_path / "written" / "evaluation.json").exists()
    assert written["real training images"] == figures["real training images"]
    assert written["generated"] != figures["generated"]
    for given, told in (
        ({"count": 3}, r"--count=3"),
        ({"which": "best"}, r"--which: the run is the one that was loaded"),
        ({"cout": 200}, r"did you mean count"),
    ):
        with pytest.raises(dcgan_tf.UsageError, match=told):
            run.evaluate(**given)


LONG = {"mode": "cgan", "epochs": 100, **TINY}


def test_ctrl_c_saves_and_raises_keyboard_interrupt(tmp_path, capsys, monkeypatch):
    """As a notebook's stop button; a second one is not waited for, and ends no process."""
    monkeypatch.setattr(stop_signal, "REPEAT_SECONDS", 0.0)
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    folder, reached = tmp_path / "run", []

    def interrupt(entry):
        signal.raise_signal(signal.SIGINT)
        reached.append(entry["epoch"])
        if entry["epoch"] == 2:
            signal.raise_signal(signal.SIGINT)
            reached.append("behind the second")

    with pytest.raises(KeyboardInterrupt):
        dcgan_tf.train(run_dir=folder, callbacks=[interrupt], **LONG)
    assert "stopped and saved; the same call goes on" in capsys.readouterr().out
    assert dcgan_tf.load(folder).step == 3
    with pytest.raises(KeyboardInterrupt):
        dcgan_tf.train(run_dir=folder, callbacks=[interrupt], **LONG)
    assert reached == [1, 2]
    assert dcgan_tf.load(folder).step == 3  # nothing was saved after the second
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert after == before


def test_another_signal_ends_the_program(tmp_path, monkeypatch):
    stopped = Run(tmp_path), signal.SIGTERM
    monkeypatch.setattr(main, "train", lambda *given: stopped)
    with pytest.raises(SystemExit, match="143"):
        dcgan_tf.train(run_dir=tmp_path)


def test_a_thread_trains_and_leaves_everything_as_it_was(tmp_path):
    """Catches a call that changes what its caller has set, or hears signals elsewhere."""
    results, within, handler = [], [], signal.getsignal(signal.SIGINT)
    python, numpy = random.getstate(), np.random.get_state()
    tf.config.optimizer.set_experimental_options({"remapping": True})
    keras.config.set_floatx("float64")
    settings = {"run_dir": tmp_path / "run", "steps": 1, "deterministic": True, **TINY}
    settings["callbacks"] = [lambda _: within.append(tf_config.is_op_determinism_enabled())]
    thread = threading.Thread(target=lambda: results.append(dcgan_tf.train(**settings)))
    try:
        thread.start()
        thread.join()
        assert [run.step for run in results] == [1]
        assert signal.getsignal(signal.SIGINT) is handler
        assert keras.config.floatx() == "float64"
        assert tf.config.optimizer.get_experimental_options()["remapping"] is True
        assert random.getstate() == python
        assert all(map(np.array_equal, np.random.get_state(), numpy))
        assert (within, tf_config.is_op_determinism_enabled()) == ([True], False)
    finally:
        keras.config.set_floatx("float32")
        tf.config.optimizer.set_experimental_options({"remapping": False})


def test_a_callback_may_end_the_program_and_change_its_folder(tmp_path, monkeypatch):
    """Catches a run that is lost, or saved where the callback went."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    def leave(_):
        os.chdir("elsewhere")
        raise SystemExit(3)

    with pytest.raises(SystemExit, match="3"):
        dcgan_tf.train(run_dir="run", callbacks=[leave], **LONG)
    assert dcgan_tf.load(tmp_path / "run").step == 3
    assert list((tmp_path / "elsewhere").iterdir()) == []
