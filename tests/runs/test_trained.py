"""A run's generator: what it samples, mixes and refuses."""

import dataclasses

import numpy as np
import pytest
from conftest import MODES, blank, untrained

import dcgan_tf
from dcgan_tf.runs import manifest, trained
from dcgan_tf.runs.folder import Parent, Run, RunConfig
from dcgan_tf.support import errors
from dcgan_tf.training.train_state import save_state


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An untrained run of each mode, saved."""
    made = {}
    for mode in MODES:
        run, _ = untrained(tmp_path_factory.mktemp(mode) / "run", mode=mode, seed=3)
        made[mode] = run.folder
    return made


@pytest.mark.parametrize("mode", MODES)
def test_sample_generates_an_image_for_each_label(folders, mode):
    """Catches latents that repeat, or a seed that does not decide."""
    run = dcgan_tf.load(folders[mode])
    images = run.sample([2, 0, 2, 6], seed=1)
    assert images.shape == (4, 28, 28, 1)
    assert images.dtype == np.uint8
    assert not np.array_equal(images[0], images[2])  # each has latents of its own
    assert np.array_equal(images, dcgan_tf.load(str(folders[mode])).sample([2, 0, 2, 6], 1))
    assert not np.array_equal(images, run.sample([2, 0, 2, 6], seed=2))


def test_it_generates_with_the_ema(tmp_path):
    """Catches images of the generator as it was last trained."""
    run, state = untrained(tmp_path / "run", lambda gan: blank(gan.generator), mode="cgan")
    loaded = dcgan_tf.load(run.folder).gan.ema_generator.get_weights()
    for weight, expected in zip(loaded, state.gan.ema_generator.get_weights(), strict=True):
        assert np.array_equal(weight, expected)


def test_it_generates_in_float32_whatever_the_run_was_trained_in(tmp_path):
    """Catches images that differ between machines."""
    images = [
        trained.load(
            untrained(tmp_path / precision, mode="dcgan", precision=precision)[0].folder
        ).sample([1, 2])
        for precision in ("float32", "bfloat16")
    ]
    assert np.array_equal(*images)


def named(run, names):
    """The run, as if its classes had names."""
    config = run.config.model_copy(update={"class_names": names})
    return dataclasses.replace(run, config=config)


def test_labels_may_be_names(folders):
    """Catches a name that is taken for another class's number."""
    run = dcgan_tf.load(folders["cgan"])
    expected = run.sample([3, 1, 3])
    assert np.array_equal(run.sample(["3", "1", "3"]), expected)
    animals = named(run, ["ant", "bee", "cat", "dog", "elk", *"fghij"])
    assert np.array_equal(animals.sample(["dog", "bee", "dog"]), expected)
    assert np.array_equal(animals.sample([3, 1, 3]), expected)
    for unknown in (["dog", "cow"], [10], ["3"]):
        with pytest.raises(ValueError, match="from 0 to 9, or names: ant, bee, cat, dog, "):
            animals.sample(unknown)


def test_blocks_are_what_sample_returns(folders):
    """Catches a block of another size, which rounds otherwise."""
    run = dcgan_tf.load(folders["cgan"])
    labels = np.arange(1001) % 10
    blocks = list(run.sample_blocks(labels, seed=4))
    assert [len(block) for block in blocks] == [1000, 1]
    assert np.array_equal(np.concatenate(blocks), run.sample(labels, seed=4))


def test_latents_may_be_given(folders):
    """Catches latents that are replaced by those of the seed."""
    run = dcgan_tf.load(folders["cgan"])
    latents = run.sample_latents(3, seed=5)
    assert (latents.shape, latents.dtype) == ((3, 100), np.float32)
    expected = run.sample([1, 2, 3], seed=5)
    assert np.array_equal(run.sample([1, 2, 3], latents=latents), expected)
    assert np.array_equal(run.sample([3, 2], latents=latents[[2, 1]]), expected[[2, 1]])
    alone = dcgan_tf.load(folders["dcgan"])
    assert np.array_equal(alone.sample(latents=latents), alone.sample([0] * 3, seed=5))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "labels or class_weights: give one of them"),
        ({"latents": np.zeros((2, 100))}, "labels or class_weights: give one"),
        ({"labels": [1], "class_weights": np.eye(10)[:1]}, "give one of them"),
        ({"labels": [1], "latents": np.zeros((2, 100))}, r"\[1, 100\], these are \[2, 100"),
        ({"labels": [1], "latents": np.zeros((1, 99))}, r"\[1, 100\], these are \[1, 99\]"),
        ({"labels": [1], "latents": np.full((1, 100), np.nan)}, "finite numbers"),
        ({"class_weights": np.full((1, 9), 1 / 9)}, r"\[N, 10\], at least 0, and add up"),
        ({"class_weights": [[2, -1, *[0] * 8]]}, "at least 0"),
        ({"class_weights": [[0.5, 0.4, *[0] * 8]]}, "add up to 1"),
        ({"class_weights": [[np.nan, 1, *[0] * 8]]}, "at least 0"),
        ({"class_weights": np.zeros((0, 10))}, r"\[N, 10\]"),
    ],
)
def test_what_cannot_be_generated_from_is_refused(folders, given, told):
    """Catches shapes and values that TensorFlow would broadcast, or take for NaN."""
    with pytest.raises(ValueError, match=told):
        dcgan_tf.load(folders["cgan"]).sample(**given)


def test_a_run_without_classes_mixes_none(folders):
    """Catches classes that are ignored without a word."""
    run = dcgan_tf.load(folders["dcgan"])
    for mix in (lambda: run.morph([3, 8]), lambda: run.sample(class_weights=np.eye(10))):
        with pytest.raises(ValueError, match="mode dcgan, whose generator has no classes"):
            mix()


@pytest.mark.parametrize("mode", MODES)
def test_an_interpolation_begins_with_what_is_sampled(folders, mode):
    """Catches a path that misses its ends or its loop."""
    run = dcgan_tf.load(folders[mode])
    images = run.interpolate([3, 8], steps=4, seed=2)
    assert images.shape == (2, 4, 28, 28, 1)
    assert np.array_equal(images[:, 0], run.sample([3, 8], seed=2))
    ends = run.sample_latents(4, seed=2)[2:]
    assert np.array_equal(images[:, -1], run.sample([3, 8], latents=ends))
    assert not np.array_equal(images[:, 1], images[:, 0])
    loop = run.interpolate([3, 8], steps=4, seed=2, stops=3, closed=True)
    assert loop.shape == (2, 9, 28, 28, 1)
    assert np.array_equal(loop[:, 0], images[:, 0])
    with pytest.raises(ValueError, match="steps must be a whole number from 2"):
        run.interpolate([3], steps=1)
    with pytest.raises(ValueError, match="stops must be a whole number from 2"):
        run.interpolate([3], stops=0)
    with pytest.raises(ValueError, match="labels must be a list"):
        run.interpolate([])


def test_a_morph_has_the_classes_at_its_stops(folders):
    """Catches a mixture that is no class where it should be one."""
    run = dcgan_tf.load(folders["cgan"])
    images = run.morph([3, "8", 1], steps=3, seed=2, count=3)
    assert images.shape == (3, 5, 28, 28, 1)
    latents = run.sample_latents(3, seed=2)
    for place, label in ((0, 3), (2, 8), (4, 1)):
        plain = run.sample([label] * 3, latents=latents)
        assert np.array_equal(images[:, place], plain)
        assert not np.array_equal(images[:, 1], plain)


def test_a_run_says_what_it_is(folders):
    """Catches a repr of all its weights in a notebook."""
    run = dataclasses.replace(dcgan_tf.load(folders["acgan"]), step=14_055)
    assert repr(run) == ("Run(acgan on digits, 28x28x1, 10 classes, step 14,055)")
    assert repr(dcgan_tf.load(folders["dcgan"])) == (
        "Run(dcgan on digits, 28x28x1, step 0)"
    )


@pytest.mark.parametrize("labels", [[10], [-1], [1.5], [], [[1]], ["x"], [True], [None]])
def test_labels_that_are_no_classes_are_refused(folders, labels):
    """Catches a label that is rounded, wraps around or reaches TensorFlow."""
    with pytest.raises(ValueError, match="labels must be"):
        dcgan_tf.load(folders["acgan"]).sample(labels)


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5, "1"])
def test_seeds_have_the_range_of_the_command_line(folders, seed):
    """Catches a seed that TensorFlow would wrap around."""
    with pytest.raises(ValueError, match="seed must be a whole number from 0 to"):
        dcgan_tf.load(folders["dcgan"]).sample([0], seed=seed)


def test_a_folder_without_a_run_or_a_checkpoint(tmp_path, small):
    """Catches a traceback for a run that has not saved yet."""
    with pytest.raises(errors.UsageError, match="holds no run"):
        dcgan_tf.load(tmp_path)
    Run(tmp_path).write_config(RunConfig(small("dcgan")))
    with pytest.raises(errors.UsageError, match="holds no checkpoint yet"):
        dcgan_tf.load(tmp_path)


def test_a_checkpoint_that_vanishes_meanwhile_is_no_error(folders, monkeypatch):
    """As when a run in progress removes the one that was just found."""
    run = Run(folders["cgan"])
    newest = run.newest_checkpoint()
    folder = run.checkpoints / "step_00000099"
    gone = dataclasses.replace(newest, folder=folder, step=99)
    answers = iter([gone, newest])
    monkeypatch.setattr(Run, "newest_checkpoint", lambda self: next(answers))
    assert dcgan_tf.load(folders["cgan"]).step == newest.step
    assert next(answers, None) is None


def test_the_generator_itself_and_the_best_on_request(tmp_path):
    """Catches --ema=false and --which=best that are ignored."""
    run, state = untrained(
        tmp_path / "run", lambda gan: blank(gan.ema_generator), mode="cgan"
    )
    blank_images = trained.load(run.folder).sample([1, 2])
    raw = trained.load(run.folder, ema=False).sample([1, 2])
    assert not np.array_equal(blank_images, raw)
    blank(state.gan.generator)
    save_state(state, run, manifest.BEST, keep=3, score=0.5)
    best = trained.load(run.folder, ema=False, which="best").sample([1, 2])
    assert np.array_equal(best, blank_images)
    assert np.array_equal(trained.load(run.folder, ema=False).sample([1, 2]), raw)


def test_a_run_without_a_best_checkpoint_says_how_to_have_one(folders):
    """Catches a traceback for a run without evaluations."""
    with pytest.raises(errors.UsageError, match=r"no best checkpoint.*--evaluate_every"):
        trained.load(folders["acgan"], which="best")


def test_the_very_checkpoint_of_the_parent_is_found_or_missed(folders):
    """A checkpoint of the same step, but of other content, is another one."""
    run, gan = Run(folders["cgan"]), trained.load(folders["cgan"]).gan
    parent = Parent(str(run.folder), 0, run.newest_checkpoint().manifest_hash)
    trained.restore_parent(gan, parent)
    expected, weights = gan.ema_generator.get_weights(), gan.generator.get_weights()
    for weight, other in zip(weights, expected, strict=True):
        assert np.array_equal(weight, other)
    with pytest.raises(errors.RunError, match="no longer holds what the run began with"):
        trained.restore_parent(gan, dataclasses.replace(parent, manifest_hash="another"))


def test_a_generator_alone_has_no_best_and_no_other_than_its_ema(folders, tmp_path):
    """Catches an export that is taken for what it does not hold."""
    loaded = trained.load(folders["cgan"])
    given = Run(tmp_path / "given")
    given.write_config(RunConfig(loaded.config))
    loaded.write(given.exported)
    assert trained.load(given.folder).step == loaded.step
    for asked in ({"ema": False}, {"which": "best"}):
        with pytest.raises(errors.UsageError, match="an exported generator alone"):
            trained.load(given.folder, **asked)
