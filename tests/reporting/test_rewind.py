import numpy as np
import pytest

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import images, metrics_log
from dcgan_tf.reporting.rewind import rewind
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files


@pytest.fixture
def run(tmp_path):
    """A run at epoch 3, step 9: entries, frames, checkpoints, a GIF and events."""
    made = Run(tmp_path / "run")
    for folder in (made.samples, made.checkpoints, made.folder / "events"):
        folder.mkdir(parents=True)
    for epoch in range(4):
        pixels = np.zeros((8, 8), np.uint8)
        images.write_png(images.frame_file(made.samples, "epoch", epoch), pixels)
    for epoch in range(1, 4):
        metrics_log.append(made.metrics, {"epoch": epoch, "step": 3 * epoch})
    for kind, step in (
        (manifest.REGULAR, 3),
        (manifest.BEST, 6),
        (manifest.BEST, 9),
        (manifest.LATEST, 7),
        (manifest.REGULAR, 9),
    ):
        (made.checkpoints / manifest.name(kind, step)).mkdir()
    (made.folder / "events" / "events.out.tfevents.1").touch()  # as earlier versions did
    (made.folder / "events.out.tfevents.2").touch()
    images.write_gif(made.gif, made.samples, images.Layout(8, 8, 1))
    return made


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def entry_steps(run):
    return [entry["step"] for entry in metrics_log.entries(run.metrics)]


@pytest.mark.parametrize(
    ("step", "entries", "frames", "checkpoints"),
    [
        (6, [3, 6], [0, 1, 2], ["best_00000006", "step_00000003"]),
        # In between: the epoch that will end once more is not kept.
        (8, [3, 6], [0, 1, 2], ["best_00000006", "latest_00000007", "step_00000003"]),
        (0, [], [0], []),
    ],
)
def test_nothing_of_later_steps_stays(
    run, small, capsys, step, entries, frames, checkpoints
):
    last = entries[-1] if entries else 0
    rewind(run, Intervals.of(small("cgan", epochs=5), 3), step, last_entry=last)
    assert capsys.readouterr().err == ""
    assert entry_steps(run) == entries
    assert list(images.frames(run.samples)) == frames
    assert contents(run.checkpoints) == checkpoints
    assert contents(run.folder) == [
        "checkpoints",
        "metrics.jsonl",
        "samples",
        "training.gif",
    ]


def test_in_steps_frames_are_numbered_by_steps(run, small):
    config = small("cgan", steps=20)
    for step in (200, 400):
        images.frame_file(run.samples, "step", step).touch()
    rewind(run, Intervals.of(config, 3), 200, last_entry=0)
    assert list(images.frames(run.samples)) == [0, 1, 2, 3, 200]


def test_a_new_folder_gets_its_parts(tmp_path, small):
    run = Run(tmp_path / "new")
    rewind(run, Intervals.of(small("cgan"), 3), 0, last_entry=0)
    assert contents(run.folder) == ["checkpoints", "metrics.jsonl", "samples"]
    assert run.metrics.read_text() == ""


def test_leftovers_go_and_what_is_the_users_stays(run, small):
    """A name with .tmp in it is no sign of ours: only the mark is."""
    mark = "dcgan_tf-0123456789abcdef.tmp"
    for folder in (run.folder, run.samples, run.checkpoints):
        (folder / f".step_00000003.{mark}").mkdir()
        (folder / f".step_00000003.{mark}" / "state.index").touch()
        (folder / f".epoch_0001.{mark}.png").touch()
        (folder / "notes.tmp").mkdir()
        (folder / "notes.tmp" / "thesis.tex").write_text("mine")
        (folder / ".config.tmp.json").write_text("mine")
    rewind(run, Intervals.of(small("cgan", epochs=5), 3), 9, last_entry=9)
    for folder in (run.folder, run.samples, run.checkpoints):
        assert not [name for name in contents(folder) if "dcgan_tf-" in name]
        assert (folder / "notes.tmp" / "thesis.tex").read_text() == "mine"
        assert (folder / ".config.tmp.json").read_text() == "mine"
    assert entry_steps(run) == [3, 6, 9]


def test_what_cannot_be_brought_to_a_step_stops_it(run, small, monkeypatch):
    """A disk that refuses is the caller's to tell; nothing is hidden."""

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(atomic_files, "sync", refuse)
    with pytest.raises(OSError, match="Read-only"):
        rewind(run, Intervals.of(small("cgan", epochs=5), 3), 6, last_entry=6)


def test_a_log_that_lacks_the_last_entry_is_told(run, small, capsys):
    run.metrics.unlink()
    rewind(run, Intervals.of(small("cgan", epochs=5), 3), 6, last_entry=6)
    assert "lacks the entry of step 6" in capsys.readouterr().err
