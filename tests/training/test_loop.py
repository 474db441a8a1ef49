"""What a run does at which step, and what it leaves when it ends, is stopped or killed.

Two real trainings prove that a resume is bit-exact; the rest is of toy networks.
"""

import io
import signal

import numpy as np
import pytest
from conftest import KERAS, MODES
from same_runs import assert_same_run, assert_same_values, log_entries
from toys import go

from dcgan_tf.cli import launch
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.pages import record
from dcgan_tf.reporting import frames
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Parent, Run
from dcgan_tf.support import errors
from dcgan_tf.training import loop


@pytest.fixture
def folders(tmp_path):
    """Those of a run that is never stopped and of one that is."""
    return tmp_path / "straight", tmp_path / "stopped"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mode", MODES)
def test_stopped_and_resumed_is_never_stopped(folders, small, few, monkeypatch, mode):
    """With dropout, whose masks a resume would repeat.  The steps are traced once."""
    made, make = [], launch.make_train_steps

    def kept(*args, **options):
        made.append(make(*args, **options))
        return made[-1]

    monkeypatch.setattr(launch, "make_train_steps", kept)
    overrides = KERAS if mode == "acgan" else {"augment_target": 0.8}
    ends = ((folders[0], 2), (folders[1], 1), (folders[1], 2))
    runs = [go(to, small(mode, epochs=n, **overrides), few)[0] for to, n in ends]
    assert_same_run(*runs[:2])
    assert [entry["epoch"] for entry in log_entries(runs[0])] == [1, 2]
    assert [steps.experimental_get_tracing_count() for steps in made] == [1, 1, 1]


def test_a_run_in_steps_resumes_though_its_intervals_do_not_fit(folders, toys, few):
    """With frames and checkpoints out of step with the epochs and with the stop."""
    config = toys.config(steps=7, checkpoint_every_steps=3, log_every_steps=2)
    straight, _ = go(folders[0], config, few)
    go(folders[1], config.model_copy(update={"steps": 3}), few)
    stopped, _ = go(folders[1], config, few)
    assert [entry["step"] for entry in log_entries(straight)] == [2, 4, 6, 7]
    assert [entry["step"] for entry in log_entries(stopped)] == [2, 3, 4, 6, 7]
    assert_same_values(straight, stopped)
    assert list(frames.paths(straight.samples)) == [0, 2, 4, 6, 7]


@pytest.mark.parametrize(("number", "step"), [(signal.SIGINT, 5), (signal.SIGTERM, 6)])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(folders, toys, few, number, step):
    """And an entry's seconds are those of before the signal and after it."""
    config, handler = toys.config(epochs=3), signal.getsignal(number)
    straight, _ = go(folders[0], config, few)
    toys.at[step] = lambda state: signal.raise_signal(number)
    stopped, by = go(folders[1], config, few)
    assert (by, stopped.newest_checkpoint().step) == (number, step)
    assert stopped.gif.exists()
    assert signal.getsignal(number) is handler
    toys.at.clear()
    info = stopped.newest_checkpoint()
    (info.folder / manifest.MANIFEST).unlink()
    about = {name: getattr(info, name) for name in ("step", "epoch", "run_id", "score")}
    manifest.write(info.folder, **about, seconds=1000.0)
    go(folders[1], config, few)
    assert_same_run(straight, stopped)
    long = [entry["seconds"] > 1000 for entry in log_entries(stopped)]
    assert long == [False, step == 5, step == 6]


def test_a_run_leaves_what_it_promises(tmp_path, toys, few):
    config = toys.config(epochs=3, checkpoint_every=2, keep_checkpoints=5)
    run, _ = go(tmp_path / "run", config, few)
    (events,) = run.folder.glob("events.out.tfevents.*")
    files = ("live.html", "live.js", "metrics.jsonl", "samples", "training.gif")
    files = ("checkpoints", "config.json", events.name, *files, "witnesses.jsonl")
    assert names(run.folder) == [*files]
    assert names(run.samples) == [f"epoch_{epoch:04d}.png" for epoch in range(4)]
    assert names(run.checkpoints) == ["step_00000006", "step_00000009"]
    last = log_entries(run)[-1]
    assert (last["epoch"], last["step"], last["generator/loss"]) == (3, 9, 1.0)
    shown = record.live(run)
    assert (shown["live"]["state"], shown["live"]["step"]) == ("complete", 9)
    (frame,) = shown["runs"][0]["frames"]
    assert frame["image"].startswith("samples/epoch_0003.png")
    assert [x for x, _ in shown["charts"][0]["curves"][0]["points"]] == [1, 2, 3]


def test_signs_of_mode_collapse_are_logged_and_printed_once(
    tmp_path, toys, few, monkeypatch, capsys
):
    """The toys' accuracy of 1 is one, after the first steps."""
    monkeypatch.setattr(mode_collapse, "EARLY", 0)
    run, _ = go(tmp_path / "run", toys.config(), few)
    assert all(entry["warning/discriminator"] == 1 for entry in log_entries(run))
    text = "the discriminator knows nearly every fake"
    assert capsys.readouterr().out.count(f"warning: {text}") == 1
    warnings = record.live(run)["runs"][0]["warnings"]
    assert any(warning.startswith(text) for warning in warnings)


def spoil_losses(state):
    for term in ("generator/adversarial", "generator/loss"):
        state.term_sums[term].assign(np.nan)


def spoil_weights(state):
    weight = state.gan.discriminator.trainable_variables[-1]
    weight.assign(weight + np.inf)


@pytest.mark.parametrize(
    ("step", "spoil", "told"),
    [
        (4, spoil_losses, r"generator/adversarial is nan by step 4"),
        (6, spoil_weights, r"not finite by step 6.*--init_from"),
    ],
)
def test_what_is_not_finite_stops_a_run_and_is_not_saved(
    tmp_path, toys, few, step, spoil, told
):
    """Weights too, that the last step before a save spoils: its losses were still sound."""
    toys.at[step] = spoil
    with pytest.raises(errors.RunError, match=told):
        go(tmp_path, toys.config(epochs=3, checkpoint_every=1), few)
    assert Run(tmp_path).newest_checkpoint().epoch == 1


class ClosedPipe(io.StringIO):
    """As when `| head` has read enough, or Ctrl-C has ended `| tee` as well."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_closed_pipe_does_not_stop_a_run(tmp_path, toys, few, monkeypatch):
    monkeypatch.setattr("sys.stdout", ClosedPipe())
    run, _ = go(tmp_path, toys.config(epochs=1), few)
    assert run.newest_checkpoint().epoch == 1


def test_calls_fill_a_second_with_steps():
    """They double at most, whatever a call took."""
    pace, paces = 1, []
    for seconds in (30.0, 0.01, 0.02, 4.0):
        paces.append(pace)
        pace = loop.next_pace(pace, pace, seconds)
    assert [*paces, pace] == [1, 1, 2, 4, 1]


def test_calls_of_compiled_units_end_alike_in_a_run_that_was_stopped(folders, toys, few):
    """At multiples of the unit, and where there is something to do: never by the clock."""
    config = toys.config(steps=13, log_every_steps=6, r1_interval=4)
    for folder, stops in (folders[0], []), (folders[1], [6, 8]):
        toys.calls.clear()
        for step in stops:
            toys.at = {step: lambda state: signal.raise_signal(signal.SIGINT)}
            go(folder, config, few, jit_compile=True)
        toys.at = {}
        go(folder, config, few, jit_compile=True)
        assert toys.calls == [4, 5, 6, 8, 12, 13]


def test_a_run_is_saved_in_between_by_the_clock(tmp_path, toys, few, monkeypatch):
    """Into one latest checkpoint, which evicts none of the others."""
    written, save = [], loop.save_state

    def noted(state, run, kind, **options):
        save(state, run, kind, **options)
        written.append(manifest.name(kind, int(state.step)))

    monkeypatch.setattr(loop, "save_state", noted)
    run, _ = go(tmp_path, toys.config(checkpoint_every=1, checkpoint_minutes=1e-9), few)
    assert written == [
        *("latest_00000001", "latest_00000002", "step_00000003"),
        *("latest_00000004", "latest_00000005", "step_00000006"),
    ]
    assert names(run.checkpoints) == ["step_00000003", "step_00000006"]


@pytest.mark.parametrize("first", [0.5, 0.0])
def test_the_best_checkpoint_is_kept_and_a_resume_knows_it(
    tmp_path, toys, few, capsys, first
):
    """By its manifest, whatever became of metrics.jsonl.  A score of 0 is one, too."""
    toys.score({3: first, 6: first / 2, 9: first + 0.25, 12: first, 15: first + 0.5})
    every = {"evaluate_every": 1, "checkpoint_every": 1}
    for epochs, best in ((1, 1), (2, 1), (4, 3), (5, 5)):
        run, _ = go(tmp_path, toys.config(epochs=epochs, **every), few, test=few)
        assert sum(name.startswith(manifest.BEST) for name in names(run.checkpoints)) == 1
        info = run.best_checkpoint()
        assert (info.epoch, info.score) == (best, toys.scores[3 * best])
        last = log_entries(run)[-1]
        assert last["quality/selection_score"] == toys.scores[last["step"]]
        run.metrics.unlink()
    printed = capsys.readouterr().out.replace(" \u2191", "")
    assert f"selection score {first + 0.5:.3f}" in printed


@pytest.mark.usefixtures("quick_classifier")
def test_evaluations_come_at_their_interval_and_at_the_end(tmp_path, toys, few):
    """By a real classifier, of two steps; and test losses, without R1, at each entry."""
    config = toys.config(epochs=3, evaluate_every=2, test_losses=True, r1_weight=1.0)
    run, _ = go(tmp_path / "run", config, few, test=few)
    entries = log_entries(run)
    assert ["quality/selection_score" in e for e in entries] == [False, True, True]
    for entry in entries:
        assert entry["test/generator/loss"] != entry["generator/loss"]
        assert "discriminator/r1_penalty" in entry
        assert "test/discriminator/r1_penalty" not in entry
    for entry in entries[1:]:
        figures = {name for name in entry if name.startswith("quality/")}
        assert {"quality/coverage", "quality/class_accuracy"} <= figures
        assert "quality/kid" not in figures  # of 48 test images
    best = max(entry["quality/selection_score"] for entry in entries[1:])
    assert run.best_checkpoint().score == best


@pytest.mark.parametrize("parent", [None, Parent("elsewhere", 3, "hash")])
def test_a_run_with_another_s_weights_was_trained_before(tmp_path, toys, few, parent):
    go(tmp_path, toys.config("dcgan", epochs=1), few, parent=parent)
    assert [given["trained_before"] for given in toys.options] == [parent is not None]


def test_what_ends_a_run_from_outside_saves_it_unless_a_line_is_missing(folders, toys, few):
    """Catches a handler of the user's that raises and loses what was trained."""
    config, (_, folder) = toys.config(epochs=3), folders

    def end(state):
        raise LookupError

    for step, saved in ((3, None), (5, None), (4, 4)):
        toys.at = {step: end}
        with pytest.raises(LookupError):
            go(folder, config, few)
        newest = Run(folder).newest_checkpoint()
        assert (newest and newest.step) == saved
    toys.at.clear()
    go(folder, config, few)
    straight, _ = go(folders[0], config, few)
    assert_same_values(straight, Run(folder))
