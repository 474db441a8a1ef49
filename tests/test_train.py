import dataclasses
import io
import signal

import numpy as np
import pytest
import tensorflow as tf
from conftest import KERAS, MODES
from same_runs import assert_same_run, checkpoint_values, rows

from dcgan_tf import (
    checkpoint,
    classifier,
    errors,
    evaluation,
    history,
    pictures,
    runs,
    saves,
    state,
    train,
)


class Stopped(Exception):
    """The run was stopped by the signal that is its argument."""


def go(config, run, few, held_out=None):
    """Trains the run from its newest checkpoint on, as the command does."""
    run.write_config(config)
    made = state.create(config)
    if saved := run.newest_checkpoint():
        checkpoint.restore(made, saved)
    caught = train.train(config, run, made, few, held_out)
    if caught:
        raise Stopped(caught)


def test_a_run_in_steps_resumes_to_the_same_bits(tmp_path, small, few):
    """Alternating, with pictures and checkpoints out of step with the epochs."""
    steps = {"schedule": "alternating", "sample_every_steps": 2}
    config = small("acgan", **KERAS, steps=7, checkpoint_every_steps=3, **steps)
    straight, stopped = runs.Run(tmp_path / "straight"), runs.Run(tmp_path / "stopped")
    go(config, straight, few)
    go(dataclasses.replace(config, steps=3), stopped, few)
    go(config, stopped, few)
    assert [row["step"] for row in rows(straight)] == [2, 4, 6, 7]
    assert [row["step"] for row in rows(stopped)] == [2, 3, 4, 6, 7]
    saved = [checkpoint_values(r.newest_checkpoint().prefix) for r in (straight, stopped)]
    for name, value in saved[0].items():
        assert np.array_equal(value, saved[1][name]), name
    assert list(pictures.frames(straight.samples)) == [0, 2, 4, 6, 7]


def test_held_out_losses_are_told_with_each_row(tmp_path, small, few, capsys):
    """With a gradient penalty, too, which held-out images have none of."""
    run = runs.Run(tmp_path / "run")
    config = small("cgan", epochs=1, gradient_penalty=1.0, evaluate_losses=True)
    run.write_config(config)
    train.train(config, run, state.create(config), few, held_out=few)
    (row,) = rows(run)
    assert row["test/generator/loss"] != row["generator/loss"]
    assert "discriminator, test" in capsys.readouterr().out


@pytest.mark.parametrize("mode", MODES)
def test_stopped_and_resumed_is_never_stopped(tmp_path, small, few, mode):
    straight, stopped = runs.Run(tmp_path / "straight"), runs.Run(tmp_path / "stopped")
    said = KERAS if mode == "acgan" else {}
    go(small(mode, epochs=4, **said), straight, few)
    go(small(mode, epochs=2, **said), stopped, few)
    go(small(mode, epochs=4, **said), stopped, few)
    assert_same_run(straight, stopped)
    assert [row["epoch"] for row in rows(straight)] == [1, 2, 3, 4]


def interrupting(monkeypatch, number, after):
    """Sends the process a signal when its step `after` is done."""
    advance = train.Progress.advance
    steps = []

    def count(self, images):
        steps.append(images)
        advance(self, images)
        if sum(steps) == 16 * after:
            signal.raise_signal(number)

    monkeypatch.setattr(train.Progress, "advance", count)
    monkeypatch.setattr(train, "CALL_SECONDS", 0.0)  # a step a call


@pytest.mark.parametrize(
    ("mode", "number", "after"), [("acgan", signal.SIGINT, 5), ("cgan", signal.SIGTERM, 6)]
)
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    tmp_path, small, few, monkeypatch, mode, number, after
):
    straight, stopped = runs.Run(tmp_path / "straight"), runs.Run(tmp_path / "stopped")
    config = small(mode, epochs=3)
    handler = signal.getsignal(number)
    go(config, straight, few)
    with monkeypatch.context() as patch:
        interrupting(patch, number, after)
        with pytest.raises(Stopped, match=str(int(number))):
            go(config, stopped, few)
    assert stopped.newest_checkpoint().step == after
    assert stopped.gif.exists()
    assert signal.getsignal(number) is handler
    go(config, stopped, few)
    assert_same_run(straight, stopped)


def test_a_run_leaves_what_it_promises(tmp_path, small, few):
    run = runs.Run(tmp_path / "run")
    config = small("acgan", **KERAS, epochs=3, checkpoint_every=2, keep_checkpoints=5)
    go(config, run, few)
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "checkpoints",
        "config.json",
        "events",
        "metrics.jsonl",
        "samples",
        "training.gif",
    ]
    assert sorted(path.name for path in run.samples.iterdir()) == [
        f"epoch_{epoch:04d}.png" for epoch in range(4)
    ]
    assert sorted(path.name for path in run.checkpoints.iterdir()) == [
        "step_00000006",
        "step_00000009",
    ]
    last = rows(run)[-1]
    assert (last["epoch"], last["step"]) == (3, 9)
    kinds = ("adversarial", "auxiliary")
    terms = [f"{kind}_{part}" for kind in kinds for part in ("real", "fake")]
    real, fake, named_real, _ = (last[f"discriminator/{term}"] for term in terms)
    assert last["discriminator/loss"] == pytest.approx((real + fake) / 2 + named_real, 1e-5)


def test_what_lies_beyond_a_restored_epoch_goes(tmp_path, small, few):
    """A run that was killed after its checkpoint has rows and frames that it will redo."""
    run = runs.Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    history.append(run.metrics, {"epoch": 2, "step": 6, "generator/loss": 99})
    pictures.write_png(
        pictures.frame_file(run.samples, "epoch", 7), np.zeros((8, 8), np.uint8)
    )
    go(small("cgan", epochs=2), run, few)
    assert [row["epoch"] for row in rows(run)] == [1, 2]
    assert rows(run)[1]["generator/loss"] != 99
    assert list(pictures.frames(run.samples)) == [0, 1, 2]


def test_losses_that_are_not_finite_stop_the_run_and_save_nothing(tmp_path, small, few):
    run = runs.Run(tmp_path / "run")
    config = small("cgan", epochs=1)
    go(config, run, few)
    made = state.create(small("cgan", epochs=3))
    checkpoint.restore(made, run.newest_checkpoint())
    made.gan.generator.trainable_variables[0].assign(
        made.gan.generator.trainable_variables[0] * float("nan")
    )
    with pytest.raises(errors.RunError, match=r"generator/adversarial is nan by step 4"):
        train.train(small("cgan", epochs=3), run, made, few)
    assert run.newest_checkpoint().epoch == 1


class ClosedPipe(io.StringIO):
    """As when `| head` has read enough, or Ctrl-C has ended `| tee` as well."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_closed_pipe_does_not_stop_a_run(tmp_path, small, few, monkeypatch):
    run = runs.Run(tmp_path / "run")
    monkeypatch.setattr("sys.stdout", ClosedPipe())
    go(small("cgan", epochs=1), run, few)
    assert run.newest_checkpoint().epoch == 1


def test_the_pacer_does_every_step_once():
    counts = []

    def train_steps(stream, count):
        counts.append(int(count))
        return sum(counts)

    pacer = train._Pacer(train_steps, stream=None)
    assert sum(pacer.calls(100)) == sum(counts) == 100
    assert counts[:3] == [1, 2, 4]
    assert list(pacer.calls(1)) == [1]
    fixed = train._Pacer(train_steps, stream=None, fixed=7)
    assert list(fixed.calls(16)) == [7, 7, 2]
    assert counts[-3:] == [7, 7, 2]


def test_a_run_is_saved_in_between_by_the_clock(tmp_path, small, few, monkeypatch):
    """Into one latest checkpoint, which evicts none of the others."""
    written = []
    save = checkpoint.save

    def counted(state, run, family, keep):
        save(state, run, family, keep)
        written.append((family, int(state.step)))

    monkeypatch.setattr(train.checkpoint, "save", counted)
    monkeypatch.setattr(train, "CALL_SECONDS", 0.0)
    run = runs.Run(tmp_path / "run")
    config = small("cgan", epochs=2, checkpoint_every=1, checkpoint_minutes=1e-9)
    go(config, run, few)
    latest, regular = saves.LATEST, saves.REGULAR
    assert written == [
        *((latest, 1), (latest, 2), (regular, 3)),
        *((latest, 4), (latest, 5), (regular, 6)),
    ]
    straight = runs.Run(tmp_path / "straight")
    go(dataclasses.replace(config, checkpoint_minutes=5.0), straight, few)
    assert_same_run(straight, run)


def test_weights_that_are_not_finite_are_not_saved(tmp_path, small, few, monkeypatch):
    """The last step before a save spoils them: its losses were still sound."""
    run = runs.Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    spoiled = small("cgan", epochs=2)
    make = train.make_train_steps

    def spoiling(state, config):
        train_steps = make(state, config)

        def steps(batches, count):
            reached = train_steps(batches, count)
            if int(state.step) == 6:
                weight = state.gan.discriminator.trainable_variables[-1]
                weight.assign(weight * float("inf"))
            return reached

        return steps

    monkeypatch.setattr(train, "make_train_steps", spoiling)
    with pytest.raises(errors.RunError, match=r"not finite by step 6.*--start_from"):
        go(spoiled, run, few)
    assert run.newest_checkpoint().epoch == 1


def test_the_records_of_a_resumed_run_are_those_of_one_run(tmp_path, small, few):
    """None of the attempt that was killed, and each epoch's once, with its picture."""
    run = runs.Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    history.Events(run.events).add({"step": 9, "lost": 1.0}, 9, tmp_path / "none")
    go(small("cgan", epochs=3), run, few)
    (file,) = run.events.iterdir()
    seen = []
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        seen += [(event.step, v.tag) for v in event.summary.value]
    tags = {name for name in rows(run)[0] if name not in ("epoch", "step")} | {"samples"}
    assert sorted(seen) == sorted((epoch, tag) for epoch in (1, 2, 3) for tag in tags)


def test_frames_are_thinned_as_the_run_goes(tmp_path, small, few):
    run = runs.Run(tmp_path / "run")
    go(small("cgan", epochs=5, frames_kept=3), run, few)
    assert list(pictures.frames(run.samples)) == [0, 4, 5]
    assert [row["epoch"] for row in rows(run)] == [1, 2, 3, 4, 5]


def test_the_steps_are_traced_once(tmp_path, small, few, monkeypatch):
    """Whatever number of them goes into a call, and however long the run."""
    made = []
    make = train.make_train_steps
    monkeypatch.setattr(
        train, "make_train_steps", lambda *a: made.append(make(*a)) or made[0]
    )
    go(small("cgan", epochs=6, checkpoint_minutes=1e-9), runs.Run(tmp_path / "run"), few)
    assert made[0].experimental_get_tracing_count() == 1


@pytest.fixture
def quick_judge(tmp_path, monkeypatch):
    """A judge of the digits that took two steps to train."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 1)
    monkeypatch.setattr(classifier, "EPOCHS", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_best_checkpoint_is_kept_and_a_resume_knows_it(
    tmp_path, small, few, monkeypatch, quick_judge, capsys
):
    scores = {3: 0.5, 6: 0.9, 9: 0.4, 12: 0.8, 15: 0.95}
    of_run = evaluation.Evaluation.of_run

    def scored(self, trained):
        return {**of_run(self, trained), "score": scores[trained.step]}

    monkeypatch.setattr(evaluation.Evaluation, "of_run", scored)
    run = runs.Run(tmp_path / "run")

    def best_after(epochs):
        config = small("acgan", epochs=epochs, evaluate_every=1, checkpoint_every=1)
        go(config, run, few, held_out=few)
        folders = [p for p in run.checkpoints.iterdir() if p.name.startswith("best")]
        assert len(folders) == 1
        return run.best_checkpoint().epoch

    assert best_after(1) == 1
    assert best_after(3) == 2
    assert best_after(4) == 2
    assert best_after(5) == 5
    assert rows(run)[1]["quality/score"] == 0.9
    assert 0.0 <= rows(run)[1]["quality/agreement"] <= 1.0
    assert "score 0.950" in capsys.readouterr().out


def test_evaluations_come_at_their_interval_and_at_the_end(
    tmp_path, small, few, quick_judge
):
    run = runs.Run(tmp_path / "run")
    go(small("dcgan", epochs=3, evaluate_every=2), run, few, held_out=few)
    assert ["quality/score" in row for row in rows(run)] == [False, True, True]
    assert "quality/agreement" not in rows(run)[1]
