import json

import numpy as np
import tensorflow as tf

from dcgan_tf import history


def test_rows_beyond_an_epoch_and_torn_ones_are_cut(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for epoch in range(1, 6):
        history.append(path, {"epoch": epoch, "generator/loss": 1 / 3})
    with path.open("a") as file:
        file.write('{"epoch": 3, "gener\ufffd')
    history.cut(path, 3)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [{"epoch": epoch, "generator/loss": 1 / 3} for epoch in (1, 2, 3)]
    history.append(path, {"epoch": 4})
    assert json.loads(path.read_text().splitlines()[-1]) == {"epoch": 4}


def test_a_run_without_rows_needs_no_cut(tmp_path):
    history.cut(tmp_path / "metrics.jsonl", 0)
    assert not list(tmp_path.iterdir())


def test_events_hold_the_scalars_and_the_grid(tmp_path):
    """Read back record by record, as the viewer does."""
    pixels = np.arange(200, dtype=np.uint8).reshape(10, 20)
    history.Events(tmp_path).epoch({"epoch": 7, "step": 9, "generator/loss": 0.25}, pixels)
    (file,) = tmp_path.iterdir()
    values = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert event.step == 7
            values[value.tag] = value
    assert values.keys() == {"generator/loss", "samples"}
    assert values["generator/loss"].metadata.plugin_data.plugin_name == "scalars"
    assert tf.make_ndarray(values["generator/loss"].tensor) == 0.25
    assert values["samples"].metadata.plugin_data.plugin_name == "images"
    width, height, png = tf.make_ndarray(values["samples"].tensor)
    assert (width, height) == (b"20", b"10")
    assert np.array_equal(tf.io.decode_png(png)[..., 0], pixels)
