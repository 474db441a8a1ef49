from conftest import new_config

from dcgan_tf.config.intervals import Intervals


def made(**overrides):
    return Intervals.of(new_config(**overrides), per_epoch=7)


def visited(intervals):
    step, steps = 0, []
    while step < intervals.end:
        step = intervals.after(step)
        steps.append(step)
    return steps


def test_a_run_in_epochs_stops_at_each():
    run = made(epochs=4, checkpoint_every=3)
    assert visited(run) == [7, 14, 21, 28]
    assert [step for step in visited(run) if run.saves_at(step)] == [21, 28]
    assert all(run.logs_at(step) for step in visited(run))
    assert [run.number(step) for step in (0, 7, 13, 28)] == [0, 1, 1, 4]
    assert run.name(14) == "epoch 2/4"
    assert run.name(15) == "epoch 3/4"  # which is being trained


def test_a_run_in_steps_stops_at_both_its_intervals_and_at_its_end():
    run = made(steps=10, log_every_steps=4, checkpoint_every_steps=3)
    assert visited(run) == [3, 4, 6, 8, 9, 10]
    assert [step for step in visited(run) if run.logs_at(step)] == [4, 8, 10]
    assert [step for step in visited(run) if run.saves_at(step)] == [3, 6, 9, 10]
    assert run.name(8) == "step 8/10"


def test_from_within_an_interval_the_next_is_its_end():
    assert made(epochs=4).after(8) == 14


def test_evaluations_are_counted_in_log_entries_and_the_end_has_one():
    run = made(epochs=5, evaluate_every=2)
    assert [step for step in visited(run) if run.evaluates_at(step)] == [14, 28, 35]
    run = made(steps=10, log_every_steps=3, evaluate_every=2)
    assert [step for step in visited(run) if run.evaluates_at(step)] == [6, 10]
    run = made(epochs=5)
    assert not any(run.evaluates_at(step) for step in visited(run))


def test_epochs_are_whole_or_have_four_digits():
    run = made(steps=100)
    assert (run.epoch(14), type(run.epoch(14))) == (2, int)
    assert run.epoch(8) == 1.1429  # 8/7
