"""Several devices train the run of one: the same steps, up to rounding.

In float64.  In float32 rounding alone makes other weights after a few steps, as another
number of threads does, so there the losses of the first step are compared.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
import same_steps
from comparing import computing_in
from conftest import TWO_DEVICES

import dcgan_tf
from dcgan_tf.support import errors
from dcgan_tf.training import strategy

REPOSITORY = pathlib.Path(dcgan_tf.__file__).parents[1]
IN_DEVICES = (  # every update rule, BatchNorm, dropout, R1, an embedding, pairs
    "acgan compact, paired",
    "acgan compact, lazy",
    "acgan compact, relativistic",
    "cgan compact, alternating, mixed",
    "dcgan compact, alternating, separate",
    "dcgan_tutorial, alternating, separate",
)
IN_WORKERS = (  # BatchNorm, dropout, an embedding and intervals, by both update rules
    "acgan compact, lazy",
    "acgan_keras_gan, alternating, mixed",
)


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
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = {"cluster": {"worker": workers}, "task": task}
        paths = (REPOSITORY, REPOSITORY / "tests")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "TF_CONFIG": json.dumps(config),
        }
        command = [sys.executable, same_steps.__file__, str(tmp_path / "two.npz"), case]
        processes.append(subprocess.Popen(command, env=environment))
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


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("localhost", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.mark.parametrize("case", [c for c in same_steps.CASES if "compact" in c])
def test_in_float32_the_first_losses_agree(case):
    one = same_steps.trained(case, steps=1, dtype="float32")
    two = same_steps.trained(case, TWO_DEVICES, steps=1, dtype="float32")
    for name, total in one.term_sums.items():
        if "accuracy" not in name:
            assert np.isclose(total, two.term_sums[name], rtol=1e-6, atol=1e-6), name


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


def test_devices_that_do_not_divide_the_batch_are_refused():
    strategy.check_batch_size(TWO_DEVICES, 64)
    with pytest.raises(errors.UsageError, match="65: 2 devices do not divide it; take 1"):
        strategy.check_batch_size(TWO_DEVICES, 65)
