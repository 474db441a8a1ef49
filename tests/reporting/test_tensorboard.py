"""Events, read as TensorBoard reads them."""

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from dcgan_tf.reporting import grids, tensorboard
from dcgan_tf.reporting.tensorboard import Events

ONE = grids.Layout(8, 8, 1)


def read(folder):
    """The events of a folder, by tag: (step, value or pixels, time) of each."""
    run = EventMultiplexer({str(folder): str(folder)}, {"tensors": 0}).Reload()
    run = run.GetAccumulator(str(folder))
    found = {}
    for tag in run.Tags()["tensors"]:
        records = run.Tensors(tag)
        values = [tf.make_ndarray(record.tensor_proto) for record in records]
        if tag == "samples":
            values = [tf.io.decode_png(png).numpy() for _, _, png in values]
        found[tag] = [
            (r.step, v, r.wall_time) for r, v in zip(records, values, strict=True)
        ]
    return found


@pytest.mark.parametrize("colour", [(), (3,)])
def test_the_scalars_and_the_grid_can_be_read_again(tmp_path, colour):
    """With the numbers of epochs, and the times of the entries."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 20, *colour), np.uint8)
    layout = grids.Layout(10, 10, 2, ("cat", "dog"))
    events = Events(tmp_path, layout)
    entry = {"epoch": 7, "step": 9, "time": 1234.5, "generator/loss": 0.25}
    events.add({**entry, "generator/class": 1.0, "seconds": 3e4}, 7, pixels)
    entry = {"epoch": 8, "step": 12, "time": 1235, "generator/loss": -1.5}
    events.add({**entry, "test/generator/loss": 2.0}, 8, None)
    found = read(tmp_path)
    ((step, shown, at),) = found.pop("samples")
    assert (step, at) == (7, 1234.5)
    assert np.array_equal(shown.squeeze(), grids.legible(pixels, layout))
    # TensorBoard's order is that of the letters' codes: losses come first.
    assert sorted(found.items()) == [
        ("Loss/generator", [(7, 0.25, 1234.5), (8, -1.5, 1235.0)]),
        ("Loss/test/generator", [(8, 2.0, 1235.0)]),
        ("generator/class", [(7, 1.0, 1234.5)]),
        ("seconds", [(7, 3e4, 1234.5)]),
    ]


def test_a_tensorboard_that_stays_open_sees_each_event_once(tmp_path, monkeypatch):
    """A resume writes what it keeps anew, into another file, and the old one goes."""
    folder = tmp_path / "run"
    folder.mkdir()
    shown = EventMultiplexer(tensor_size_guidance={"tensors": 0})

    def steps():
        shown.AddRunsFromDirectory(str(tmp_path)).Reload()
        return [record.step for record in shown.Tensors("run", "seconds")]

    def write(now, *numbers):
        """As a process does that begins at `now`, which its file's name tells."""
        monkeypatch.setattr(tensorboard.time, "time", lambda: now)
        events = Events(folder, ONE)
        for number in numbers:
            events.add({"step": number, "seconds": 0.5}, number, None)
        return events

    write(1e9, 1, 2, 3, 4)
    assert steps() == [1, 2, 3, 4]
    for path in folder.iterdir():
        path.unlink()
    resumed = write(1e9 + 1, 1, 2)
    assert steps() == [1, 2]
    for number in (3, 5):
        resumed.add({"step": number, "seconds": 0.5}, number, None)
    assert steps() == [1, 2, 3, 5]
