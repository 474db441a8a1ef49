"""Runs that are killed by SIGKILL, at random moments, and started again."""

import random

import pytest
from processes import Started, finish
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
        *("--discriminator_update=separate", "--batch_size=50", "--steps=30"),
        *("--sample_every_steps=7", "--checkpoint_every_steps=9"),
    ),
}
FEW, MANY = (2, 2.0), (50, 4.0)  # kills of each run, and seconds of training before


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(
    ("kills", "longest"),
    [FEW, pytest.param(*MANY, marks=pytest.mark.long)],
    ids=["few", "many"],
)
def test_a_killed_run_ends_as_one_that_was_never_killed(tmp_path, name, kills, longest):
    flags = (*OFTEN, *RUNS[name])
    status, _, err = finish(tmp_path, *flags, "--run_dir=straight")
    assert (status, err) == (0, "")
    lifetimes = random.Random(name)
    done = attempts = 0
    while done < kills:
        folder = f"killed_{attempts}"
        # Until it is complete; then another run of the same is begun.
        while done < kills:
            process = Started(tmp_path, *flags, f"--run_dir={folder}")
            if not process.kill_after(lifetimes.uniform(0.0, longest)):
                break
            done += 1
        status, _, err = finish(tmp_path, *flags, f"--run_dir={folder}")
        assert (status, err) == (0, "")
        assert_same_run(runs.Run(tmp_path / "straight"), runs.Run(tmp_path / folder))
        attempts += 1
    print(f"{name}: {done} kills in {attempts} runs: the same bits")
