"""Several devices train the run of one: the same steps, up to rounding.

In float64: in float32 rounding alone makes other weights after a few steps, as another
number of threads does.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
import same_steps
import tensorflow as tf
from comparing import computing_in
from conftest import TWO_DEVICES

import dcgan_tf
from dcgan_tf.support import errors
from dcgan_tf.training import devices
from dcgan_tf.training.devices import Workers

REPOSITORY = pathlib.Path(dcgan_tf.__file__).parents[1]
IN_DEVICES = (  # both update rules, BatchNorm, dropout, R1, pairs, intervals
    "acgan compact2, lazy",
    "acgan compact2, relativistic",
    "dcgan_tutorial, alternating, separate",
)
IN_WORKERS = ("acgan_keras_gan, alternating, mixed",)  # BatchNorm, dropout, an embedding


@pytest.mark.parametrize(
    "case",
    [
        case if case in IN_DEVICES else pytest.param(case, marks=pytest.mark.long)
        for case in same_steps.CASES
    ],
)
def test_two_devices_take_the_steps_of_one(case, record_property):
    with computing_in("float64"):
        one = same_steps.trained(case)
        two = same_steps.trained(case, TWO_DEVICES)
    difference = same_steps.largest_difference(*map(same_steps.values, (one, two)))
    record_property("largest_difference", float(difference))
    assert difference < 1e-9
    for name, total in one.term_sums.items():  # which are float32
        assert np.isclose(total, two.term_sums[name], rtol=1e-5, atol=1e-5), name


@pytest.mark.parametrize(
    "case",
    [
        case if case in IN_WORKERS else pytest.param(case, marks=pytest.mark.long)
        for case in same_steps.CASES
    ],
)
def test_two_workers_take_the_steps_of_one(case, tmp_path, record_property):
    ports, processes = same_steps.free_ports(2), []
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    for index in range(2):
        own = {"PYTHONPATH": paths, "TF_CONFIG": same_steps.tf_config(index, ports)}
        command = [sys.executable, same_steps.__file__, str(tmp_path / "two.npz"), case]
        processes.append(subprocess.Popen(command, env={**os.environ, **own}))
    try:
        assert [process.wait(300) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    with np.load(tmp_path / "two.npz") as saved:
        two = [saved[name] for name in saved.files]
    with computing_in("float64"):
        one = same_steps.values(same_steps.trained(case))
    difference = same_steps.largest_difference(one, two)
    record_property("largest_difference", float(difference))
    assert difference < 1e-9


@pytest.mark.parametrize("begins", [None, TWO_DEVICES], ids=["one", "two"])
def test_a_run_goes_on_with_another_number_of_devices(tmp_path, begins):
    case = "acgan_keras_gan, alternating, separate"  # dropout, and moving averages
    other = TWO_DEVICES if begins is None else None
    prefix = str(tmp_path / "state")
    with computing_in("float64"):
        straight = same_steps.values(same_steps.trained(case))
        same_steps.trained(case, begins, steps=2).checkpoint().write(prefix)
        rest = same_steps.trained(case, other, steps=3, restored=prefix)
    assert int(rest.step) == 5
    assert same_steps.largest_difference(straight, same_steps.values(rest)) < 1e-9


SLURM = {
    "SLURM_PROCID": "2",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "node[7-8]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
}


@pytest.fixture
def environment(monkeypatch):
    """Sets TF_CONFIG; no worker joins others."""
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    monkeypatch.setattr(devices, "make", lambda *_: None)
    monkeypatch.setattr(devices, "_wait_for_all", lambda addresses, index: None)
    monkeypatch.setattr(devices, "Workers", lambda _, addresses, index: (addresses, index))
    return lambda text: monkeypatch.setenv("TF_CONFIG", text)


def config(kind="worker", index=1, **jobs):
    task = {"type": kind, "index": index}
    return json.dumps({"cluster": jobs or {"worker": ["a:1", "b:2"]}, "task": task})


@pytest.mark.parametrize(
    ("text", "addresses", "index"),
    [
        (config(), ("a:1", "b:2"), 1),
        (config(chief=["a:1"], worker=["b:2"], index=0), ("a:1", "b:2"), 1),
        (config("chief", 0, chief=["a:1"], worker=["b:2"]), ("a:1", "b:2"), 0),
    ],
)
def test_the_workers_are_those_of_tf_config(environment, text, addresses, index):
    """The chief is the first worker, whatever its job is called."""
    environment(text)
    assert devices.join(None) == (addresses, index)


@pytest.mark.parametrize("text", ["{", "[]", config("ps"), config(index="x")])
def test_a_tf_config_that_does_not_say_who_this_is_is_refused(environment, text):
    environment(text)
    with pytest.raises(errors.UsageError, match=r"^TF_CONFIG=.*it must list the workers"):
        devices.join(None)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"cluster": {}}', '{"cluster": {"worker": []}}']
)
def test_a_tf_config_without_workers_is_no_cluster(environment, monkeypatch, text):
    """Catches a refusal where a service sets an empty one; under Slurm it means alone."""
    environment(text)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "2")
    monkeypatch.setattr(devices, "Workers", lambda strategy: "alone")
    assert devices.join(None) == "alone"


def test_a_slurm_step_names_slurm_and_the_way_out_at_once(environment, monkeypatch, capsys):
    """Catches two minutes of silence in an interactive shell of two tasks."""
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "2")
    with pytest.raises(errors.UsageError, match=r"^Slurm: .*; TF_CONFIG= in"):
        devices.join(None)
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    devices.join(None)
    line = capsys.readouterr().out
    assert line.startswith("worker 2 (node8:8888): waits up to")
    assert "for the 3 tasks of this Slurm step; TF_CONFIG= in the environment" in line


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "2 ['node7:8888', 'node7:8889', 'node8:8888']"),
        ({"SLURMD_NODENAME": "node9"}, "TensorFlow takes node9 for node8"),
    ],
)
def test_a_slurm_step_is_looked_up_by_tensorflow(monkeypatch, more, told):
    for name, value in {**SLURM, **more}.items():
        monkeypatch.setenv(name, value)
    try:
        resolver = devices._slurm_resolver(3)
        found = f"{resolver.task_id} {resolver.cluster_spec().as_dict()['worker']}"
    except ValueError as error:
        found = str(error)
    assert told in found


def test_a_lost_worker_is_named_as_tensorflow_names_it():
    workers = Workers(addresses=("a:1", "b:2", "c:3"), index=0)
    heartbeat = tf.errors.UnavailableError(None, None, "timeout: /job:worker/task:2")
    assert workers.lost(heartbeat).startswith("worker 2 (c:3): ended, ")
    unknown = tf.errors.UnavailableError(None, None, "Connection reset by peer")
    assert workers.lost(unknown).startswith("worker 1 (b:2) or worker 2 (c:3): ended, ")
    assert workers.lost(tf.errors.ResourceExhaustedError(None, None, "memory")) is None
    assert Workers().lost(heartbeat) is None


class Two(Workers):
    """Two workers, of whom the other sends the same values but for `other`."""

    other = types.MappingProxyType({})

    def gather(self, *values):
        row = [self.other.get(i, value) for i, value in enumerate(values)]
        return np.array([values, row], np.float64)


def test_workers_agree_on_any_signal_and_on_the_chief_s_clock():
    two = Two(addresses=("a:1", "b:2"))
    two.other = {0: signal.SIGTERM, 1: True, 2: 9.0}
    assert two.agree(None, False, 2.0) == (signal.SIGTERM, False, 2.0)
    assert Workers().agree(None, True, 2.0) == (None, True, 2.0)
