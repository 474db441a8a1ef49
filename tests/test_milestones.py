from dcgan_tf import settings
from dcgan_tf.milestones import Milestones


def made(**said):
    return Milestones.of(settings.new(said, dataset="mnist", classes=10), per_epoch=7)


def visited(milestones):
    step, steps = 0, []
    while step < milestones.end:
        step = milestones.after(step)
        steps.append(step)
    return steps


def test_a_run_in_epochs_stops_at_each():
    run = made(epochs=4, checkpoint_every=3)
    assert visited(run) == [7, 14, 21, 28]
    assert [step for step in visited(run) if run.saves_at(step)] == [21, 28]
    assert all(run.samples_at(step) for step in visited(run))
    assert [run.number(step) for step in (0, 7, 13, 28)] == [0, 1, 1, 4]
    assert run.name(14) == "epoch 2/4"


def test_a_run_in_steps_stops_at_both_its_intervals_and_at_its_end():
    run = made(steps=10, sample_every_steps=4, checkpoint_every_steps=3)
    assert visited(run) == [3, 4, 6, 8, 9, 10]
    assert [step for step in visited(run) if run.samples_at(step)] == [4, 8, 10]
    assert [step for step in visited(run) if run.saves_at(step)] == [3, 6, 9, 10]
    assert run.name(8) == "step 8/10"


def test_from_within_an_interval_the_next_is_its_end():
    assert made(epochs=4).after(8) == 14
