import dataclasses
import json
import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from same_runs import checkpoint_values

from dcgan_tf import checkpoint, errors, runs, saves, state

DROPPING = {"mode": "acgan", "architecture": "convolutional"}  # four dropout layers


@pytest.fixture
def run(tmp_path):
    return runs.Run(tmp_path / "run")


@pytest.fixture(scope="module")
def trained_state():
    """A state of which no variable has its first value."""
    from dcgan_tf import settings

    said = {**DROPPING, "average_half_life": 100}
    made = state.create(settings.new(said, dataset="mnist", classes=10))
    generator = np.random.default_rng(0)
    for variable in every_variable(made):
        variable.assign(tf.cast(generator.integers(1, 99, variable.shape), variable.dtype))
    return made


def every_variable(made):
    """The state's variables, gathered from the objects that own them."""
    networks = (made.gan.generator, made.gan.discriminator, made.gan.drawn)
    optimizers = (made.generator_optimizer, made.discriminator_optimizer)
    owned = [v.value for owner in (*networks, *optimizers) for v in owner.variables]
    return [*owned, made.step, made.epoch, made.summed, *made.sums.values()]


def test_a_restored_state_equals_the_saved_one(run, small, trained_state):
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    restored = state.create(small(**DROPPING))
    checkpoint.restore(restored, run.newest_checkpoint())
    pairs = zip(every_variable(trained_state), every_variable(restored), strict=True)
    for saved, found in pairs:
        assert np.array_equal(saved, found), saved.name
    # Each of the four dropout layers has a counter, which Keras does not track.
    names = checkpoint_values(run.newest_checkpoint().prefix)
    assert sum("dropout" in name for name in names) == 4


def test_a_checkpoint_of_another_gan_is_refused(run, small, trained_state):
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    for other in (
        state.create(small("cgan")),
        state.create(small(**DROPPING, noise_size=7)),
    ):
        with pytest.raises(errors.RunError, match="does not fit its run's config"):
            checkpoint.restore(other, run.newest_checkpoint())


def test_a_checkpoint_that_lacks_a_part_is_refused(run, small, trained_state):
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    folder = run.newest_checkpoint().folder
    for path in folder.glob("state*"):
        path.unlink()
    tf.train.Checkpoint(generator=trained_state.gan.generator).write(str(folder / "state"))
    saved = saves.Saved(folder, step=1, epoch=1, hashes={})
    with pytest.raises(errors.RunError, match="does not fit"):
        checkpoint.restore(state.create(small(**DROPPING)), saved)


def named(run):
    return sorted(path.name for path in run.checkpoints.iterdir())


def test_the_newest_are_kept_and_one_in_between_goes_with_the_next(run, trained_state):
    for epoch, family in (
        (1, saves.REGULAR),
        (2, saves.REGULAR),
        (3, saves.LATEST),
        (4, saves.LATEST),
    ):
        trained_state.epoch.assign(epoch)
        trained_state.step.assign(10 * epoch)
        checkpoint.save(trained_state, run, family, 2)
    assert named(run) == ["latest_00000040", "step_00000010", "step_00000020"]
    trained_state.epoch.assign(10_000)
    trained_state.step.assign(100_000)
    checkpoint.save(trained_state, run, saves.REGULAR, 2)
    assert named(run) == ["step_00000020", "step_00100000"]
    assert run.newest_checkpoint().epoch == 10_000


def test_a_save_that_fails_leaves_the_earlier_and_no_leftover(
    run, trained_state, monkeypatch
):
    save_epoch(trained_state, run, 1)
    trained_state.step.assign(20)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.files, "sync", full)
    with pytest.raises(errors.RunError, match=r"could not be saved.*No space left"):
        checkpoint.save(trained_state, run, saves.REGULAR, 3)
    assert named(run) == ["step_00000010"]
    assert run.newest_checkpoint().epoch == 1


def test_a_damaged_checkpoint_is_passed_over(run, trained_state, capsys):
    for epoch in (1, 2):
        trained_state.epoch.assign(epoch)
        trained_state.step.assign(epoch)
        checkpoint.save(trained_state, run, saves.REGULAR, 3)
    flip(next((run.checkpoints / "step_00000002").glob("state.data*")), place=1000)
    assert run.newest_checkpoint().epoch == 1
    assert "step_00000002 is damaged" in capsys.readouterr().err
    next((run.checkpoints / "step_00000001").glob("state.data*")).write_bytes(b"")
    with pytest.raises(errors.RunError, match="every checkpoint"):
        run.newest_checkpoint()


def save_epoch(made, run, epoch):
    made.epoch.assign(epoch)
    made.step.assign(10 * epoch)
    checkpoint.save(made, run, saves.REGULAR, 1)


def test_one_that_is_replaced_while_it_is_read_is_no_damage(
    run, trained_state, monkeypatch, capsys
):
    """As when a run in progress saves, and removes what a reader has just found."""
    save_epoch(trained_state, run, 1)
    hash_of = saves.sha256

    def replace_first(path):
        monkeypatch.setattr(saves, "sha256", hash_of)
        save_epoch(trained_state, run, 2)
        return hash_of(path)

    monkeypatch.setattr(saves, "sha256", replace_first)
    assert run.newest_checkpoint().epoch == 2
    assert capsys.readouterr().err == ""


def test_leftovers_of_a_killed_save_are_no_checkpoint(run, trained_state):
    leftover = run.checkpoints / "step_00000030.tmp"
    leftover.mkdir(parents=True)
    (leftover / "manifest.json").write_text("{}")
    assert run.newest_checkpoint() is None
    save_epoch(trained_state, run, 3)
    assert named(run) == ["step_00000030"]


def test_a_manifest_cannot_point_out_of_its_folder(run, trained_state, capsys):
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    manifest = pathlib.Path(run.newest_checkpoint().folder, "manifest.json")
    content = json.loads(manifest.read_text())
    content["sha256"]["../../secret"] = "0"
    manifest.write_text(json.dumps(content))
    with pytest.raises(errors.RunError, match="every checkpoint"):
        run.newest_checkpoint()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1000])


def flip(path, *, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def of_other_shapes(path):
    """A checkpoint of the same names, written by the same code, of smaller networks."""
    from dcgan_tf import settings

    said = {**DROPPING, "average_half_life": 100, "noise_size": 3}
    other = state.create(settings.new(said, dataset="mnist", classes=10))
    other.checkpoint().write(str(path.with_name("state")))


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("state.data-00000-of-00001", cut_short),
        ("state.data-00000-of-00001", lambda path: flip(path, place=1000)),
        ("state.data-00000-of-00001", lambda path: path.unlink()),
        ("state.data-00000-of-00001", lambda path: path.write_bytes(b"")),
        ("state.index", lambda path: path.write_bytes(path.read_bytes()[:-100])),
        ("state.index", lambda path: flip(path, place=100)),
        ("state.index", lambda path: path.unlink()),
        ("state.index", of_other_shapes),
    ],
)
def test_whatever_tensorflow_raises_for_damage_is_one_error(
    run, small, trained_state, part, damage
):
    """With hashes that fit the damage, so that it is TensorFlow that finds it."""
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    saved = run.newest_checkpoint()
    damage(saved.folder / part)
    config = small(**DROPPING)
    with pytest.raises(errors.RunError, match="does not fit"):
        checkpoint.restore(state.create(config), saved)


@pytest.mark.parametrize("name", [b'"step": 2', b'"epoch": 2', b'"format"', b'"digest": "'])
def test_a_flipped_bit_in_a_manifest_is_damage(run, trained_state, name, capsys):
    for epoch in (1, 2):
        trained_state.epoch.assign(epoch)
        trained_state.step.assign(epoch)
        checkpoint.save(trained_state, run, saves.REGULAR, 3)
    path = run.checkpoints / "step_00000002" / "manifest.json"
    flip(path, place=path.read_bytes().index(name) + len(name) - 1)
    assert run.newest_checkpoint().epoch == 1
    assert "step_00000002 is damaged" in capsys.readouterr().err


def test_a_manifest_that_names_no_files_vouches_for_none(run, trained_state):
    """Or TensorFlow would read whatever lies there."""
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    path = run.newest_checkpoint().folder / "manifest.json"
    content = json.loads(path.read_text())
    del content["digest"]
    for hashes in ({}, [], {"state.index": "0"}, {"other": "0"}):
        path.write_text(json.dumps({**content, "sha256": hashes}))
        assert run.saved() == []


def test_what_else_lies_among_the_checkpoints_is_left_alone(run, trained_state):
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    (run.checkpoints / ".DS_Store").touch()
    (run.checkpoints / "notes").mkdir()
    assert len(run.checkpoint_folders()) == 1
    run.remove_checkpoints(beyond=int(trained_state.step))
    assert len(run.checkpoint_folders()) == 1
    run.remove_checkpoints(beyond=int(trained_state.step) - 1)
    assert named(run) == [".DS_Store", "notes"]


def test_a_manifest_that_lies_of_its_step_is_refused(run, small, trained_state):
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    lying = dataclasses.replace(run.newest_checkpoint(), step=1)
    config = small(**DROPPING)
    with pytest.raises(errors.RunError, match="not 1"):
        checkpoint.restore(state.create(config), lying)


def test_an_index_that_promises_more_than_there_is_is_refused(run, small, trained_state):
    """Before TensorFlow makes room for it."""
    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    saved = run.newest_checkpoint()
    (data,) = saved.folder.glob("state.data*")
    os.truncate(data, 1000)
    with pytest.raises(errors.RunError, match="is said to have the shape"):
        checkpoint.restore_generator(trained_state.gan.drawn, saved, averaged=True)


def test_networks_alone_come_from_a_run_with_and_without_an_average(run, trained_state):
    from dcgan_tf import gans, settings

    checkpoint.save(trained_state, run, saves.REGULAR, 3)
    for half_life in (0, 100):
        said = {**DROPPING, "average_half_life": half_life}
        gan = gans.build(settings.new(said, dataset="mnist", classes=10))
        checkpoint.restore_networks(gan, run.newest_checkpoint())
        sources = [(gan.generator, trained_state.gan.generator)]
        sources.append((gan.discriminator, trained_state.gan.discriminator))
        if half_life:
            sources.append((gan.drawn, trained_state.gan.drawn))
        for made, source in sources:
            for weight, saved in zip(made.weights, source.weights, strict=True):
                assert np.array_equal(weight, saved)


def test_an_average_begins_at_the_weights_of_a_run_that_keeps_none(run, small):
    from dcgan_tf import gans

    ancestor = state.create(small("cgan", average_half_life=0, seed=3))
    checkpoint.save(ancestor, run, saves.REGULAR, 3)
    gan = gans.build(small("cgan", average_half_life=100))
    checkpoint.restore_networks(gan, run.newest_checkpoint())
    for network in (gan.generator, gan.drawn):
        for weight, saved in zip(
            network.weights, ancestor.gan.generator.weights, strict=True
        ):
            assert np.array_equal(weight, saved)
