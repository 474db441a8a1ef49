import types

import numpy as np
import pytest

from dcgan_tf.metrics import mode_collapse

FAKES, PAIRS = (f"discriminator/adversarial_accuracy{x}" for x in ("_fake", ""))
CLASSES = "generator/class_accuracy"
SOUND = {"step": 9000, FAKES: 0.7, CLASSES: 0.9}


def look(images, columns, entry, real_std=49.0, **what):  # 49: of MNIST
    config = types.SimpleNamespace(**{"conditional": True, "classes": 10} | what)
    return mode_collapse.signs(images, columns, entry, config, real_std)


def grid(rows, by_class=True, by_latent=True):
    """Random images of three classes that differ by class, latents, both or neither."""
    generator = np.random.default_rng(0)
    shape = (rows if by_latent else 1, 3 if by_class else 1, 28, 28, 1)
    images = generator.integers(0, 256, shape, dtype=np.uint8)
    return np.broadcast_to(images, (rows, 3, 28, 28, 1)).reshape(-1, 28, 28, 1)


@pytest.mark.parametrize(
    ("images", "changes", "signs"),
    [
        (grid(4), {}, []),
        (grid(4, False, False), {}, ["one_image"]),
        (np.zeros((12, 28, 28, 1), np.uint8), {}, ["one_image"]),
        (grid(4, by_class=False), {}, ["one_class"]),
        (grid(4, by_latent=False), {}, ["one_image_a_class"]),
        (grid(1), {}, []),  # a single row says nothing of the latents
        (grid(4), {FAKES: 0.9996}, ["discriminator"]),
        (grid(4), {FAKES: 0.9991}, []),  # as in a run that ended well
        (grid(4), {FAKES: 1.0, CLASSES: 0.12}, ["discriminator", "classes"]),
        (grid(4), {CLASSES: 0.12}, []),  # still learning
        (grid(4, False, False), {"step": 10}, []),  # too early to tell
        # A critic's losses, and a second head's, are below 0 in a sound run.
        (grid(4), {"discriminator/adversarial_fake": -3.0, "generator/class": -1.0}, []),
    ],
)
def test_each_sign_is_seen_and_no_other(images, changes, signs):
    assert look(images, 3, SOUND | changes) == signs


@pytest.mark.parametrize(("classes", "guess"), [(2, 0.52), (10, 0.14)])
def test_a_guess_among_two_classes_is_right_more_often_than_among_ten(classes, guess):
    for accuracy, named in ((guess, ["classes"]), (guess + 0.01, [])):
        entry = SOUND | {FAKES: 1.0, CLASSES: accuracy}
        assert look(grid(4), 3, entry, classes=classes) == ["discriminator", *named]


def test_images_are_alike_beside_what_real_images_are():
    """Two grey levels apart, so a deviation of 1: alike where real images deviate by 49."""
    images = np.full((12, 20, 16, 3), 100, np.uint8)
    images[::2] += 2
    assert mode_collapse.mean_std(images) == 1.0
    assert look(images, 4, SOUND) == ["one_image"]
    assert look(images, 4, SOUND, real_std=13.0, conditional=False) == []
    assert look(images, 4, SOUND, real_std=13.5, conditional=False) == ["one_image"]


def test_pairs_have_one_accuracy_and_a_single_column_says_nothing_of_the_classes():
    for share, seen in ((0.9, []), (1.0, ["discriminator"])):
        assert look(grid(4), 3, {"step": 9000, PAIRS: share}) == seen
    assert look(grid(4, by_class=False), 3, SOUND, conditional=False) == []
    assert look(grid(4)[::3], 1, SOUND) == look(grid(1)[:1], 1, SOUND) == []
