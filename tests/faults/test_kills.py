"""Runs that are killed by SIGKILL, at random moments, and started again."""

import os
import pathlib
import random
import subprocess
import sys

import pytest
from processes import LIMIT, Started, finish
from same_runs import assert_same_run

from dcgan_tf import main
from dcgan_tf.runs.folder import Run

# Saved every second or so besides, so that kills meet saves, too.
OFTEN = ("--dataset=digits", "--batch_size=100", "--checkpoint_minutes=0.01")
RUNS = {
    # These two in bfloat16, where the machine has it: elsewhere it takes minutes.
    "acgan compact": ("--mode=acgan", "--epochs=3"),
    "dcgan": (
        *("--mode=dcgan", "--architecture=tf_tutorial"),
        *("--epochs=2", "--checkpoint_every=1"),
    ),
    "cgan": (
        *("--mode=cgan", "--architecture=maxout"),
        *("--epochs=9", "--checkpoint_every=1"),
    ),
    "acgan": (
        *("--mode=acgan", "--architecture=keras_2018", "--precision=float32"),
        *("--batch_size=50", "--epochs=1"),
    ),
    "acgan keras_gan, alternating": (
        *("--mode=acgan", "--precision=float32"),
        *("--architecture=keras_gan", "--update_rule=alternating"),
        *("--discriminator_update=separate", "--batch_size=50", "--steps=30"),
        *("--log_every_steps=7", "--checkpoint_every_steps=9"),
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
    # With an import of its own, so that no order in memory is that of the killed ones.
    subprocess.run(
        [sys.executable, "-m", "dcgan_tf.main", *flags, "--run_dir=straight"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(main.__file__).parents[1])},
        check=True,
        timeout=LIMIT,
    )
    lifetimes = random.Random(name)
    done = attempts = 0
    while done < kills:
        folder = f"killed_{attempts}"
        # Until it is complete; then another run of the same is begun.
        while done < kills:
            with Started(tmp_path, *flags, f"--run_dir={folder}") as process:
                if not process.kill_after(lifetimes.uniform(0.0, longest)):
                    break
            done += 1
        status, _, err = finish(tmp_path, *flags, f"--run_dir={folder}")
        assert status == 0
        # A kill between the first entry and the first checkpoint leaves no more than that.
        assert not err or "has no checkpoint: it is trained from the start" in err
        assert_same_run(Run(tmp_path / "straight"), Run(tmp_path / folder))
        attempts += 1
    print(f"{name}: {done} kills in {attempts} runs: the same bits")
