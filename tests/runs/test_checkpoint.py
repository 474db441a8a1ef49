"""Checkpoints: whole or absent, the newest intact one wins, restores are strict."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from conftest import KERAS, new_config
from same_runs import checkpoint_values

from dcgan_tf.gans import build
from dcgan_tf.runs import checkpoint, manifest
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.runs.manifest import BEST, LATEST, REGULAR
from dcgan_tf.support import atomic_files, errors
from dcgan_tf.training.train_state import TrainState, save_state

DROPPING = {"mode": "acgan", **KERAS}  # four dropout layers
DATA = "state.data-00000-of-00001"


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


@pytest.fixture(scope="module")
def trained_state():
    """A state of which no variable has its first value."""
    state = TrainState.create(new_config(**DROPPING, ema_half_life=100))
    generator = np.random.default_rng(0)
    for variable in every_variable(state):
        variable.assign(tf.cast(generator.integers(1, 99, variable.shape), variable.dtype))
    return state


@pytest.fixture(scope="module")
def new_state():
    """A state to read checkpoints into."""
    return TrainState.create(new_config(**DROPPING, ema_half_life=100))


def every_variable(state):
    """The state's variables, gathered from the objects that own them."""
    networks = (state.gan.generator, state.gan.discriminator, state.gan.ema_generator)
    optimizers = (state.generator_optimizer, state.discriminator_optimizer)
    owned = [v.value for owner in (*networks, *optimizers) for v in owner.variables]
    counters = (state.step, state.epoch, state.term_steps)
    return [*owned, *counters, *state.term_sums.values()]


def save(state, run, epoch, kind=REGULAR, keep=1, score=None):
    """Saves the state as of an epoch of ten steps, and returns the checkpoint's folder."""
    state.epoch.assign(epoch)
    state.step.assign(10 * epoch)
    save_state(state, run, kind, keep=keep, score=score)
    return run.checkpoints / manifest.name(kind, 10 * epoch)


def names(run):
    return sorted(path.name for path in run.checkpoints.iterdir())


def flip(path, *, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def flip_in_manifest(folder, text):
    path = folder / manifest.MANIFEST
    flip(path, place=path.read_bytes().index(text) + len(text) - 1)


def change_manifest(folder, **changes):
    path = folder / manifest.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_restored_state_equals_the_saved_one(run, trained_state, new_state):
    """Catches a variable that is not saved, as Keras's dropout counters once were not."""
    save(trained_state, run, 1)
    checkpoint.restore(new_state.checkpoint(), run.newest_checkpoint())
    pairs = zip(every_variable(trained_state), every_variable(new_state), strict=True)
    for saved, value in pairs:
        assert np.array_equal(saved, value), saved.name
    values = checkpoint_values(run.newest_checkpoint().prefix)
    assert sum("dropout" in name for name in values) == 4


@pytest.mark.parametrize("other", [{"mode": "cgan"}, {**DROPPING, "latent_dim": 7}])
def test_a_checkpoint_of_another_gan_is_refused(run, small, trained_state, other):
    """Catches a restore that sets what fits and keeps new weights for the rest."""
    save(trained_state, run, 1)
    state, info = TrainState.create(small(**other)), run.newest_checkpoint()
    with pytest.raises(errors.RunError, match=r"does not fit its run's config\.json"):
        checkpoint.restore(state.checkpoint(), info)
    with pytest.raises(errors.RunError, match=r"does not fit its run's config\.json"):
        checkpoint.restore_networks(state.gan, info)


def test_a_checkpoint_that_lacks_a_part_is_refused(run, trained_state, new_state):
    """Catches networks that stay as they were made, where the file has none."""
    folder = save(trained_state, run, 1)
    info = run.newest_checkpoint()
    for path in folder.glob("state*"):
        path.unlink()
    tf.train.Checkpoint(generator=trained_state.gan.generator).write(str(folder / "state"))
    with pytest.raises(errors.RunError, match="does not fit"):
        checkpoint.restore(new_state.checkpoint(), info)
    with pytest.raises(errors.RunError, match="in ema_generator"):
        checkpoint.restore_weights(info, ema_generator=new_state.gan.ema_generator)
    checkpoint.restore_weights(info, generator=new_state.gan.generator)


def test_the_newest_of_any_kind_counts_and_each_kind_is_kept_its_own_way(
    run, trained_state
):
    """Catches a disk that fills, an order of names instead of steps, and a best or a latest
    that goes before another stands in for it.
    """
    for epoch, kind, left, best in (
        (1, REGULAR, "step_00000010", None),
        (2, REGULAR, "step_00000010 step_00000020", None),
        (3, LATEST, "latest_00000030 step_00000010 step_00000020", None),
        (4, LATEST, "latest_00000040 step_00000010 step_00000020", None),
        (5, BEST, "best_00000050 step_00000010 step_00000020", 5),
        (6, LATEST, "best_00000050 latest_00000060 step_00000010 step_00000020", 5),
        (7, BEST, "best_00000070 step_00000010 step_00000020", 7),
        (10_000, REGULAR, "best_00000070 step_00000020 step_00100000", 7),
    ):
        score = epoch / 10 if kind == BEST else None
        save(trained_state, run, epoch, kind, keep=2, score=score)
        assert names(run) == left.split()
        newest, found = run.newest_checkpoint(), run.best_checkpoint()
        assert (newest.epoch, newest.kind, newest.score) == (epoch, kind, score)
        assert (found and (found.epoch, found.score)) == (best and (best, best / 10))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / DATA).write_bytes(b""),
        lambda folder: (folder / DATA).unlink(),
        lambda folder: flip(folder / DATA, place=1000),
        lambda folder: flip_in_manifest(folder, b'"step": 2'),
        lambda folder: flip_in_manifest(folder, b'"format": 3'),
        lambda folder: flip_in_manifest(folder, b'"sha256": {\n    "'),
        # Or TensorFlow would read whatever lies there.
        lambda folder: change_manifest(folder, sha256={}),
        lambda folder: change_manifest(folder, sha256=[]),
        lambda folder: change_manifest(folder, sha256={"../../secret": "0"}),
    ],
)
def test_a_damaged_checkpoint_is_passed_over(run, trained_state, capsys, damage):
    """Catches a run that goes on from bits that flipped, or does not go on at all."""
    first, second = (save(trained_state, run, epoch, keep=2) for epoch in (1, 2))
    damage(second)
    assert run.newest_checkpoint().folder == first
    assert f"{second} is damaged" in capsys.readouterr().err
    (first / DATA).unlink()
    with pytest.raises(errors.RunError, match="every checkpoint"):
        run.newest_checkpoint()


def test_a_checkpoint_of_version_0_3_is_read(run, trained_state, new_state):
    """Its manifest names a copy of config.json, and has a digest of its own."""
    folder = save(trained_state, run, 1)
    copy = folder / manifest.CONFIG_COPY
    copy.write_text("{}")
    hashes = {path.name: atomic_files.sha256(path) for path in folder.iterdir()}
    del hashes[manifest.MANIFEST]
    change_manifest(folder, sha256=hashes, digest="of the content")
    checkpoint.restore(new_state.checkpoint(), run.newest_checkpoint())
    copy.write_text("{ }")
    assert not run.saved()[0].is_intact()


def test_a_checkpoint_of_another_run_is_passed_over(tmp_path, small, trained_state, capsys):
    """Catches a run that goes on from what was copied into its folder, and is newer."""
    ours, theirs = Run(tmp_path / "ours"), Run(tmp_path / "theirs")
    for made in (ours, theirs):
        made.write_config(RunConfig(small(**DROPPING)))
    own, other = save(trained_state, ours, 1), save(trained_state, theirs, 2)
    shutil.copytree(other, ours.checkpoints / other.name)
    assert ours.newest_checkpoint().step == 10
    assert "step_00000020 is damaged or of another run" in capsys.readouterr().err
    assert [i.folder.name for i in ours.saved(foreign=True)] == ["step_00000020"]
    shutil.rmtree(own)
    with pytest.raises(errors.RunError, match="of another run"):
        ours.newest_checkpoint()


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_no_damage(
    run, trained_state, monkeypatch, capsys
):
    """As when a run in progress saves, and removes what a reader has just found."""
    save(trained_state, run, 1)
    hash_of = atomic_files.sha256

    def replace_first(path):
        monkeypatch.setattr(atomic_files, "sha256", hash_of)
        save(trained_state, run, 2)
        return hash_of(path)

    monkeypatch.setattr(atomic_files, "sha256", replace_first)
    assert run.newest_checkpoint().epoch == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("part", [DATA, "state.index"])
@pytest.mark.parametrize(
    "damage", [lambda path: flip(path, place=100), lambda path: path.unlink()]
)
def test_whatever_tensorflow_raises_for_damage_is_one_error(
    run, trained_state, new_state, part, damage
):
    """Catches a traceback for damage that comes after the hashes were looked at."""
    folder, info = save(trained_state, run, 1), run.newest_checkpoint()
    damage(folder / part)
    with pytest.raises(errors.RunError, match="does not fit"):
        checkpoint.restore(new_state.checkpoint(), info)


@pytest.mark.parametrize(("parents", "own"), [(100, 0), (100, 100), (0, 100)])
def test_networks_alone_come_from_a_run_with_or_without_an_ema(
    run, trained_state, parents, own
):
    """Catches a new run that begins with the EMA's weights, or whose EMA has new ones."""
    parent = trained_state
    if not parents:
        parent = TrainState.create(new_config(**DROPPING, ema_half_life=0, seed=3))
    save(parent, run, 1)
    gan = build.build(new_config(**DROPPING, ema_half_life=own))
    checkpoint.restore_networks(gan, run.newest_checkpoint())
    expected = parent.gan.ema_generator if own else parent.gan.generator
    assert_same_weights(gan.ema_generator, expected)
    for name in ("generator", "discriminator"):
        assert_same_weights(getattr(gan, name), getattr(parent.gan, name))


def assert_same_weights(network, other):
    for weight, expected in zip(network.weights, other.weights, strict=True):
        assert np.array_equal(weight, expected)
