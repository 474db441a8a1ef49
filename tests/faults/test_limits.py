"""Disks that are full or refuse, two processes on one run, and runs that go on for long."""

import os
import pathlib
import signal
import subprocess

import pytest
from processes import Started, finish
from toys import go

from dcgan_tf.cli import launch
from dcgan_tf.reporting import frames
from dcgan_tf.runs.folder import Run

CGAN = ("--mode=cgan", "--architecture=maxout", "--dataset=digits")  # quick epochs
TINY = (*CGAN, "--batch_size=500", "--checkpoint_every=1")


def leftovers(folder):
    return [path for path in folder.rglob("*") if ".tmp" in path.name]


def refusal(folder, *flags, **options):
    """The status of a command that fails, and its one line."""
    status, _, err = finish(folder, *flags, **options)
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return status, err


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 80 MB: room for two checkpoints of 33, not for three."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", folder], capture_output=True
    )
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


ON_DISK = (*TINY, "--run_dir=disk/run")


def test_a_disk_that_is_full_keeps_the_last_checkpoint(tmp_path, small_disk):
    """It fills while the run trains; has no room from the start; cannot be written."""
    status, err = refusal(tmp_path, *ON_DISK, "--epochs=3")
    assert status == 1
    assert "step_00000009 could not be saved" in err
    assert "33 MB" in err
    saved = Run(small_disk / "run").newest_checkpoint()
    assert saved.epoch == 2
    assert not leftovers(small_disk)
    status, err = refusal(tmp_path, *ON_DISK, "--epochs=3")
    assert status == 1
    assert "it needs 33 MB" in err
    assert Run(small_disk / "run").newest_checkpoint() == saved
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    status, err = refusal(tmp_path, *ON_DISK, "--epochs=3")
    assert status == 2
    assert "--run_dir=disk/run" in err
    assert Run(small_disk / "run").newest_checkpoint() == saved
    subprocess.run(["mount", "-o", "remount,rw,size=200m", small_disk], check=True)
    assert finish(tmp_path, *ON_DISK, "--epochs=3")[0] == 0


def test_two_processes_on_one_run(tmp_path):
    """The second is refused while a third generates; killed, the first leaves no lock."""
    flags = (*CGAN, "--run_dir=run")
    with Started(tmp_path, *flags, "--epochs=1000", "--checkpoint_every=1") as first:
        assert first.says("epoch 2/")  # by then the first checkpoint is there
        status, err = refusal(tmp_path, *flags)
        assert status == 2
        assert "another process trains this run" in err
        from dcgan_tf.runs import trained

        assert trained.load(tmp_path / "run").sample([1, 2]).shape == (2, 28, 28, 1)
    epochs = Run(tmp_path / "run").newest_checkpoint().epoch
    assert finish(tmp_path, *flags, f"--epochs={epochs + 1}")[0] == 0


@pytest.mark.parametrize(
    "given",
    [
        *(["--mode=dcgan"], ["--mode=cgan"], ["--mode=acgan"]),
        ["--mode=acgan", "--architecture=keras_2018", "--update_rule=alternating"],
    ],
)
def test_every_mode_trains_with_deterministic_operations(tmp_path, given):
    """Catches an operation that TensorFlow has in no deterministic form."""
    tiny = ("--dataset=digits", "--batch_size=50", "--steps=3", "--run_dir=run")
    status, _, err = finish(tmp_path, *given, *tiny, "--deterministic")
    assert (status, err) == (0, "")
    assert Run(tmp_path / "run").read_config().deterministic


def test_a_second_signal_ends_a_run_at_once(tmp_path):
    """Both wait while the process stands still, so that no save lies between them.

    Which of the two comes second is for the kernel to say.
    """
    with Started(tmp_path, *CGAN, "--epochs=1000", "--run_dir=run") as process:
        assert process.says("epoch 1/")
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(number)
        status, out, _ = process.finish()
    assert status in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert "saved" not in out


def resident():
    """Bytes of memory that this process holds."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a /proc")
@pytest.mark.parametrize("epochs", [100, pytest.param(2000, marks=pytest.mark.long)])
def test_memory_and_files_do_not_grow(tmp_path, small, few, monkeypatch, epochs):
    """With a save each second besides; from a quarter of the run on."""
    measured = {}
    write_entry = launch.RunLogger.write_entry

    def measuring(self, entry):
        measured[entry["step"]] = resident()
        write_entry(self, entry)

    monkeypatch.setattr(launch.RunLogger, "write_entry", measuring)
    options = {"batch_size": 48, "keep_frames": 20, "checkpoint_minutes": 0.02}
    config = small("cgan", architecture="maxout", epochs=epochs, **options)
    run, _ = go(tmp_path / "run", config, few)
    warm, end = measured[epochs // 4], measured[epochs]
    print(f"{warm / 1e6:.0f} MB after {epochs // 4} epochs, {end / 1e6:.0f} after {epochs}")
    assert end <= 1.03 * warm
    assert len(frames.paths(run.samples)) <= 20
    assert len(list(run.checkpoints.iterdir())) <= 4
