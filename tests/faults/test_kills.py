"""Runs that are killed by SIGKILL, at random moments, and started again."""

import random

import pytest
from processes import finish, kill_after, start
from same_runs import assert_same_run

from dcgan_tf import runs

# Saved every second or so besides, so that kills meet saves, too.
OFTEN = ("--dataset=digits", "--batch_size=100", "--checkpoint_minutes=0.01")
RUNS = {
    "dcgan": (
        *("--mode=dcgan", "--precision=bfloat16"),
        *("--epochs=2", "--checkpoint_every=1"),
    ),
    "cgan": ("--mode=cgan", "--epochs=9", "--checkpoint_every=1"),
    "acgan": (
        *("--mode=acgan", "--precision=float32"),
        *("--epochs=2", "--checkpoint_every=1"),
    ),
    "acgan batchnorm, alternating": (
        *("--mode=acgan", "--precision=float32"),
        *("--architecture=batchnorm", "--schedule=alternating"),
        *("--discriminator_update=separate", "--steps=30"),
        *("--sample_every_steps=7", "--checkpoint_every_steps=9"),
    ),
}
LIFETIMES = 6.0  # seconds of training, at most, before a kill
FEW, MANY = 2, 50  # kills of each run


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(
    "kills", [FEW, pytest.param(MANY, marks=pytest.mark.long)], ids=["few", "many"]
)
def test_a_killed_run_ends_as_one_that_was_never_killed(tmp_path, name, kills, capsys):
    flags = (*RUNS[name], *OFTEN)
    status, _, err = finish(tmp_path, *flags, "--run_dir=straight")
    assert (status, err) == (0, "")
    lifetimes = random.Random(name)
    done = attempts = 0
    while done < kills:
        folder = f"killed_{attempts}"
        # Until it is complete; then another run of the same is begun.
        while done < kills:
            process = start(tmp_path, *flags, f"--run_dir={folder}")
            if not kill_after(process, lifetimes.uniform(0.0, LIFETIMES)):
                assert process.returncode == 0
                break
            done += 1
        status, _, err = finish(tmp_path, *flags, f"--run_dir={folder}")
        assert (status, err) == (0, "")
        assert_same_run(runs.Run(tmp_path / "straight"), runs.Run(tmp_path / folder))
        attempts += 1
    with capsys.disabled():
        print(f"{name}: {done} kills in {attempts} runs: the same bits")
