import pytest
from conftest import new_config

from dcgan_tf.config.intervals import Intervals


def made(**overrides):
    return Intervals.of(new_config(**overrides), per_epoch=7)


def visited(intervals, due=None):
    """The steps at which a loop stops, or those of them at which something is due."""
    step, steps = 0, []
    while step < intervals.end:
        step = intervals.after(step)
        steps.append(step)
    return [step for step in steps if due is None or due(step)]


def test_a_run_in_epochs_stops_at_each():
    run = made(epochs=4, checkpoint_every=3)
    assert visited(run) == [5, 7, 14, 21, 26, 28]
    assert visited(run, run.logs_at) == [7, 14, 21, 28]
    assert visited(run, run.saves_at) == [21, 28]
    assert run.after(8) == 14  # from within an interval
    assert [run.number(step) for step in (0, 7, 13, 28)] == [0, 1, 1, 4]
    assert [run.name(step) for step in (14, 15)] == ["epoch 2/4", "epoch 3/4"]


@pytest.mark.parametrize(
    ("overrides", "steps"),
    [
        ({"epochs": 5, "evaluate_every": 2}, [14, 28, 35]),
        ({"steps": 10, "log_every_steps": 3, "evaluate_every": 2}, [6, 10]),
        ({"epochs": 5}, []),
    ],
)
def test_evaluations_are_counted_in_log_entries_and_the_end_has_one(overrides, steps):
    run = made(**overrides)
    assert visited(run, run.evaluates_at) == steps


def test_the_state_is_witnessed_soon_after_what_a_run_can_go_on_from():
    """5 and 50 steps after the beginning and regular checkpoints, and where it logs."""
    run = made(steps=200, log_every_steps=70, checkpoint_every_steps=90)
    steps = [5, 50, 70, 90, 95, 140, 180, 185, 200]
    assert visited(run) == visited(run, run.witnesses_at) == steps


def test_epochs_are_whole_or_have_four_digits():
    run = made(steps=100)
    assert repr(run.place(14)) == "{'epoch': 2, 'step': 14}"
    assert run.place(8)["epoch"] == 1.1429  # 8/7
