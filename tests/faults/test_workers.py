"""Two worker processes train one run; one is killed, frozen, stopped or not alike."""

import errno
import functools
import os
import signal

import pytest
from processes import Started, nothing
from same_runs import assert_same_run
from same_steps import free_ports, tf_config

from dcgan_tf.runs.folder import Run

RUN = (
    *("--mode=acgan", "--dataset=digits", "--precision=float32", "--batch_size=50"),
    *("--epochs=1", "--checkpoint_minutes=0.01", "--run_dir=run"),
)
SOON = 60  # seconds within which whoever is left must have ended


def as_worker(config, also):
    os.environ["TF_CONFIG"] = config
    also()


def refuse_checkpoints():
    """Its disk is full."""
    from dcgan_tf.runs import checkpoint

    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    checkpoint.save = refuse


def hear_a_signal_early():
    """Before the first step."""
    from dcgan_tf.cli import launch

    load = launch.load

    def load_and_hear(*args):
        signal.raise_signal(signal.SIGTERM)
        return load(*args)

    launch.load = load_and_hear


def wait_a_second():
    from dcgan_tf.training import devices

    devices.START_SECONDS = 1


def start(folder, flags=RUN, others=(), befores=(nothing, nothing)):
    """The chief, and the other worker with `others` as well; each does its `before`."""
    ports = free_ports(2)
    tasks = [tf_config(index, ports) for index in range(len(befores))]
    befores = map(functools.partial, [as_worker] * 2, tasks, befores)
    return [
        Started(folder, *flags, *(others if index else ()), before=before)
        for index, before in enumerate(befores)
    ]


def finish(processes):
    with processes[0], processes[-1]:
        return [process.finish() for process in processes]


def assert_restarted_they_end_as(straight, folder):
    assert [status for status, _, _ in finish(start(folder))] == [0, 0]
    assert_same_run(straight, Run(folder / "run"))


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight")
    (status, said, err), (other, silent, other_err) = finish(start(folder))
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
    processes = start(tmp_path)
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
    assert_restarted_they_end_as(straight, tmp_path)


@pytest.mark.parametrize("victim", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_signal_to_one_worker_saves_and_stops_all(tmp_path, straight, victim):
    """However early it comes: TensorFlow of several workers would swallow a SIGTERM."""
    early = hear_a_signal_early if victim else nothing
    processes = start(tmp_path, befores=(nothing, early))
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
    assert_restarted_they_end_as(straight, tmp_path)


def test_workers_with_other_flags_are_refused(tmp_path):
    """Another size of latents makes other variables, at which a collective would hang."""
    ends = finish(start(tmp_path, others=["--latent_dim=33"]))
    for status, _, err in ends:
        assert status == 2
        assert "--latent_dim: not the same in all workers; " in err
    assert not (tmp_path / "run").exists()


def test_a_last_save_that_fails_fails_in_all_workers(tmp_path):
    """Or a script would take the run for complete."""
    flags, befores = (*RUN, "--checkpoint_minutes=5"), (refuse_checkpoints, nothing)
    ends = finish(start(tmp_path, flags, befores=befores))
    assert [status for status, _, _ in ends] == [1, 1]
    assert "could not be saved" in ends[0][2]
    assert "worker 0 (localhost:" in ends[1][2]


def test_a_worker_that_waits_in_vain_ends(tmp_path):
    """TensorFlow would wait without end, deaf to signals."""
    ((status, _, err),) = finish(start(tmp_path, befores=[wait_a_second]))
    assert status == 1
    assert err.startswith("error: worker 1 (localhost:")
    assert "not ready within 1 s" in err
    assert not (tmp_path / "run").exists()
