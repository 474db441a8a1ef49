import dataclasses
import io
import signal

import numpy as np
import pytest
import tensorflow as tf
from conftest import KERAS, MODES
from same_runs import assert_same_run, assert_same_values, log_entries
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dcgan_tf.cli import launch
from dcgan_tf.config import resolve
from dcgan_tf.data.pipeline import Split
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.pages import record
from dcgan_tf.reporting import frames, grids, log
from dcgan_tf.runs import checkpoint, manifest
from dcgan_tf.runs.folder import Parent, Run, RunConfig
from dcgan_tf.support import errors
from dcgan_tf.training import loop
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.train_state import TrainState


class Stopped(Exception):
    """The run was stopped by the signal that is its argument."""


class Killed(BaseException):
    """The end of the process."""


def go(config, run, few, test=None):
    """Trains the run from its newest checkpoint on, as the command does."""
    content = run.read() if run.exists() else RunConfig(config)
    content = dataclasses.replace(content, config=config)
    run.write_config(content)
    state = TrainState.create(config)
    if info := run.newest_checkpoint():
        checkpoint.restore(state.checkpoint(), info)
    if stopped := launch.train(run, content, state, few, test, Workers()):
        raise Stopped(stopped)


@pytest.fixture
def two(tmp_path):
    """The folders of a run that is never stopped and of one that is."""
    return Run(tmp_path / "straight"), Run(tmp_path / "stopped")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_in_steps_resumes_to_the_same_bits(two, small, few):
    """Alternating, with frames and checkpoints out of step with the epochs."""
    straight, stopped = two
    steps = {"update_rule": "alternating", "log_every_steps": 2}
    config = small("acgan", **KERAS, steps=7, checkpoint_every_steps=3, **steps)
    go(config, straight, few)
    go(config.model_copy(update={"steps": 3}), stopped, few)
    go(config, stopped, few)
    assert [entry["step"] for entry in log_entries(straight)] == [2, 4, 6, 7]
    assert [entry["step"] for entry in log_entries(stopped)] == [2, 3, 4, 6, 7]
    assert_same_values(straight, stopped)
    assert list(frames.paths(straight.samples)) == [0, 2, 4, 6, 7]


@pytest.mark.parametrize("rule", ["paired", "alternating"])
def test_own_images_resume_to_the_same_bits(two, tmp_path, rule):
    """In colour, mapped from a file, imbalanced, augmented, stopped within an epoch."""
    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), np.uint8)
    images.tofile(tmp_path / "images.bin")
    mapped = np.memmap(tmp_path / "images.bin", np.uint8, "r", shape=images.shape)
    split = Split(mapped, tf.constant([0] * 50 + [1] * 15 + [2] * 5))
    overrides = {
        "mode": "cgan",
        "batch_size": 16,
        "precision": "float32",
        "steps": 7,
        "max_translation": 2,
        "flip": True,
        "augment_fakes": True,
        "class_balance": "uniform",
        "log_every_steps": 2,
        "update_rule": rule,
    }
    config = resolve.new(
        overrides,
        dataset="own.npz",
        class_names=["a", "b", "c"],
        classes=3,
        height=16,
        width=16,
        channels=3,
    )
    straight, stopped = two
    go(config, straight, split)
    go(config.model_copy(update={"steps": 3}), stopped, split)
    go(config, stopped, split)
    assert_same_values(straight, stopped)


def test_test_losses_are_logged_with_each_entry(tmp_path, small, few):
    """With R1 in training, of which test images have none."""
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=1, r1_weight=1.0, test_losses=True), run, few, test=few)
    (entry,) = log_entries(run)
    assert entry["test/generator/loss"] != entry["generator/loss"]
    assert "test/discriminator/r1_penalty" not in entry


@pytest.mark.parametrize("mode", MODES)
def test_stopped_and_resumed_is_never_stopped(two, small, few, mode):
    straight, stopped = two
    overrides = KERAS if mode == "acgan" else {}
    go(small(mode, epochs=4, **overrides), straight, few)
    go(small(mode, epochs=2, **overrides), stopped, few)
    go(small(mode, epochs=4, **overrides), stopped, few)
    assert_same_run(straight, stopped)
    assert [entry["epoch"] for entry in log_entries(straight)] == [1, 2, 3, 4]


def at_step(monkeypatch, step, do):
    """Calls `do` when as many steps are done, of which each is a call."""
    advance = launch.Progress.advance
    done = []

    def count(self, images, *shown):
        done.append(images)
        advance(self, images, *shown)
        if sum(done) == 16 * step:
            do()

    monkeypatch.setattr(launch.Progress, "advance", count)
    monkeypatch.setattr(loop, "CALL_SECONDS", 0.0)  # a step a call


@pytest.mark.parametrize(
    ("mode", "number", "after"), [("acgan", signal.SIGINT, 5), ("cgan", signal.SIGTERM, 6)]
)
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    two, small, few, monkeypatch, mode, number, after
):
    straight, stopped = two
    config = small(mode, epochs=3)
    handler = signal.getsignal(number)
    go(config, straight, few)
    with monkeypatch.context() as patch:
        at_step(patch, after, lambda: signal.raise_signal(number))
        with pytest.raises(Stopped, match=str(int(number))):
            go(config, stopped, few)
    assert stopped.newest_checkpoint().step == after
    assert stopped.gif.exists()
    assert signal.getsignal(number) is handler
    go(config, stopped, few)
    assert_same_run(straight, stopped)


def test_a_run_leaves_what_it_promises(tmp_path, small, few):
    run = Run(tmp_path / "run")
    config = small("acgan", **KERAS, epochs=3, checkpoint_every=2, keep_checkpoints=5)
    go(config, run, few)
    (events,) = run.folder.glob("events.out.tfevents.*")
    assert names(run.folder) == [
        "checkpoints",
        "config.json",
        events.name,
        "live.html",
        "live.js",
        "metrics.jsonl",
        "samples",
        "training.gif",
    ]
    assert names(run.samples) == [f"epoch_{epoch:04d}.png" for epoch in range(4)]
    assert names(run.checkpoints) == ["step_00000006", "step_00000009"]
    last = log_entries(run)[-1]
    assert (last["epoch"], last["step"]) == (3, 9)
    shown = record.live(run)
    assert (shown["live"]["state"], shown["live"]["step"]) == ("complete", 9)
    (frame,) = shown["runs"][0]["frames"]
    assert frame["image"].startswith("samples/epoch_0003.png")
    assert [x for x, _ in shown["charts"][0]["curves"][0]["points"]] == [1, 2, 3]
    real, fake, class_real = (
        last[f"discriminator/{term}"]
        for term in ("adversarial_real", "adversarial_fake", "class_real")
    )
    assert last["discriminator/loss"] == pytest.approx((real + fake) / 2 + class_real, 1e-5)


def test_signs_of_mode_collapse_are_logged_and_printed_once(
    tmp_path, small, few, monkeypatch, capsys
):
    monkeypatch.setattr(mode_collapse, "EARLY", 0)
    monkeypatch.setattr(mode_collapse, "WON", 0.0)
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=2), run, few)
    assert all(entry["warning/discriminator"] == 1 for entry in log_entries(run))
    text = "the discriminator knows nearly every fake"
    assert capsys.readouterr().out.count(f"warning: {text}") == 1
    warnings = record.live(run)["runs"][0]["warnings"]
    assert any(warning.startswith(text) for warning in warnings)


def test_what_lies_beyond_a_restored_epoch_goes(tmp_path, small, few):
    """A run that was killed after its checkpoint has entries and frames to be redone."""
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    log.append(run.metrics, {"epoch": 2, "step": 6, "generator/loss": 99})
    grids.write_png(frames.path_of(run.samples, "epoch", 7), np.zeros((8, 8), np.uint8))
    go(small("cgan", epochs=2), run, few)
    assert [entry["epoch"] for entry in log_entries(run)] == [1, 2]
    assert log_entries(run)[1]["generator/loss"] != 99
    assert list(frames.paths(run.samples)) == [0, 1, 2]


def test_losses_that_are_not_finite_stop_the_run_and_save_nothing(tmp_path, small, few):
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    state = TrainState.create(small("cgan", epochs=3))
    checkpoint.restore(state.checkpoint(), run.newest_checkpoint())
    weight = state.gan.generator.trainable_variables[0]
    weight.assign(weight * float("nan"))
    content = dataclasses.replace(run.read(), config=small("cgan", epochs=3))
    with pytest.raises(errors.RunError, match=r"generator/adversarial is nan by step 4"):
        launch.train(run, content, state, few, None, Workers())
    assert run.newest_checkpoint().epoch == 1


class ClosedPipe(io.StringIO):
    """As when `| head` has read enough, or Ctrl-C has ended `| tee` as well."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_closed_pipe_does_not_stop_a_run(tmp_path, small, few, monkeypatch):
    run = Run(tmp_path / "run")
    monkeypatch.setattr("sys.stdout", ClosedPipe())
    go(small("cgan", epochs=1), run, few)
    assert run.newest_checkpoint().epoch == 1


def test_calls_fill_a_second_with_steps():
    """They double at most, whatever a call took."""
    pace, paces = 1, []
    for seconds in (30.0, 0.01, 0.02, 4.0):
        paces.append(pace)
        pace = loop.next_pace(pace, pace, seconds)
    assert [*paces, pace] == [1, 1, 2, 4, 1]


def test_a_run_is_saved_in_between_by_the_clock(two, small, few, monkeypatch):
    """Into one latest checkpoint, which evicts none of the others."""
    straight, run = two
    written = []
    save = checkpoint.save

    def counted(tracked, run, *, kind, **more):
        save(tracked, run, kind=kind, **more)
        written.append((kind, int(tracked.step)))

    monkeypatch.setattr(checkpoint, "save", counted)
    monkeypatch.setattr(loop, "CALL_SECONDS", 0.0)
    config = small("cgan", epochs=2, checkpoint_every=1, checkpoint_minutes=1e-9)
    go(config, run, few)
    latest, regular = manifest.LATEST, manifest.REGULAR
    assert written == [
        *((latest, 1), (latest, 2), (regular, 3)),
        *((latest, 4), (latest, 5), (regular, 6)),
    ]
    go(config.model_copy(update={"checkpoint_minutes": 5.0}), straight, few)
    assert_same_run(straight, run)


def test_weights_that_are_not_finite_are_not_saved(tmp_path, small, few, monkeypatch):
    """The last step before a save spoils them: its losses were still sound."""
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    spoiled = small("cgan", epochs=2)
    make = launch.make_train_steps

    def spoiling(state, config, **options):
        train_steps = make(state, config, **options)

        def steps(batches, count):
            reached = train_steps(batches, count)
            if int(state.step) == 6:
                weight = state.gan.discriminator.trainable_variables[-1]
                weight.assign(weight * float("inf"))
            return reached

        return steps

    monkeypatch.setattr(launch, "make_train_steps", spoiling)
    with pytest.raises(errors.RunError, match=r"not finite by step 6.*--init_from"):
        go(spoiled, run, few)
    assert run.newest_checkpoint().epoch == 1


def test_the_events_of_a_resumed_run_are_those_of_one_run(tmp_path, small, few):
    """None of the attempt that was killed, and each epoch's once, with its frame."""
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=1), run, few)
    (killed,) = run.folder.glob("events.out.tfevents.*")
    killed.rename(f"{killed}.killed")
    go(small("cgan", epochs=3), run, few)
    assert len(list(run.folder.glob("events.out.tfevents.*"))) == 1
    events = EventAccumulator(str(run.folder)).Reload()
    entries = log_entries(run)
    tags = events.Tags()["scalars"]
    assert len(tags) == len(entries[0].keys() - {"epoch", "step", "time"})
    times = [(number, entry["time"]) for number, entry in enumerate(entries, 1)]
    for records in (events.Images("samples"), *map(events.Scalars, tags)):
        assert [(record.step, record.wall_time) for record in records] == times


def test_the_seconds_of_an_epoch_are_those_of_all_its_parts(
    tmp_path, small, few, monkeypatch
):
    run = Run(tmp_path / "run")
    config = small("cgan", epochs=3)
    with monkeypatch.context() as patch:
        at_step(patch, 5, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(Stopped):
            go(config, run, few)
    info = run.newest_checkpoint()
    assert 0 < info.seconds < 1000
    (info.folder / manifest.MANIFEST).unlink()
    about = {name: getattr(info, name) for name in ("step", "epoch", "run_id", "score")}
    manifest.write(info.folder, **about, seconds=1000.0)
    go(config, run, few)
    first, second, third = (entry["seconds"] for entry in log_entries(run))
    assert first < 1000 < second
    assert third < 1000


def test_frames_are_thinned_as_the_run_goes(tmp_path, small, few):
    run = Run(tmp_path / "run")
    go(small("cgan", epochs=5, keep_frames=3), run, few)
    assert list(frames.paths(run.samples)) == [0, 4, 5]
    assert [entry["epoch"] for entry in log_entries(run)] == [1, 2, 3, 4, 5]


def test_the_steps_are_traced_once(tmp_path, small, few, monkeypatch):
    """Whatever number of them goes into a call, and however long the run."""
    made = []
    make = launch.make_train_steps
    monkeypatch.setattr(
        launch, "make_train_steps", lambda *a, **o: made.append(make(*a, **o)) or made[0]
    )
    go(small("cgan", epochs=6, checkpoint_minutes=1e-9), Run(tmp_path / "run"), few)
    assert made[0].experimental_get_tracing_count() == 1


@pytest.fixture
def scored(monkeypatch):
    """Lets evaluations find the scores that it is given, by step."""
    scores = {}

    class Scores:
        def __init__(self, *_):
            pass

        def figures_of_run(self, run):
            return {"selection_score": scores[run.step]}

    monkeypatch.setattr(loop.classifier, "load", lambda *_: None)
    monkeypatch.setattr(loop, "Evaluator", Scores)
    return scores.update


def of_kind(run, kind):
    return [name for name in names(run.checkpoints) if name.startswith(kind)]


def test_the_best_checkpoint_is_kept_and_a_resume_knows_it(
    tmp_path, small, few, scored, capsys
):
    scored({3: 0.5, 6: 0.9, 9: 0.4, 12: 0.8, 15: 0.95})
    run = Run(tmp_path / "run")

    def best_after(epochs):
        every = {"evaluate_every": 1, "checkpoint_every": 1}
        config = small("cgan", architecture="maxout", epochs=epochs, **every)
        go(config, run, few, test=few)
        assert len(of_kind(run, manifest.BEST)) == 1
        return run.best_checkpoint().epoch, run.best_checkpoint().score

    assert best_after(1) == (1, 0.5)
    assert best_after(3) == (2, 0.9)
    assert best_after(4) == (2, 0.9)
    assert best_after(5) == (5, 0.95)
    assert log_entries(run)[1]["quality/selection_score"] == 0.9
    printed = capsys.readouterr().out.replace(" \u2191", "")
    assert "selection score 0.950" in printed


@pytest.mark.parametrize("first", [0.5, 0.0])
def test_the_score_of_the_best_stands_in_its_manifest(tmp_path, small, few, scored, first):
    """Whatever became of metrics.jsonl.  A score of 0 is one, too."""
    scored({3: first, 6: first / 2, 9: first + 0.25})
    run = Run(tmp_path / "run")
    config = small("cgan", architecture="maxout", epochs=3, evaluate_every=1)
    for epochs, best, score in ((1, 1, first), (2, 1, first), (3, 3, first + 0.25)):
        go(config.model_copy(update={"epochs": epochs}), run, few, test=few)
        assert (run.best_checkpoint().epoch, run.best_checkpoint().score) == (best, score)
        run.metrics.unlink()


def test_a_best_is_gone_on_from_after_a_kill(two, small, few, scored, monkeypatch):
    """It removes the latest before it, and takes its place: no step is done once more."""
    straight, stopped = two
    scored({3: 0.5, 6: 0.75, 9: 0.25})
    config = small("cgan", architecture="maxout", epochs=3, evaluate_every=1)
    go(config, straight, few, test=few)

    def kill():
        raise Killed

    reached = 0
    for step, minutes, left in (
        (5, 1e-9, ["best_00000003", "latest_00000004"]),
        (7, 5.0, ["best_00000006"]),
    ):
        with monkeypatch.context() as patch:
            at_step(patch, step - reached, kill)
            saving = config.model_copy(update={"checkpoint_minutes": minutes})
            with pytest.raises(Killed):
                go(saving, stopped, few, test=few)
        assert names(stopped.checkpoints) == left
        reached = stopped.newest_checkpoint().step
    assert reached == 6
    go(config, stopped, few, test=few)
    assert_same_run(straight, stopped)


@pytest.fixture
def quick_classifier(tmp_path, monkeypatch):
    """A classifier of the digits that took two steps to train."""
    monkeypatch.setattr(loop.classifier, "LEAST_STEPS", 1)
    monkeypatch.setattr(loop.classifier, "EPOCHS", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("mode", ["dcgan", "acgan"])
def test_evaluations_come_at_their_interval_and_at_the_end(
    tmp_path, small, few, quick_classifier, mode
):
    run = Run(tmp_path / "run")
    go(small(mode, epochs=3, evaluate_every=2), run, few, test=few)
    entries = log_entries(run)
    assert ["quality/selection_score" in e for e in entries] == [False, True, True]
    for entry in entries[1:]:
        figures = {name for name in entry if name.startswith("quality/")}
        assert {"quality/coverage", "quality/recall"} <= figures
        assert "quality/kid" not in figures  # of 48 test images
        assert ("quality/class_accuracy" in figures) == (mode == "acgan")
        accuracy = entry.get("quality/class_accuracy", 1.0)
        assert 0.0 <= accuracy <= 1.0
        score = entry["quality/coverage"] * accuracy
        assert entry["quality/selection_score"] == pytest.approx(score)
    assert run.best_checkpoint().score == max(
        entry["quality/selection_score"] for entry in entries[1:]
    )


@pytest.mark.parametrize("parent", [None, Parent("elsewhere", 3, "hash")])
def test_a_run_with_another_s_weights_was_trained_before(
    tmp_path, small, few, monkeypatch, parent
):
    told = []
    make = launch.make_train_steps

    def asked(state, config, **options):
        told.append(options)
        return make(state, config, **options)

    monkeypatch.setattr(launch, "make_train_steps", asked)
    run, config = Run(tmp_path / "run"), small("dcgan", epochs=1)
    run.write_config(RunConfig(config, parent))
    go(config, run, few)
    assert [one["trained_before"] for one in told] == [parent is not None]
