"""Two worker processes train one run; one is killed, frozen, stopped or not alike."""

import errno
import json
import os
import signal
import socket

import pytest
from processes import Started
from same_runs import assert_same_run

from dcgan_tf.runs.folder import Run

RUN = (
    *("--mode=acgan", "--dataset=digits", "--precision=float32", "--batch_size=50"),
    *("--epochs=1", "--checkpoint_minutes=0.01", "--run_dir=run"),
)
SOON = 60  # seconds within which whoever is left must have ended


def free_ports():
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in (one, other)]


class Worker:
    """What makes a process one of two workers, before it begins."""

    def __init__(self, index, ports):
        workers = [f"localhost:{port}" for port in ports]
        task = {"type": "worker", "index": index}
        self.config = json.dumps({"cluster": {"worker": workers}, "task": task})

    def __call__(self):
        os.environ["TF_CONFIG"] = self.config


class Full(Worker):
    """One whose disk refuses checkpoints."""

    def __call__(self):
        super().__call__()
        from dcgan_tf.runs import checkpoint

        def refuse(*args, **kwargs):
            raise OSError(errno.ENOSPC, "No space left on device")

        checkpoint.save = refuse


def start(folder, flags, others=None):
    """The chief and the other worker, which may have flags of its own."""
    ports = free_ports()
    return [
        Started(folder, *(others or flags) if i else flags, before=Worker(i, ports))
        for i in range(2)
    ]


def finish(processes):
    with processes[0], processes[1]:
        return [process.finish() for process in processes]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight")
    (status, said, err), (other, silent, other_err) = finish(start(folder, RUN))
    assert (status, other, err, other_err) == (0, 0, "", "")
    assert "complete: 1 epoch;" in said
    assert len(silent.splitlines()) == 2  # that it waited, and that the chief prints
    return Run(folder / "run")


@pytest.mark.parametrize(
    ("sent", "victim"),
    [
        (signal.SIGKILL, 0),
        pytest.param(signal.SIGKILL, 1, marks=pytest.mark.long),
        (signal.SIGSTOP, 1),
        pytest.param(signal.SIGSTOP, 0, marks=pytest.mark.long),  # 40 s of waiting
    ],
)
def test_a_lost_worker_ends_the_other_and_costs_nothing(tmp_path, straight, victim, sent):
    processes = start(tmp_path, RUN)
    with processes[0], processes[1]:
        assert processes[0].says("first step done")
        processes[victim].send_signal(sent)
        assert processes[1 - victim].ends_within(SOON)
        status, _, err = processes[1 - victim].finish()
    assert status == 1
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert f"worker {victim} (localhost:" in lines[0]
    assert "start all workers again" in lines[0]
    assert [status for status, _, _ in finish(start(tmp_path, RUN))] == [0, 0]
    assert_same_run(straight, Run(tmp_path / "run"))


class Early(Worker):
    """One that is sent a signal before its first step."""

    def __call__(self):
        super().__call__()
        from dcgan_tf.cli import launch

        load = launch.load

        def load_and_hear(*args):
            signal.raise_signal(signal.SIGTERM)
            return load(*args)

        launch.load = load_and_hear


@pytest.mark.parametrize("victim", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_signal_to_one_worker_saves_and_stops_all(tmp_path, straight, victim):
    """However early it comes: TensorFlow of several workers would swallow a SIGTERM."""
    ports = free_ports()
    kinds = (Worker, Early) if victim else (Worker, Worker)
    befores = [kind(index, ports) for index, kind in enumerate(kinds)]
    processes = [Started(tmp_path, *RUN, before=before) for before in befores]
    with processes[0], processes[1]:
        if not victim:
            assert processes[0].says("first step done")
            processes[0].send_signal(signal.SIGTERM)
        ends = [process.finish() for process in processes]
    assert [status for status, _, _ in ends] == 2 * [128 + signal.SIGTERM]
    answers = ["", ""]
    doing = ("saving", "the chief is saving")[victim]
    answers[victim] = f"SIGTERM: {doing}; again to stop at once\n"
    assert [err for _, _, err in ends] == answers
    assert "SIGTERM: saved; the same command goes on from here" in ends[0][1]
    assert Run(tmp_path / "run").newest_checkpoint()
    assert [status for status, _, _ in finish(start(tmp_path, RUN))] == [0, 0]
    assert_same_run(straight, Run(tmp_path / "run"))


def test_workers_with_other_flags_are_refused(tmp_path):
    """Another size of latents makes other variables, at which a collective would hang."""
    ends = finish(start(tmp_path, RUN, (*RUN, "--latent_dim=33")))
    for status, _, err in ends:
        assert status == 2
        assert "--latent_dim: not the same in all workers; " in err
    assert not (tmp_path / "run").exists()


def test_a_last_save_that_fails_fails_in_all_workers(tmp_path):
    """Or a script would take the run for complete."""
    ports = free_ports()
    befores = Full(0, ports), Worker(1, ports)
    ends = finish(
        [
            Started(tmp_path, *RUN, "--checkpoint_minutes=5", before=before)
            for before in befores
        ]
    )
    assert [status for status, _, _ in ends] == [1, 1]
    assert "could not be saved" in ends[0][2]
    assert f"worker 0 (localhost:{ports[0]}): ended" in ends[1][2]


class Impatient(Worker):
    """One that waits a second for the others."""

    def __call__(self):
        super().__call__()
        from dcgan_tf.training import devices

        devices.START_SECONDS = 1


def test_a_worker_that_waits_in_vain_ends(tmp_path):
    """TensorFlow would wait without end, deaf to signals."""
    ports = free_ports()
    with Started(tmp_path, *RUN, before=Impatient(0, ports)) as alone:
        status, _, err = alone.finish()
    assert status == 1
    assert err.startswith(f"error: worker 1 (localhost:{ports[1]}): not ready within 1 s")
    assert not (tmp_path / "run").exists()
