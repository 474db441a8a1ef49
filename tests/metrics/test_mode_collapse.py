import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.splits import Split
from dcgan_tf.metrics import mode_collapse

REAL_STD = 49.0  # of MNIST
SOUND = {"step": 9000, "discriminator/adversarial_fake": 0.6, "generator/class": 0.1}


def look(images, columns, entry, real_std=REAL_STD, **what):
    what = {"conditional": True, "classes": 10, "real_std": real_std} | what
    return mode_collapse.signs(images, columns, entry, **what)


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
        (grid(4), {"discriminator/adversarial_fake": 0.001}, ["discriminator"]),
        (
            grid(4),
            {"discriminator/adversarial_fake": 0.0, "generator/class": 2.31},
            ["discriminator", "classes"],
        ),
        (grid(4), {"generator/class": 2.31}, []),  # still learning
        (grid(4, False, False), {"step": 10}, []),  # too early to tell
    ],
)
def test_each_sign_is_seen_and_no_other(images, changes, signs):
    entry = SOUND | changes
    found = look(images, 3, entry)
    assert found == signs


def test_without_classes_columns_mean_nothing():
    images = grid(4, by_class=False)
    entry = {"step": 9000, "discriminator/adversarial_fake": 0.6}
    found = look(images, 3, entry, conditional=False)
    assert found == []


def test_a_loss_of_pairs_has_one_term_for_both_kinds():
    entry = {"step": 9000, "discriminator/adversarial": 0.6}
    assert look(grid(4), 3, entry) == []
    entry["discriminator/adversarial"] = 0.001
    assert list(look(grid(4), 3, entry)) == ["discriminator"]


def test_a_guess_among_two_classes_costs_less_than_among_ten():
    """ln 2 = 0.693: a guess among two, far from one among ten."""
    entry = SOUND | {"discriminator/adversarial_fake": 0.0, "generator/class": 0.69}
    for classes, signs in ((2, ["discriminator", "classes"]), (10, ["discriminator"])):
        found = look(grid(4), 3, entry, classes=classes)
        assert found == signs


def test_images_are_alike_beside_what_real_images_are():
    """Two grey levels apart, so a deviation of 1: alike where real images deviate by 49."""
    images = np.full((12, 20, 16, 3), 100, np.uint8)
    images[::2] += 2
    assert list(look(images, 4, SOUND)) == ["one_image"]
    assert look(images, 4, SOUND, real_std=13.0, conditional=False) == []
    assert list(look(images, 4, SOUND, real_std=13.5, conditional=False)) == ["one_image"]


def test_a_single_column_says_nothing_of_the_classes():
    assert look(grid(4)[::3], 1, SOUND) == []
    assert look(grid(1)[:1], 1, SOUND) == []


def test_the_deviation_of_real_images_is_that_of_a_pixel(monkeypatch):
    """0 and 10 deviate by 5, and half of the pixels never change; of rows 0 and 2 alone."""
    monkeypatch.setattr(mode_collapse, "REAL_IMAGES", 2)
    images = np.zeros((4, 2, 2, 3), np.uint8)
    images[2, 0] = 10
    images[3] = 255
    split = Split(tf.constant(images), tf.zeros(4, tf.int32))
    assert mode_collapse.std_of_split(split) == 2.5
