import json
import time

import imageio.v3 as iio
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from dcgan_tf.reporting import images, tensorboard
from dcgan_tf.reporting.tensorboard import Events
from dcgan_tf.runs.folder import Run


def read(folder):
    """A folder of event files, as TensorBoard reads it."""
    everything = {"tensors": 0}
    return EventAccumulator(str(folder), everything).Reload()


def scalars(found, tag):
    """(step, value) of each record of a scalar."""
    assert found.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    records = found.Tensors(tag)
    return [(r.step, float(tf.make_ndarray(r.tensor_proto))) for r in records]


def grids(found):
    """(step, pixels) of each record of the grid."""
    assert found.SummaryMetadata("samples").plugin_data.plugin_name == "images"
    decoded = []
    for record in found.Tensors("samples"):
        width, height, png = tf.make_ndarray(record.tensor_proto)
        pixels = tf.io.decode_png(png).numpy()
        assert pixels.shape[:2] == (int(height), int(width))
        decoded.append((record.step, pixels))
    return decoded


def test_the_scalars_and_the_grid_can_be_read_again(tmp_path):
    """The numbers of epochs, or steps, are those that they were added by."""
    pixels = np.arange(200, dtype=np.uint8).reshape(10, 20)
    layout = images.Layout(10, 10, 2)
    images.write_png(tmp_path / "frame.png", pixels)
    events = Events(tmp_path / "events", layout)
    entry = {"epoch": 7.0, "step": 9, "generator/loss": 0.25, "images_per_second": 3e4}
    events.add(entry, 7, tmp_path / "frame.png")
    images.write_png(tmp_path / "frame.png", 255 - pixels)
    events.add({"epoch": 8, "step": 12, "generator/loss": -1.5}, 8, tmp_path / "frame.png")
    found = read(tmp_path / "events")
    assert set(found.Tags()["tensors"]) == {
        "Loss/generator",
        "images_per_second",
        "samples",
    }
    assert scalars(found, "Loss/generator") == [(7, 0.25), (8, -1.5)]
    assert scalars(found, "images_per_second") == [(7, 3e4)]
    (first, first_grid), (second, second_grid) = grids(found)
    assert (first, second) == (7, 8)
    assert np.array_equal(first_grid[..., 0], images.legible(pixels, layout))
    assert np.array_equal(second_grid[..., 0], images.legible(255 - pixels, layout))


def test_a_grid_in_colour_has_its_titles(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (10, 20, 3), np.uint8)
    images.write_png(tmp_path / "frame.png", pixels)
    layout = images.Layout(10, 10, 2, ("cat", "dog"))
    Events(tmp_path / "events", layout).add({"step": 9}, 3, tmp_path / "frame.png")
    ((step, grid),) = grids(read(tmp_path / "events"))
    assert step == 3
    assert np.array_equal(grid, images.legible(pixels, layout))


OTHER_SIZE = iio.imwrite("<bytes>", np.zeros((9, 9), np.uint8), extension=".png")


@pytest.mark.parametrize("content", [None, b"", b"text", OTHER_SIZE])
def test_without_a_sound_frame_there_are_the_figures_alone(tmp_path, content):
    frame = tmp_path / "frame.png"
    if content is not None:
        frame.write_bytes(content)
    layout = images.Layout(8, 8, 1)
    Events(tmp_path / "events", layout).add({"step": 9, "generator/loss": 0.5}, 3, frame)
    found = read(tmp_path / "events")
    assert found.Tags()["tensors"] == ["Loss/generator"]
    assert scalars(found, "Loss/generator") == [(3, 0.5)]


def test_losses_come_first_in_the_order_of_tags(tmp_path):
    """TensorBoard's is that of the letters' codes."""
    others = ("discriminator/adversarial_real", "quality/recall", "seconds")
    lost = ("generator/loss", "discriminator/loss", "test/generator/loss")
    events = Events(tmp_path, images.Layout(8, 8, 1))
    events.add({"step": 1, **dict.fromkeys((*others, *lost), 1.0)}, 1, tmp_path / "none")
    tags = sorted(read(tmp_path).Tags()["tensors"])
    assert tags == [
        *("Loss/discriminator", "Loss/generator", "Loss/test/generator"),
        *others,
    ]


def test_an_entry_keeps_its_time(tmp_path):
    """That of an earlier version has none: now."""
    events = Events(tmp_path, images.Layout(8, 8, 1))
    before = time.time()
    events.add({"step": 1, "seconds": 1.0}, 1, tmp_path / "none")
    events.add({"step": 2, "seconds": 1.0, "time": 1234.5}, 2, tmp_path / "none")
    found = read(tmp_path)
    assert found.Tags()["tensors"] == ["seconds"]
    now, then = (record.wall_time for record in found.Tensors("seconds"))
    assert before <= now <= time.time()
    assert then == 1234.5


def test_what_a_metrics_log_may_hold_can_be_added(tmp_path):
    """The largest number, NaN, Inf, and names that are no names of TensorFlow's."""
    entry = {"step": 1, "large": 2**62, "a b: é!": 1, "nan": float("nan"), "true": True}
    entry |= json.loads('{"inf": -Infinity}')
    events = Events(tmp_path / "events", images.Layout(8, 8, 1))
    events.add(entry, 2**40, tmp_path / "none.png")
    found = read(tmp_path / "events")
    ((step, large),) = scalars(found, "large")
    assert (step, large) == (2**40, 2.0**62)
    assert scalars(found, "a b: é!") == [(2**40, 1.0)]
    assert scalars(found, "inf") == [(2**40, -np.inf)]
    assert np.isnan(scalars(found, "nan")[0][1])


def test_a_tensorboard_that_stays_open_sees_each_event_once(tmp_path):
    """A resume writes what it keeps anew, into another file, and the old one goes."""
    images.write_png(tmp_path / "frame.png", np.zeros((8, 8), np.uint8))
    shown = EventMultiplexer(tensor_size_guidance={"tensors": 0})

    def steps():
        shown.AddRunsFromDirectory(str(tmp_path)).Reload()
        return [
            [record.step for record in shown.Tensors("run", tag)]
            for tag in ("seconds", "samples")
        ]

    def write(now, *numbers):
        """As a process that begins at `now` does: the name of its file tells it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tensorboard.time, "time", lambda: now)
            events = Events(tmp_path / "run", images.Layout(8, 8, 1))
        for number in numbers:
            events.add({"step": number, "seconds": 0.5}, number, tmp_path / "frame.png")
        return events

    write(1e9, 1, 2, 3, 4)
    assert steps() == [[1, 2, 3, 4]] * 2
    for path in Run(tmp_path / "run").event_files():
        path.unlink()
    resumed = write(1e9 + 1, 1, 2)
    assert steps() == [[1, 2]] * 2
    for number in (3, 5):
        resumed.add({"step": number, "seconds": 0.5}, number, tmp_path / "frame.png")
    assert steps() == [[1, 2, 3, 5]] * 2
