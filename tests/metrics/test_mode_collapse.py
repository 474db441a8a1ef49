import numpy as np
import pytest

from dcgan_tf.metrics import mode_collapse

SOUND = {"step": 9000, "discriminator/adversarial_fake": 0.6, "generator/class": 0.1}


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
        (grid(4, False, False), {}, ["one image"]),
        (np.zeros((12, 28, 28, 1), np.uint8), {}, ["one image"]),
        (grid(4, by_class=False), {}, ["one class"]),
        (grid(4, by_latent=False), {}, ["one image a class"]),
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
    found = mode_collapse.signs(images, 3, entry, conditional=True, classes=10)
    assert list(found) == signs


def test_without_classes_columns_mean_nothing():
    images = grid(4, by_class=False)
    entry = {"step": 9000, "discriminator/adversarial_fake": 0.6}
    found = mode_collapse.signs(images, 3, entry, conditional=False, classes=10)
    assert found == {}


def test_a_loss_of_pairs_has_one_term_for_both_kinds():
    entry = {"step": 9000, "discriminator/adversarial": 0.6}
    look = {"conditional": True, "classes": 10}
    assert mode_collapse.signs(grid(4), 3, entry, **look) == {}
    entry["discriminator/adversarial"] = 0.001
    assert list(mode_collapse.signs(grid(4), 3, entry, **look)) == ["discriminator"]


def test_a_guess_among_two_classes_costs_less_than_among_ten():
    """ln 2 = 0.693: a guess among two, far from one among ten."""
    entry = SOUND | {"discriminator/adversarial_fake": 0.0, "generator/class": 0.69}
    for classes, signs in ((2, ["discriminator", "classes"]), (10, ["discriminator"])):
        found = mode_collapse.signs(grid(4), 3, entry, conditional=True, classes=classes)
        assert list(found) == signs
