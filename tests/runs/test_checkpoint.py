"""Checkpoints: whole or absent, the newest intact one wins, restores are strict."""

import dataclasses
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
from dcgan_tf.support import atomic_files, errors
from dcgan_tf.training.train_state import TrainState, save_state

DROPPING = {"mode": "acgan", **KERAS}  # four dropout layers


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


def every_variable(state):
    """The state's variables, gathered from the objects that own them."""
    networks = (state.gan.generator, state.gan.discriminator, state.gan.ema_generator)
    optimizers = (state.generator_optimizer, state.discriminator_optimizer)
    owned = [v.value for owner in (*networks, *optimizers) for v in owner.variables]
    counters = (state.step, state.epoch, state.term_steps)
    return [*owned, *counters, *state.term_sums.values()]


def save(state, run, kind=manifest.REGULAR, keep=3, score=None):
    save_state(state, run, kind, keep=keep, score=score)


def save_epoch(state, run, epoch, kind=manifest.REGULAR, keep=1, score=None):
    """Saves it as of an epoch of ten steps."""
    state.epoch.assign(epoch)
    state.step.assign(10 * epoch)
    save(state, run, kind, keep, score)


def named(run):
    return sorted(path.name for path in run.checkpoints.iterdir())


def data_file(info):
    (path,) = info.folder.glob("state.data*")
    return path


def test_a_restored_state_equals_the_saved_one(run, small, trained_state):
    """Catches a variable that is not saved, as Keras's dropout counters once were not."""
    save(trained_state, run)
    restored = TrainState.create(small(**DROPPING))
    checkpoint.restore(restored.checkpoint(), run.newest_checkpoint())
    pairs = zip(every_variable(trained_state), every_variable(restored), strict=True)
    for saved, value in pairs:
        assert np.array_equal(saved, value), saved.name
    names = checkpoint_values(run.newest_checkpoint().prefix)
    assert sum("dropout" in name for name in names) == 4


@pytest.mark.parametrize("other", [{"mode": "cgan"}, {**DROPPING, "latent_dim": 7}])
def test_a_checkpoint_of_another_gan_is_refused(run, small, trained_state, other):
    """Catches a restore that sets what fits and keeps new weights for the rest."""
    save(trained_state, run)
    info = run.newest_checkpoint()
    state = TrainState.create(small(**other))
    with pytest.raises(errors.RunError, match=r"does not fit its run's config\.json"):
        checkpoint.restore(state.checkpoint(), info)
    with pytest.raises(errors.RunError, match="holds no generator and discriminator"):
        checkpoint.restore_networks(state.gan, info)


def test_a_checkpoint_that_lacks_a_part_is_refused(run, small, trained_state):
    """Catches networks that stay as they were made, where the file has none."""
    save(trained_state, run)
    folder = run.newest_checkpoint().folder
    for path in folder.glob("state*"):
        path.unlink()
    tf.train.Checkpoint(generator=trained_state.gan.generator).write(str(folder / "state"))
    info = manifest.CheckpointInfo(folder, step=1, epoch=1, run_id="", sha256={})
    state = TrainState.create(small(**DROPPING))
    with pytest.raises(errors.RunError, match="does not fit"):
        checkpoint.restore(state.checkpoint(), info)
    with pytest.raises(errors.RunError, match="holds no ema_generator"):
        checkpoint.restore_weights(info, ema_generator=state.gan.ema_generator)
    checkpoint.restore_weights(info, generator=state.gan.generator)


def test_the_newest_are_kept_and_a_latest_goes_with_the_next(run, trained_state):
    """Catches a disk that fills, and an order of names instead of steps."""
    for epoch, kind in (
        (1, manifest.REGULAR),
        (2, manifest.REGULAR),
        (3, manifest.LATEST),
        (4, manifest.LATEST),
    ):
        save_epoch(trained_state, run, epoch, kind, keep=2)
    assert named(run) == ["latest_00000040", "step_00000010", "step_00000020"]
    save_epoch(trained_state, run, 10_000, keep=2)
    assert named(run) == ["step_00000020", "step_00100000"]
    assert run.newest_checkpoint().epoch == 10_000


def test_the_newest_of_any_kind_is_gone_on_from(run, trained_state):
    """Saving a best removes the latest before it, so the best must stand in for it."""
    save_epoch(trained_state, run, 1)
    assert run.best_checkpoint() is None
    save_epoch(trained_state, run, 2, manifest.LATEST)
    save_epoch(trained_state, run, 3, manifest.BEST, score=0.5)
    assert named(run) == ["best_00000030", "step_00000010"]
    assert run.newest_checkpoint() == run.best_checkpoint()
    assert run.newest_checkpoint().step == 30
    save_epoch(trained_state, run, 4, manifest.LATEST)
    assert run.newest_checkpoint().step == 40
    assert run.best_checkpoint().step == 30
    save_epoch(trained_state, run, 5, manifest.BEST, score=0.75)
    assert named(run) == ["best_00000050", "step_00000010"]
    assert run.best_checkpoint().score == 0.75
    save_epoch(trained_state, run, 6)
    assert named(run) == ["best_00000050", "step_00000060"]
    assert run.newest_checkpoint().step == 60
    assert run.newest_checkpoint().score is None


def test_a_damaged_checkpoint_is_passed_over(run, trained_state, capsys):
    """Catches a run that goes on from bits that flipped, or does not go on at all."""
    for epoch in (1, 2):
        save_epoch(trained_state, run, epoch, keep=3)
    save_epoch(trained_state, run, 3, manifest.BEST, score=0.5, keep=3)
    data_file(run.best_checkpoint()).write_bytes(b"")
    assert run.best_checkpoint() is None
    assert run.newest_checkpoint().epoch == 2
    assert "best_00000030 is damaged" in capsys.readouterr().err
    flip(data_file(run.newest_checkpoint()), place=1000)
    assert run.newest_checkpoint().epoch == 1
    data_file(run.newest_checkpoint()).unlink()
    with pytest.raises(errors.RunError, match="every checkpoint"):
        run.newest_checkpoint()


@pytest.mark.parametrize("name", [b'"step": 2', b'"format": 3', b'"sha256": {\n    "'])
def test_a_flipped_bit_in_a_manifest_is_damage(run, trained_state, name):
    """Catches a manifest that is believed in what it says of other files."""
    for epoch in (1, 2):
        trained_state.epoch.assign(epoch)
        trained_state.step.assign(epoch)
        save(trained_state, run, score=0.5)
    path = run.checkpoints / "step_00000002" / "manifest.json"
    flip(path, place=path.read_bytes().index(name) + len(name) - 1)
    assert run.newest_checkpoint().epoch == 1


@pytest.mark.parametrize("hashes", [{}, [], {"state.index": "0"}, {"../../secret": "0"}])
def test_a_manifest_that_does_not_name_its_files_is_none(run, trained_state, hashes):
    """Or TensorFlow would read whatever lies there."""
    save(trained_state, run)
    path = run.newest_checkpoint().folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": hashes}))
    assert run.saved() == []


def test_a_checkpoint_of_version_0_3_is_read(run, trained_state, small):
    """Its manifest names a copy of config.json, and has a digest of its own."""
    save(trained_state, run)
    folder = run.newest_checkpoint().folder
    (folder / "run_config.json").write_text("{}")
    path = folder / "manifest.json"
    content = json.loads(path.read_text()) | {"digest": "of the content"}
    content["sha256"]["run_config.json"] = atomic_files.sha256(folder / "run_config.json")
    del content["seconds"]
    path.write_text(json.dumps(content))
    state = TrainState.create(small(**DROPPING))
    checkpoint.restore(state.checkpoint(), run.newest_checkpoint())
    (folder / "run_config.json").write_text("{ }")
    assert not run.saved()[0].is_intact()


def test_a_checkpoint_of_another_run_is_passed_over(tmp_path, small, trained_state, capsys):
    """As one that was copied into the folder, and is newer."""
    ours, theirs = Run(tmp_path / "ours"), Run(tmp_path / "theirs")
    for made, epoch in ((ours, 1), (theirs, 2)):
        made.write_config(RunConfig(small(**DROPPING)))
        save_epoch(trained_state, made, epoch)
    copied = theirs.newest_checkpoint().folder
    shutil.copytree(copied, ours.checkpoints / copied.name)
    assert ours.newest_checkpoint().step == 10
    assert "step_00000020 is damaged or of another run" in capsys.readouterr().err
    assert [i.folder.name for i in ours.saved(foreign=True)] == ["step_00000020"]
    shutil.rmtree(ours.checkpoints / "step_00000010")
    with pytest.raises(errors.RunError, match="of another run"):
        ours.newest_checkpoint()


def test_a_save_that_fails_leaves_the_earlier_and_no_leftover(
    run, trained_state, monkeypatch
):
    """Catches a full disk that costs the checkpoint before."""
    save_epoch(trained_state, run, 1)
    trained_state.step.assign(20)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files, "sync", full)
    with pytest.raises(errors.RunError, match=r"00000020 could not be saved.*No space"):
        save(trained_state, run)
    assert named(run) == ["step_00000010"]
    assert run.newest_checkpoint().epoch == 1


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_no_damage(
    run, trained_state, monkeypatch, capsys
):
    """As when a run in progress saves, and removes what a reader has just found."""
    save_epoch(trained_state, run, 1)
    hash_of = atomic_files.sha256

    def replace_first(path):
        monkeypatch.setattr(atomic_files, "sha256", hash_of)
        save_epoch(trained_state, run, 2)
        return hash_of(path)

    monkeypatch.setattr(atomic_files, "sha256", replace_first)
    assert run.newest_checkpoint().epoch == 2
    assert capsys.readouterr().err == ""


def test_what_a_killed_save_left_is_no_checkpoint(run, trained_state, monkeypatch):
    """Catches half a checkpoint that is gone on from, or stands in the next one's way."""
    monkeypatch.setattr(atomic_files.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(manifest, "write", killed)
    trained_state.step.assign(30)
    with pytest.raises(KeyboardInterrupt):
        save(trained_state, run)
    monkeypatch.undo()
    (leftover,) = run.checkpoints.iterdir()
    assert ".tmp" in leftover.name
    assert run.newest_checkpoint() is None
    save_epoch(trained_state, run, 3)
    assert run.newest_checkpoint().step == 30
    atomic_files.remove_leftovers(run.checkpoints)
    assert named(run) == ["step_00000030"]


def killed(*_, **__):
    raise KeyboardInterrupt


def flip(path, *, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("part", ["state.data-00000-of-00001", "state.index"])
@pytest.mark.parametrize(
    "damage", [lambda path: flip(path, place=100), lambda path: path.unlink()]
)
def test_whatever_tensorflow_raises_for_damage_is_one_error(
    run, small, trained_state, part, damage
):
    """The hashes are not looked at again, so that it is TensorFlow that finds it."""
    save(trained_state, run)
    info = run.newest_checkpoint()
    damage(info.folder / part)
    with pytest.raises(errors.RunError, match="does not fit"):
        checkpoint.restore(TrainState.create(small(**DROPPING)).checkpoint(), info)


def test_what_else_lies_among_the_checkpoints_is_left_alone(run, trained_state):
    """Catches a user's own folder that goes with old checkpoints."""
    save(trained_state, run)
    (run.checkpoints / ".DS_Store").touch()
    (run.checkpoints / "notes").mkdir()
    assert len(run.checkpoint_folders()) == 1
    run.remove_checkpoints(beyond=int(trained_state.step))
    assert len(run.checkpoint_folders()) == 1
    run.remove_checkpoints(beyond=int(trained_state.step) - 1)
    assert named(run) == [".DS_Store", "notes"]


def test_a_manifest_that_lies_of_its_step_is_refused(run, small, trained_state):
    """Catches a run whose data order would not be that of its weights."""
    save(trained_state, run)
    lying = dataclasses.replace(run.newest_checkpoint(), step=1)
    with pytest.raises(errors.RunError, match="not 1"):
        checkpoint.restore(TrainState.create(small(**DROPPING)).checkpoint(), lying)


@pytest.mark.parametrize("half_life", [0, 100])
def test_networks_alone_come_from_a_run_with_an_ema(run, trained_state, half_life):
    """Catches a new run that begins with the EMA's weights, or without them."""
    save(trained_state, run)
    gan = build.build(new_config(**DROPPING, ema_half_life=half_life))
    checkpoint.restore_networks(gan, run.newest_checkpoint())
    assert_same_weights(gan.generator, trained_state.gan.generator)
    assert_same_weights(gan.discriminator, trained_state.gan.discriminator)
    if half_life:
        assert_same_weights(gan.ema_generator, trained_state.gan.ema_generator)


def test_an_ema_begins_at_the_weights_of_a_run_that_keeps_none(run, small):
    """Catches an EMA of new weights in a run that goes on from trained ones."""
    parent = TrainState.create(small("cgan", ema_half_life=0, seed=3))
    save(parent, run)
    gan = build.build(small("cgan", ema_half_life=100))
    checkpoint.restore_networks(gan, run.newest_checkpoint())
    for network in (gan.generator, gan.ema_generator):
        assert_same_weights(network, parent.gan.generator)


def assert_same_weights(network, other):
    for weight, expected in zip(network.weights, other.weights, strict=True):
        assert np.array_equal(weight, expected)
