"""Runs that are killed by SIGKILL and started again: at random moments, and at chosen ones.

The long form kills while a GIF is written, an evaluation computed and a checkpoint saved
as well, and prints for each run what was lost.  DCGAN_TF_KILLS in the environment is its
number of kills of each run:

    DCGAN_TF_KILLS=25 python -m pytest -m long -rP tests/faults/test_kills.py
"""

import collections
import functools
import itertools
import os
import pathlib
import random
import subprocess
import sys

import pytest
from processes import LIMIT, Started, finish
from same_runs import assert_same_run, log_entries

from dcgan_tf import main
from dcgan_tf.metrics.evaluator import Evaluator
from dcgan_tf.reporting import frames
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.folder import Run

# Saved every second or so besides, so that kills meet saves, too.
OFTEN = ("--dataset=digits", "--batch_size=100", "--checkpoint_minutes=0.01")
RUNS = {
    "acgan compact2": ("--mode=acgan", "--epochs=3"),
    # The other defaults and published networks, in the long form.
    "acgan keras_gan, alternating": (
        *("--mode=acgan", "--precision=float32"),
        *("--architecture=keras_gan", "--update_rule=separate"),
        *("--batch_size=50", "--steps=20"),
        *("--log_every_steps=7", "--checkpoint_every_steps=9"),
    ),
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
    "dcgan compact": ("--mode=dcgan", "--epochs=3", "--checkpoint_every=1"),
    "cgan compact2": ("--mode=cgan", "--epochs=3", "--checkpoint_every=1"),
    "acgan keras_2017": (
        *("--mode=acgan", "--architecture=keras_2017", "--precision=float32"),
        *("--batch_size=50", "--steps=20"),
        *("--log_every_steps=5", "--checkpoint_every_steps=10"),
    ),
}
KILLS = int(os.environ.get("DCGAN_TF_KILLS", "25"))  # of each run, in the long form

# What is killed, and within how many seconds of its beginning.
ANY = "training"
AIMS = {
    "GIF": (frames, "write_gif", 0.05),
    "evaluation": (Evaluator, "figures_of_run", 1.5),
    "save": (checkpoint, "save", 0.3),
}


def announce(aim):
    """Lets a process say a line each time when it begins what is aimed at."""
    if aim == ANY:
        return
    owner, name, _ = AIMS[aim]
    do = getattr(owner, name)

    def announced(*args, **kwargs):
        os.write(1, f"{aim} begins\n".encode())
        return do(*args, **kwargs)

    setattr(owner, name, announced)


def never_killed(folder, *flags):
    """With an import of its own, so that no order in memory is that of the killed ones."""
    package = pathlib.Path(main.__file__).parents[1]
    subprocess.run(
        [sys.executable, "-m", "dcgan_tf.main", *flags, "--run_dir=straight"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(package)},
        check=True,
        timeout=2 * LIMIT,
    )
    return Run(folder / "straight")


def kill(process, aim, lifetimes, longest):
    """Kills it at a moment of what is aimed at; False if it ended before."""
    if aim == ANY:
        return process.kill_after(lifetimes.uniform(0.0, longest))
    *_, seconds = AIMS[aim]
    times = lifetimes.choice([1, 1, 2])  # or a run would never come beyond its first save
    return process.kill_after(lifetimes.uniform(0.0, seconds), f"{aim} begins", times)


def assert_killed_runs_end_alike(tmp_path, flags, name, *, kills, aims, longest):
    """Kills runs of the flags, each until it is complete, and compares them."""
    straight = never_killed(tmp_path, *flags)
    lifetimes, aims = random.Random(name), itertools.cycle(aims)
    done, runs, again, torn = collections.Counter(), 0, 0, 0
    while done.total() < kills:
        run = Run(tmp_path / f"killed_{runs}")
        command = (*flags, f"--run_dir={run.folder.name}")
        saved = 0
        # Until it is complete; then another run of the same is begun.
        while done.total() < kills:
            aim = next(aims)
            before = functools.partial(announce, aim)
            with Started(tmp_path, *command, before=before) as process:
                if not kill(process, aim, lifetimes, longest):
                    break
            done[aim] += 1
            torn += any(run.folder.rglob(".*.dcgan_tf-*.tmp*"))
            found = Run(run.folder).newest_checkpoint(warn=False)
            step = found.step if found else 0
            assert step >= saved, f"a kill in {aim} cost the save of step {saved}"
            saved = step
            if run.metrics.exists():
                beyond = [entry for entry in whole_entries(run) if entry["step"] > step]
                again = max(again, len(beyond))
        status, _, err = finish(tmp_path, *command)
        assert status == 0
        # A kill between the first entry and the first checkpoint leaves no more than that;
        # one within a write to the log half an entry.
        for line in err.splitlines():
            assert "has no checkpoint: it is trained from the start" in line or (
                "damaged lines removed: 1" in line
            )
        assert_same_run(straight, Run(run.folder))
        assert straight.gif.read_bytes() == run.gif.read_bytes()
        runs += 1
    by_aim = ", ".join(f"{count} in {aim}" for aim, count in done.items())
    print(
        f"{name}: {done.total()} kills ({by_aim}) of {runs} runs; {torn} left a file half "
        f"written; log entries trained again: at most {again}; lost: nothing, the same bits"
    )


def whole_entries(run):
    """Those of the log, but for one that a kill has torn."""
    try:
        return log_entries(run)
    except ValueError:
        return []


def test_a_killed_run_ends_as_one_that_was_never_killed(tmp_path):
    name, options = "acgan compact2", {"kills": 2, "aims": (ANY, "save"), "longest": 2.0}
    flags = (*OFTEN, *RUNS[name])
    assert_killed_runs_end_alike(tmp_path, flags, name, **options)


@pytest.mark.long
@pytest.mark.parametrize("name", RUNS)
def test_a_run_that_is_killed_often_ends_as_one_that_was_never_killed(tmp_path, name):
    """With an evaluation at each log entry, by a classifier from the user's cache."""
    options = {"kills": KILLS, "aims": (ANY, *AIMS), "longest": 4.0}
    flags = (*OFTEN, *RUNS[name], "--evaluate_every=1")
    assert_killed_runs_end_alike(tmp_path, flags, name, **options)
