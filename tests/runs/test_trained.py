"""A run's generator: what it samples, mixes and refuses."""

import dataclasses

import numpy as np
import pytest
from conftest import MODES, blank, untrained

import dcgan_tf
from dcgan_tf.runs import manifest, trained
from dcgan_tf.runs.folder import Parent, Run
from dcgan_tf.support import errors
from dcgan_tf.training.train_state import save_state


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The generators of an untrained run of each mode."""
    folder = tmp_path_factory.mktemp("runs")
    for mode in MODES:
        untrained(folder / mode, mode=mode, seed=3)
    return {mode: dcgan_tf.load(str(folder / mode)) for mode in MODES}


@pytest.mark.parametrize("mode", MODES)
def test_sample_generates_an_image_for_each_label(runs, mode):
    """Catches latents that repeat, or a seed that does not decide."""
    images = runs[mode].sample([2, 0, 2, 6], seed=1)
    assert images.shape == (4, 28, 28, 1)
    assert images.dtype == np.uint8
    assert not np.array_equal(images[0], images[2])  # each has latents of its own
    again = dcgan_tf.load(runs[mode].folder)
    assert np.array_equal(images, again.sample([2, 0, 2, 6], 1))
    assert not np.array_equal(images, again.sample([2, 0, 2, 6], seed=2))


def test_redraw_replaces_the_images_whose_class_is_unlikely(runs, tmp_path):
    """By a softmax in NumPy; the others stay.  Only a class head can tell."""
    untrained(tmp_path / "run", mode="acgan", class_head="adc")
    run, labels = dcgan_tf.load(tmp_path / "run", redraw=1e-9), np.full(40, 3)

    def probabilities(images):
        logits = run.gan.discriminator([images / 127.5 - 1, labels])["classes"]
        shares = np.exp(logits.numpy()[:, :10])  # as real images
        return shares[:, 3] / shares.sum(axis=1)

    plain = run.sample(labels, seed=1)
    least = float(np.median(probabilities(plain)))
    redrawn = dcgan_tf.load(run.folder, redraw=least).sample(labels, seed=1)
    stay = probabilities(plain) > least
    assert 0 < stay.sum() < 40
    assert np.array_equal(redrawn[stay], plain[stay])
    assert (probabilities(redrawn) > least - 1e-6).all()
    for without in (runs["cgan"].folder, None):
        with pytest.raises(errors.UsageError, match="--redraw"):
            dcgan_tf.load(without, redraw=0.5)


def test_it_generates_with_the_ema_of_the_latest_unless_asked_otherwise(tmp_path):
    """Catches images of the raw generator, and --ema=false and --which=best ignored."""
    folder = tmp_path / "run"
    run, state = untrained(folder, lambda gan: blank(gan.ema_generator), mode="cgan")
    loaded = trained.load(folder)
    assert not any(weight.any() for weight in loaded.gan.ema_generator.get_weights())
    raw = trained.load(folder, ema=False).sample([1, 2])
    assert not np.array_equal(loaded.sample([1, 2]), raw)
    blank(state.gan.generator)
    save_state(state, run, manifest.BEST, keep=3, score=0.5)
    best = trained.load(folder, ema=False, which="best").sample([1, 2])
    assert np.array_equal(best, loaded.sample([1, 2]))
    assert np.array_equal(trained.load(folder, ema=False).sample([1, 2]), raw)


def test_it_generates_in_float32_whatever_the_run_was_trained_in(tmp_path):
    """Catches images that differ between machines."""
    images = [
        trained.load(
            untrained(tmp_path / precision, mode="dcgan", precision=precision)[0].folder
        ).sample([1, 2])
        for precision in ("float32", "bfloat16")
    ]
    assert np.array_equal(*images)


def test_labels_may_be_names(runs):
    """Catches a name that is taken for another class's number."""
    run = runs["cgan"]
    expected = run.sample([3, 1, 3])
    names = ["ant", "bee", "cat", "dog", "elk", *"fghij"]
    config = run.config.model_copy(update={"class_names": names})
    animals = dataclasses.replace(run, config=config)
    assert np.array_equal(animals.sample(["dog", "bee", "dog"]), expected)
    assert np.array_equal(animals.sample(["3", "1", "dog"]), expected)
    for unknown in (["dog", "cow"], [10], ["10"]):
        with pytest.raises(ValueError, match="from 0 to 9, or names: ant, bee, cat, dog, "):
            animals.sample(unknown)


def test_blocks_are_what_sample_returns(runs):
    """Catches a block of another size, which rounds otherwise."""
    labels = np.arange(1001) % 10
    blocks = list(runs["cgan"].sample_blocks(labels, seed=4))
    assert [len(block) for block in blocks] == [1000, 1]
    assert np.array_equal(np.concatenate(blocks), runs["cgan"].sample(labels, seed=4))


def test_latents_may_be_given(runs):
    """Catches latents that are replaced by those of the seed."""
    run, unconditional = runs["cgan"], runs["dcgan"]
    latents = run.sample_latents(3, seed=5)
    assert (latents.shape, latents.dtype) == ((3, 100), np.float32)
    expected = run.sample([1, 2, 3], seed=5)
    assert np.array_equal(run.sample([1, 2, 3], latents=latents), expected)
    assert np.array_equal(run.sample([3, 2], latents=latents[[2, 1]]), expected[[2, 1]])
    expected = unconditional.sample([0] * 3, seed=5)
    assert np.array_equal(unconditional.sample(latents=latents), expected)


@pytest.mark.parametrize(
    ("mode", "given", "told"),
    [
        *(
            ("acgan", {"labels": labels}, "labels must be a list")
            for labels in ([10], [-1], [1.5], [], [[1]], ["x"], [["x"]], [True], [None])
        ),
        *(
            ("dcgan", {"labels": [0], "seed": seed}, "seed must be a whole number from 0")
            for seed in (-1, 2**31, 0.5, "1")
        ),
        ("dcgan", {"class_weights": np.eye(10)}, "class_weights: the run has no classes"),
        ("cgan", {}, "labels or class_weights: give one of them"),
        ("cgan", {"latents": np.zeros((2, 100))}, "labels or class_weights: give one"),
        ("cgan", {"labels": [1], "class_weights": np.eye(10)[:1]}, "give one of them"),
        ("cgan", {"labels": [1], "latents": np.zeros((2, 100))}, r"are \[2, 100\]"),
        ("cgan", {"labels": [1], "latents": np.zeros((1, 99))}, r"\[1, 100\], .* \[1, 99"),
        ("cgan", {"labels": [1], "latents": np.full((1, 100), np.nan)}, "finite numbers"),
        ("cgan", {"class_weights": np.full((1, 9), 1 / 9)}, r"\[N, 10\], at least 0, and"),
        ("cgan", {"class_weights": [[2, -1, *[0] * 8]]}, "at least 0"),
        ("cgan", {"class_weights": [[0.5, 0.4, *[0] * 8]]}, "add up to 1"),
        ("cgan", {"class_weights": [[np.nan, 1, *[0] * 8]]}, "at least 0"),
        ("cgan", {"class_weights": np.zeros((0, 10))}, r"\[N, 10\]"),
    ],
)
def test_what_cannot_be_generated_from_is_refused(runs, mode, given, told):
    """Catches what is rounded, wrapped around, broadcast or ignored without a word."""
    with pytest.raises(ValueError, match=told):
        runs[mode].sample(**given)


@pytest.mark.parametrize("mode", MODES)
def test_an_interpolation_begins_with_what_is_sampled(runs, mode):
    """Catches a path that misses its ends or its loop."""
    run = runs[mode]
    images = run.interpolate([3, 8], steps=4, seed=2)
    assert images.shape == (2, 4, 28, 28, 1)
    assert np.array_equal(images[:, 0], run.sample([3, 8], seed=2))
    ends = run.sample_latents(4, seed=2)[2:]
    assert np.array_equal(images[:, -1], run.sample([3, 8], latents=ends))
    assert not np.array_equal(images[:, 1], images[:, 0])
    loop = run.interpolate([3, 8], steps=4, seed=2, stops=3, closed=True)
    assert loop.shape == (2, 9, 28, 28, 1)
    assert np.array_equal(loop[:, 0], images[:, 0])


def test_a_morph_has_the_classes_at_its_stops(runs):
    """Catches a mixture that is no class where it should be one."""
    run = runs["cgan"]
    images = run.morph([3, "8", 1], steps=3, seed=2, count=3)
    assert images.shape == (3, 5, 28, 28, 1)
    latents = run.sample_latents(3, seed=2)
    for place, label in ((0, 3), (2, 8), (4, 1)):
        plain = run.sample([label] * 3, latents=latents)
        assert np.array_equal(images[:, place], plain)
        assert not np.array_equal(images[:, 1], plain)
    with pytest.raises(ValueError, match="the run has no classes"):
        runs["dcgan"].morph([3, 8])


def test_a_checkpoint_that_vanishes_meanwhile_is_no_error(runs, monkeypatch):
    """As when a run in progress removes the one that was just found."""
    run = Run(runs["cgan"].folder)
    newest = run.newest_checkpoint()
    folder = run.checkpoints / "step_00000099"
    gone = dataclasses.replace(newest, folder=folder, step=99)
    answers = iter([gone, newest])
    monkeypatch.setattr(Run, "newest_checkpoint", lambda self: next(answers))
    assert dcgan_tf.load(run.folder).step == newest.step
    assert next(answers, None) is None


def test_the_very_checkpoint_of_the_parent_is_found_or_missed(runs):
    """Catches a checkpoint of the same step, but of other content, that is taken."""
    run, gan = Run(runs["cgan"].folder), trained.load(runs["cgan"].folder).gan
    parent = Parent(str(run.folder), 0, run.newest_checkpoint().manifest_hash)
    trained.restore_parent(gan, parent)
    expected, weights = gan.ema_generator.get_weights(), gan.generator.get_weights()
    for weight, other in zip(weights, expected, strict=True):
        assert np.array_equal(weight, other)
    with pytest.raises(errors.RunError, match="no longer holds what the run began with"):
        trained.restore_parent(gan, dataclasses.replace(parent, manifest_hash="another"))


def test_without_classes_a_number_of_images_is_enough(runs):
    """Catches `sample(9)` refused by a run that has no classes to list."""
    run = runs["dcgan"]
    assert np.array_equal(run.sample(3), run.sample([0, 0, 0]))
    for loaded, labels in ((run, 0), (run, -1), (run, 2.5), (runs["cgan"], 3)):
        with pytest.raises(ValueError, match="labels must be a list"):
            loaded.sample(labels)
