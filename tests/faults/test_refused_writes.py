"""Whatever file a disk refuses is named in one line, and nothing of it is left."""

import contextlib
import resource

import numpy as np
import pytest

from dcgan_tf import export, sample
from dcgan_tf.cli import evaluation, flags
from dcgan_tf.config.intervals import Intervals
from dcgan_tf.pages.page import LivePage
from dcgan_tf.reporting import frames, grids, log
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import errors

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
LAYOUT = grids.Layout(8, 8, 8)


@contextlib.contextmanager
def files_of_at_most(size):
    """A quota: a write beyond so many bytes of a file is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def entry(**more):
    return {"epoch": 1, "step": 9, **{f"loss_{n}": 0.1 for n in range(20)}, **more}


def write_gif(folder):
    frames.write_gif(folder / "training.gif", folder / "samples", LAYOUT)


def write_evaluation(folder):
    pairs = PIXELS.reshape(64, 8, 8, 1)
    report = {"nearest_training_images": {"pairs": pairs}, "notes": ["long"] * 100}
    evaluation.write(folder, report)


def live_page(folder):
    config = Run(PRETRAINED).read_config()
    return LivePage(Run(folder), config, Intervals.of(config, per_epoch=9), step=0)


# What a run and `evaluate` write: (the file, how).
WRITES = {
    "samples/epoch_0002.png": lambda folder: grids.write_png(
        folder / "samples" / "epoch_0002.png", PIXELS
    ),
    "training.gif": write_gif,
    "metrics.jsonl": lambda folder: log.append(folder / "metrics.jsonl", entry()),
    "live.html": lambda folder: live_page(folder).__enter__(),
    "live.js": lambda folder: live_page(folder).add(entry(), None),
    "config.json": lambda folder: Run(folder).write_config(Run(PRETRAINED).read()),
    "evaluation.json": write_evaluation,
}


@pytest.mark.parametrize("name", WRITES)
def test_a_file_of_a_run_that_is_refused_is_named(tmp_path, name):
    (tmp_path / "samples").mkdir()
    grids.write_png(frames.path_of(tmp_path / "samples", "epoch", 1), PIXELS)
    kept = sorted(tmp_path.rglob("*"))
    with (
        files_of_at_most(100),
        pytest.raises((OSError, errors.UsageError)) as caught,
    ):
        WRITES[name](tmp_path)
    line = errors.first_line(caught.value)
    assert f"{tmp_path / name}: File too large" in line
    left = [path for path in sorted(tmp_path.rglob("*")) if path.name != "metrics.jsonl"]
    assert left == kept


def test_events_that_are_refused_are_named(tmp_path):
    """TensorFlow's own writer would lose them without a word."""
    intervals = Intervals.of(Run(PRETRAINED).read_config(), per_epoch=9)
    log.append(tmp_path / "metrics.jsonl", entry())
    with files_of_at_most(200), pytest.raises(OSError, match=r"events\.out\.tfevents"):
        log.RunLogger(Run(tmp_path), intervals, 9, LAYOUT)


@pytest.mark.parametrize(
    ("command", "output", "most"),
    [
        (sample, "grid.png", 100),
        (sample, "set.npz", 100),
        (sample, "folder", 100),
        (export, "exported", 100),  # config.json
        (export, "exported", 10_000),  # generator.npz
    ],
)
def test_an_output_that_is_refused_is_named(tmp_path, capsys, command, output, most):
    arguments = [f"--run={PRETRAINED}", f"--output={tmp_path / output}"]
    with files_of_at_most(most):
        values = command.define_flags()
        status = flags.run(command.main, values, command.__doc__, arguments)
    line = f"error: {tmp_path / output}: File too large\n"
    assert (status, capsys.readouterr().err) == (1, line)
    assert not list(tmp_path.iterdir())
