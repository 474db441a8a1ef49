import numpy as np
import pytest
from conftest import MODES, blank, untrained

import dcgan_tf
from dcgan_tf import checkpoint, errors, runs, saves, trained


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An untrained run of each mode, saved."""
    made = {}
    for mode in MODES:
        run, _ = untrained(tmp_path_factory.mktemp(mode) / "run", mode=mode, seed=3)
        made[mode] = run.folder
    return made


@pytest.mark.parametrize("mode", MODES)
def test_sample_draws_an_image_for_each_label(folders, mode):
    run = dcgan_tf.load(folders[mode])
    images = run.sample([2, 0, 2, 6], seed=1)
    assert images.shape == (4, 28, 28, 1)
    assert images.dtype == np.uint8
    assert not np.array_equal(images[0], images[2])  # each has noise of its own
    assert np.array_equal(images, dcgan_tf.load(str(folders[mode])).sample([2, 0, 2, 6], 1))
    assert not np.array_equal(images, run.sample([2, 0, 2, 6], seed=2))


def test_it_draws_with_the_averaged_generator(tmp_path):
    run, made = untrained(tmp_path / "run", lambda gan: blank(gan.generator), mode="cgan")
    averaged = dcgan_tf.load(run.folder).gan.drawn.get_weights()
    for weight, expected in zip(averaged, made.gan.drawn.get_weights(), strict=True):
        assert np.array_equal(weight, expected)


def test_it_draws_in_float32_whatever_the_run_was_trained_in(tmp_path):
    images = [
        trained.load(
            untrained(tmp_path / precision, mode="dcgan", precision=precision)[0].folder
        ).sample([1, 2])
        for precision in ("float32", "bfloat16")
    ]
    assert np.array_equal(*images)


@pytest.mark.parametrize("labels", [[10], [-1], [1.5], [], [[1]], ["2"]])
def test_labels_that_are_no_classes_are_refused(folders, labels):
    with pytest.raises(ValueError, match="labels must be"):
        dcgan_tf.load(folders["acgan"]).sample(labels)


def test_a_folder_without_a_run_or_a_checkpoint(tmp_path, small):
    with pytest.raises(errors.UsageError, match="holds no run"):
        dcgan_tf.load(tmp_path)
    runs.Run(tmp_path).write_config(small("dcgan"))
    with pytest.raises(errors.UsageError, match="has no checkpoint yet"):
        dcgan_tf.load(tmp_path)


def test_a_checkpoint_that_vanishes_meanwhile_is_no_error(folders, monkeypatch):
    """As when a run in progress removes the one that was just found."""
    run = runs.Run(folders["cgan"])
    newest = run.newest_checkpoint()
    gone = saves.Saved(run.checkpoints / "epoch_0099", 99, 99, newest.hashes)
    answers = iter([gone, newest])
    monkeypatch.setattr(runs.Run, "newest_checkpoint", lambda self: next(answers))
    assert dcgan_tf.load(folders["cgan"]).step == newest.step


def test_the_raw_generator_on_request(tmp_path):
    run, made = untrained(tmp_path / "run", lambda gan: blank(gan.drawn), mode="cgan")
    averaged = trained.load(run.folder).sample([1, 2])
    raw = trained.load(run.folder, averaged=False).sample([1, 2])
    assert not np.array_equal(averaged, raw)
    blank(made.gan.generator)
    checkpoint.save(made, run, saves.BEST, 3)
    best = trained.load(run.folder, averaged=False, which="best").sample([1, 2])
    assert np.array_equal(best, averaged)


def test_a_run_without_a_best_checkpoint_says_how_to_have_one(folders):
    with pytest.raises(errors.UsageError, match=r"no best checkpoint.*--evaluate_every"):
        trained.load(folders["acgan"], which="best")
