"""A folder is brought to a step: nothing of later steps stays, what is a user's does."""

import numpy as np
import pytest

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import frames, grids, metrics_log
from dcgan_tf.reporting.run_logger import rewind
from dcgan_tf.runs.folder import Run


@pytest.fixture
def run(tmp_path):
    """A run at epoch 3, step 9: entries, frames, checkpoints, a GIF and events."""
    made = Run(tmp_path / "run")
    for folder in (made.samples, made.checkpoints):
        folder.mkdir(parents=True)
    for epoch in range(4):
        pixels = np.zeros((8, 8), np.uint8)
        grids.write_png(frames.path_of(made.samples, "epoch", epoch), pixels)
    for epoch in range(1, 4):
        metrics_log.append(made.metrics, {"epoch": epoch, "step": 3 * epoch})
    for name in ("step_00000003", "best_00000006", "latest_00000007", "step_00000009"):
        (made.checkpoints / name).mkdir()
    (made.folder / "events.out.tfevents.2").touch()
    made.gif.touch()
    return made


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def entry_steps(run):
    return [entry["step"] for entry in metrics_log.entries(run.metrics)]


@pytest.mark.parametrize(
    ("step", "entries", "numbers", "checkpoints"),
    [
        (6, [3, 6], [0, 1, 2], ["best_00000006", "step_00000003"]),
        # In between: the epoch that will end once more is not kept.
        (8, [3, 6], [0, 1, 2], ["best_00000006", "latest_00000007", "step_00000003"]),
        (0, [], [0], []),
    ],
)
def test_nothing_of_later_steps_stays(run, small, step, entries, numbers, checkpoints):
    rewind(run, Intervals.of(small("cgan", epochs=5), 3), step)
    assert entry_steps(run) == entries
    assert list(frames.paths(run.samples)) == numbers
    assert contents(run.checkpoints) == checkpoints
    assert contents(run.folder) == [
        *("checkpoints", "metrics.jsonl", "samples", "training.gif")
    ]


def test_leftovers_go_and_what_is_the_users_stays(run, small):
    """A name with .tmp in it is no sign of ours: only the mark is."""
    mark = "dcgan_tf-0123456789abcdef.tmp"
    folders = (run.folder, run.samples, run.checkpoints)
    for folder in folders:
        (folder / f".step_00000003.{mark}").mkdir()
        (folder / f".epoch_0001.{mark}.png").touch()
        (folder / "notes.tmp").mkdir()
        (folder / ".config.tmp.json").write_text("mine")
    rewind(run, Intervals.of(small("cgan", epochs=5), 3), 9)
    for folder in folders:
        assert not [name for name in contents(folder) if "dcgan_tf-" in name]
        assert {"notes.tmp", ".config.tmp.json"} <= {*contents(folder)}
    assert entry_steps(run) == [3, 6, 9]
