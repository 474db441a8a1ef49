import numpy as np
import pytest

from dcgan_tf import collapse

SOUND = {"step": 9000, "discriminator/adversarial_fake": 0.6, "generator/auxiliary": 0.1}


def grid(rows, by_class=True, by_noise=True):
    """Random images of three classes that differ by class, by noise, by both or neither."""
    generator = np.random.default_rng(0)
    shape = (rows if by_noise else 1, 3 if by_class else 1, 28, 28, 1)
    images = generator.integers(0, 256, shape, dtype=np.uint8)
    return np.broadcast_to(images, (rows, 3, 28, 28, 1)).reshape(-1, 28, 28, 1)


@pytest.mark.parametrize(
    ("images", "changes", "signs"),
    [
        (grid(4), {}, []),
        (grid(4, False, False), {}, ["one image"]),
        (np.zeros((12, 28, 28, 1), np.uint8), {}, ["one image"]),
        (grid(4, by_class=False), {}, ["one class"]),
        (grid(4, by_noise=False), {}, ["one image a class"]),
        (grid(1), {}, []),  # a single row says nothing of the noise
        (grid(4), {"discriminator/adversarial_fake": 0.001}, ["discriminator"]),
        (
            grid(4),
            {"discriminator/adversarial_fake": 0.0, "generator/auxiliary": 2.31},
            ["discriminator", "classes"],
        ),
        (grid(4), {"generator/auxiliary": 2.31}, []),  # still learning
        (grid(4, False, False), {"step": 10}, []),  # too early to tell
    ],
)
def test_each_sign_is_seen_and_no_other(small, images, changes, signs):
    found = collapse.signs(images, 3, SOUND | changes, small("acgan"))
    assert list(found) == signs


def test_without_classes_columns_mean_nothing(small):
    row = {"step": 9000, "discriminator/adversarial_fake": 0.6}
    assert collapse.signs(grid(4, by_class=False), 3, row, small("dcgan")) == {}
