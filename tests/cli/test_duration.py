"""A run by --minutes: its length, and what follows from it."""

import types

import pytest
from conftest import untrained

from dcgan_tf.cli import duration, plan
from dcgan_tf.datasets.cache import Options
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors
from dcgan_tf.training.devices import Workers


@pytest.mark.parametrize(
    ("minutes", "seconds", "unit", "found"),
    [
        (20, 0.1, "steps", {"steps": 12_000}),
        (20, 0.1, "epochs", {"epochs": 12}),
        (1, 0.7, "steps", {"steps": 86}),
        (4, 0.1, "epochs", {"steps": 2400}),  # 2 epochs would be 3 minutes and 20 seconds
        (1, 90.0, "steps", {"steps": 1}),
    ],
)
def test_the_length_follows_from_the_speed(minutes, seconds, unit, found):
    assert duration.length_of(minutes, seconds, unit, per_epoch=1000) == found


def test_the_speed_is_without_the_first_call_which_compiles(monkeypatch):
    passed, counts = [0.0], []

    def train_steps(stream, count):
        passed[0] += 0.25 * int(count) if counts else 60.0
        counts.append(int(count))
        return count

    clock = types.SimpleNamespace(monotonic=lambda: passed[0])
    monkeypatch.setattr(duration, "time", clock)
    assert duration.seconds_per_step(train_steps, None, interval=4) == 0.25
    assert counts == [4, 8], "whole intervals of the penalties, for two seconds"


def test_the_run_is_the_one_of_that_length(command, toys, tmp_path, monkeypatch):
    """Catches schedules of another length, and a measurement that moves the run's state."""
    measure, measured = duration.seconds_per_step, []

    def steps_of_20_seconds(*arguments):
        measured.append(measure(*arguments))
        return 20.0

    course, states = duration.launch.course, []

    def kept(content, state, *rest):
        states.append(state)
        return course(content, state, *rest)

    monkeypatch.setattr(duration.launch, "course", kept)
    monkeypatch.setattr(duration, "MEASURED_SECONDS", 0.01)
    monkeypatch.setattr(duration, "seconds_per_step", steps_of_20_seconds)
    tiny = ["--mode=cgan", "--dataset=digits", "--batch_size=16", "--precision=float32"]
    for length in ("--minutes=1", "--steps=3"):
        status, out, err = command("train", *tiny, length, f"--run_dir=run{length}")
        assert (status, err, "length:         3 steps" in out) == (0, "", True)
    timed, given = (Run(tmp_path / f"run{n}") for n in ("--minutes=1", "--steps=3"))
    assert len(measured) == 1
    assert float(states[0].augment_probability) > 0.4  # images are augmented meanwhile
    assert timed.read_config() == given.read_config()
    assert timed.witnesses.read_text() == given.witnesses.read_text() != ""
    assert "is complete" in command("train", f"--run_dir={timed.folder}", "--minutes=1")[1]


def test_a_run_that_exists_keeps_its_length_and_workers_are_refused(tmp_path, capsys):
    run, _ = untrained(tmp_path / "run", mode="cgan")
    options = Options(cache_dir=str(tmp_path / "cache"))
    planned = plan.make({}, run_dir=str(run.folder), options=options, fresh=False)
    assert duration.settle(planned, 20, Workers(), False) is planned
    out = capsys.readouterr().out
    assert out.startswith("--minutes=20: is for a new run; this one keeps")
    assert planned.counted(planned.requested) in out
    two = Workers(addresses=("a:1", "b:1"))
    with pytest.raises(errors.UsageError, match=r"--minutes=20: .* 2 workers"):
        duration.settle(planned, 20, two, False)
