"""metrics.jsonl after kills, a folder brought to a step, and events for TensorBoard."""

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import frames, grids, log
from dcgan_tf.runs.folder import Run


def test_entries_beyond_a_step_and_damaged_lines_are_cut(tmp_path, capsys):
    """A resume would write them once more, and append to half a line."""
    path = tmp_path / "metrics.jsonl"
    log.cut(path, 5)
    assert path.read_text() == ""
    for step in range(1, 6):
        log.append(path, {"step": step, "generator/loss": 1 / 3})
    first_three = path.read_bytes().splitlines(keepends=True)[:3]
    damage = [
        *(b"\xff\xfe", b"\0" * 9, b"", b"7", b'{"epoch": 1}', b'{"step": "1"}'),
        *(b'{"step": 3, "note": "text"}', b'{"step": 3, "gener\xff'),
    ]
    with path.open("ab") as file:
        file.write(b"\n".join(damage))
    assert [entry["step"] for entry in log.entries(path)] == [1, 2, 3, 4, 5]
    for warning in (f"warning: {path}: damaged lines removed: {len(damage)}\n", ""):
        log.cut(path, 3)
        assert capsys.readouterr().err == warning
        assert path.read_bytes() == b"".join(first_three)


@pytest.mark.parametrize(
    ("step", "entries", "numbers", "checkpoints"),
    [
        (6, [3, 6], [0, 1, 2], {"best_00000006", "step_00000003"}),
        # In between: the epoch that will end once more is not kept.
        (8, [3, 6], [0, 1, 2], {"best_00000006", "latest_00000007", "step_00000003"}),
        (0, [], [0], set()),
    ],
)
def test_nothing_of_later_steps_stays(tmp_path, small, step, entries, numbers, checkpoints):
    """Nor what a kill left; what is a user's stays, though its name has .tmp in it."""
    run = Run(tmp_path / "run")
    folders = (run.folder, run.samples, run.checkpoints)
    mark = "dcgan_tf-0123456789abcdef.tmp"
    for folder in folders:
        folder.mkdir()
        (folder / f".step_00000003.{mark}").mkdir()
        (folder / f".epoch_0001.{mark}.png").touch()
        (folder / "notes.tmp").mkdir()
        (folder / ".config.tmp.json").write_text("mine")
    for epoch in range(4):
        pixels = np.zeros((8, 8), np.uint8)
        grids.write_png(frames.path_of(run.samples, "epoch", epoch), pixels)
        if epoch:
            log.append(run.metrics, {"epoch": epoch, "step": 3 * epoch})
    for name in ("step_00000003", "best_00000006", "latest_00000007", "step_00000009"):
        (run.checkpoints / name).mkdir()
    (run.folder / "events.out.tfevents.2").touch()
    for witness in (3, 5, 8, 14):
        log.append(run.witnesses, {"step": witness, "sha256": "0f"})
    log.rewind(run, Intervals.of(small("cgan", epochs=5), 3), step)
    kept = [witness["step"] for witness in log.entries(run.witnesses, str)]
    assert kept == [witness for witness in (3, 5, 8, 14) if witness <= step]
    assert [entry["step"] for entry in log.entries(run.metrics)] == entries
    assert list(frames.paths(run.samples)) == numbers
    users = {"notes.tmp", ".config.tmp.json"}
    left = [{path.name for path in folder.iterdir()} - users for folder in folders]
    names = {path.name for path in frames.paths(run.samples).values()}
    files = ("metrics.jsonl", "witnesses.jsonl")
    assert left == [{"checkpoints", *files, "samples"}, names, checkpoints]
    assert all(users <= {path.name for path in folder.iterdir()} for folder in folders)


@pytest.fixture
def new_logger(tmp_path, small):
    """Makes the logger of a run that goes on from a step; three steps are an epoch."""

    def make(step=0, layout=None):
        run = Run(tmp_path / "run")
        run.folder.mkdir(exist_ok=True)
        intervals = Intervals.of(small("cgan", epochs=9), 3)
        log.rewind(run, intervals, step)
        return log.RunLogger(run, intervals, 100, layout or grids.Layout(8, 8, 1))

    return make


@pytest.mark.parametrize("colour", [(), (3,)])
def test_the_scalars_and_the_grid_can_be_read_again(tmp_path, new_logger, colour):
    """With the numbers of epochs, and the times of the entries."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 20, *colour), np.uint8)
    layout = grids.Layout(10, 10, 2, ("cat", "dog"))
    logger = new_logger(layout=layout)
    logger.write_frame(21, pixels)
    entry = {"epoch": 7, "step": 21, "time": 1234.5, "generator/loss": 0.25}
    logger.write_entry({**entry, "generator/class": 1.0, "seconds": 3e4})
    entry = {"epoch": 8, "step": 24, "time": 1235, "generator/loss": -1.5}
    logger.write_entry({**entry, "test/generator/loss": 2.0})
    shown = EventMultiplexer({"run": str(tmp_path / "run")}, {"tensors": 0}).Reload()
    read = {
        tag: [
            (record.step, tf.make_ndarray(record.tensor_proto), record.wall_time)
            for record in shown.Tensors("run", tag)
        ]
        for tag in shown.GetAccumulator("run").Tags()["tensors"]
    }
    ((step, (*_, png), time),) = read.pop("samples")
    assert (step, time) == (7, 1234.5)
    image = tf.io.decode_png(png).numpy().squeeze()
    assert np.array_equal(image, grids.legible(pixels, layout))
    # TensorBoard's order is that of the letters' codes: losses come first.
    assert sorted(read.items()) == [
        ("Loss/generator", [(7, 0.25, 1234.5), (8, -1.5, 1235.0)]),
        ("Loss/test/generator", [(8, 2.0, 1235.0)]),
        ("generator/class", [(7, 1.0, 1234.5)]),
        ("seconds", [(7, 3e4, 1234.5)]),
    ]


def test_a_tensorboard_that_stays_open_sees_each_event_once(
    tmp_path, new_logger, monkeypatch
):
    """A resume writes what it keeps anew, into another file, and the old one goes."""
    shown = EventMultiplexer(tensor_size_guidance={"tensors": 0})
    for now, kept, added in ((1e9, [], [1, 2, 3, 4]), (1e9 + 1, [1, 2], [3, 5])):
        # A process that begins at `now`, which its file's name tells.
        monkeypatch.setattr(log.time, "time", lambda now=now: now)
        logger = new_logger(step=3 * len(kept))
        for number in added:
            logger.write_entry({"step": 3 * number, "seconds": 0.5})
        shown.AddRunsFromDirectory(str(tmp_path)).Reload()
        seen = [record.step for record in shown.Tensors("run", "seconds")]
        assert seen == kept + added
