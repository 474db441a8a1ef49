import json
import os
import socket
import subprocess
import sys

import pytest

from dcgan_tf.support import cluster, errors
from dcgan_tf.support.cluster import Cluster

JOBS = {"worker": ["a:1", "b:2", "c:3"]}


def config(jobs=None, kind="worker", index=1, **more):
    task = {"type": kind, "index": index, **more}
    return json.dumps({"cluster": JOBS if jobs is None else jobs, "task": task})


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    return lambda text: monkeypatch.setenv("TF_CONFIG", text)


def test_the_workers_are_those_of_tf_config(environment):
    environment(config())
    found = cluster.of_environment()
    assert found == Cluster(("a:1", "b:2", "c:3"), 1)
    assert not found.is_chief


def test_a_chief_is_the_first_worker(environment):
    environment(config({"chief": ["a:1"], "worker": ["b:2"]}, kind="chief", index=0))
    assert cluster.of_environment() == Cluster(("a:1", "b:2"), 0)
    environment(config({"chief": ["a:1"], "worker": ["b:2"]}, index=0))
    assert cluster.of_environment() == Cluster(("a:1", "b:2"), 1)


@pytest.mark.parametrize("text", ["", config({"worker": ["a:1"]}, index=0)])
def test_one_process_is_no_cluster(environment, text):
    environment(text)
    assert cluster.of_environment() is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {}}',
        config(index=3),
        config(index=-1),
        config(index="x"),
        config(kind="ps"),
        config({**JOBS, "ps": ["d:4"]}),
        config({"worker": ["a:1", "a:1"]}),
        config({"worker": ["a", "b:2"]}),
        config({"worker": ["a:1", "b:99999"]}),
        config({"worker": "a:1"}),
    ],
)
def test_a_tf_config_that_says_nothing_of_the_kind_is_refused(environment, text):
    environment(text)
    with pytest.raises(errors.UsageError, match=r"^TF_CONFIG=.*: must list the workers"):
        cluster.of_environment()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "2 node7:8888 node7:8889 node8:8888"),
        ({"CUDA_VISIBLE_DEVICES": "0"}, "2 node7:8888 node7:8889 node8:8888"),
        ({"SLURMD_NODENAME": "node8"}, "2 node7:8888 node7:8889 node8:8888"),
        ({"SLURMD_NODENAME": "node9"}, "TensorFlow takes this node, node9, for node8"),
        ({"TF_CONFIG": ""}, "None"),
    ],
)
def test_a_slurm_step_is_looked_up_by_tensorflow(more, told):
    """In a process of its own: TensorFlow is told of it by an environment variable."""
    code = (
        "from dcgan_tf.support import cluster; found = cluster.of_environment(); "
        "print(found.index, *found.workers) if found else print(found)"
    )
    slurm = {
        "SLURM_PROCID": "2",
        "SLURM_STEP_NUM_TASKS": "3",
        "SLURM_STEP_NODELIST": "node[7-8]",
        "SLURM_STEP_TASKS_PER_NODE": "2,1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **slurm, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout + done.stderr
    assert (done.returncode == 0) == (told in done.stdout)


def test_silent_workers_are_those_that_no_process_listens_for():
    with socket.create_server(("localhost", 0)) as server, socket.socket() as closed:
        closed.bind(("localhost", 0))
        ports = (server.getsockname()[1], closed.getsockname()[1])
        workers = ("localhost:1", *(f"localhost:{port}" for port in ports))
        found = Cluster(workers, 0)
        assert found.silent() == [2]
        assert found.lost().startswith(f"worker 2 ({workers[2]}): ended, ")


def test_a_worker_that_is_there_but_frozen_is_named_by_tensorflow():
    with (
        socket.create_server(("localhost", 0)) as one,
        socket.create_server(("localhost", 0)) as other,
    ):
        ports = (server.getsockname()[1] for server in (one, other))
        found = Cluster(("localhost:1", *(f"localhost:{port}" for port in ports)), 0)
        message = "Heartbeat timeout: /job:worker/replica:0/task:2"
        assert found.lost(message).startswith(f"{found.name(2)}: ended, ")
        assert found.lost("?").startswith(f"{found.name(1)} or {found.name(2)}: ended, ")


def test_a_host_that_nobody_knows_is_missing_at_the_start(monkeypatch):
    monkeypatch.setattr(cluster, "START_SECONDS", 0.0)
    with socket.create_server(("localhost", 0)) as there:
        port = there.getsockname()[1]
    found = Cluster((f"localhost:{port}", "nowhere.invalid:2222"), 0)
    with pytest.raises(errors.RunError, match=r"^worker 1 \(nowhere.invalid:2222\): not r"):
        found.wait_for_all()


def test_a_port_in_use_is_told():
    with socket.create_server(("", 0)) as used:
        found = Cluster((f"localhost:{used.getsockname()[1]}", "localhost:1"), 0)
        with pytest.raises(errors.RunError, match=r"^worker 0 .*port cannot be opened"):
            found.wait_for_all()
