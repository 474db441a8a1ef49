"""Whether two runs are the same run, bit by bit."""

import json

import numpy as np
import tensorflow as tf

from dcgan_tf.reporting import frames


def checkpoint_values(prefix):
    """Every array in a TensorFlow checkpoint, by its key there."""
    reader = tf.train.load_checkpoint(prefix)
    names = reader.get_variable_to_shape_map()
    return {n: reader.get_tensor(n) for n in names if "OBJECT_GRAPH" not in n}


def log_entries(run):
    return [json.loads(line) for line in run.metrics.read_text().splitlines()]


def without_clock(run):
    clock = ("time", "seconds", "images_per_second")
    return [
        {k: v for k, v in entry.items() if k not in clock} for entry in log_entries(run)
    ]


def assert_same_values(one, other):
    """The newest checkpoints of two runs hold the same variables, bit by bit."""
    values, others = (
        checkpoint_values(run.newest_checkpoint().prefix) for run in (one, other)
    )
    assert values.keys() == others.keys()
    for name, value in values.items():
        assert np.array_equal(value, others[name]), name


def assert_same_run(one, other):
    """Every variable, log entry, witness and frame of two runs is equal, bit by bit."""
    saved = [run.newest_checkpoint() for run in (one, other)]
    assert (saved[0].step, saved[0].epoch) == (saved[1].step, saved[1].epoch)
    assert_same_values(one, other)
    assert without_clock(one) == without_clock(other)
    assert one.witnesses.read_bytes() == other.witnesses.read_bytes()
    files, other_files = (frames.paths(run.samples) for run in (one, other))
    assert list(files) == list(other_files)
    for epoch, path in files.items():
        assert path.read_bytes() == other_files[epoch].read_bytes(), epoch
