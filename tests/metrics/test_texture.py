"""The distance of textures, against independent code and values known by hand."""

import numpy as np
import pytest
from scipy import ndimage, stats

from dcgan_tf.metrics import texture
from dcgan_tf.metrics.image_sets import Images


def noise(seed, strength=1, shape=(60, 32, 40, 3)):
    """Grey images with noise of up to 10 * strength levels."""
    steps = np.random.default_rng(seed).integers(-10, 11, shape)
    return Images((128 + strength * steps).astype(np.uint8))


def distance(images, real=None):
    real = real or noise(0)
    textures = texture.Textures(real)
    finest, *_ = zip(textures.project(real), textures.project(images), strict=True)
    return texture.sliced_wasserstein(*finest)


def test_the_pyramid_is_that_of_scipy():
    """Of sides that are odd, too."""
    image = np.random.default_rng(0).uniform(0, 255, (2, 58, 61, 3)).astype(np.float32)
    levels = texture.pyramid(image)
    assert [level.shape[1:3] for level in levels] == [(58, 61), (29, 31), (15, 16)]
    for level in levels:
        smooth = image
        for axis in (1, 2):
            weights = np.array([1, 4, 6, 4, 1]) / 16
            smooth = ndimage.correlate1d(smooth, weights, axis, mode="mirror")
        np.testing.assert_allclose(level, image - smooth, atol=1e-3)
        image = smooth[:, ::2, ::2]


@pytest.mark.parametrize("count", [60, 20])
def test_the_distance_is_the_mean_of_wasserstein_distances(count):
    """Of sets of two sizes the quantiles of the smaller are compared."""
    generator = np.random.default_rng(0)
    one = generator.normal(size=(4, 50, 60))
    other = generator.normal(0.5, 2.0, size=(4, 50, count))
    expected = np.mean(
        [
            stats.wasserstein_distance(*(x[direction].ravel() for x in (one, other)))
            for direction in range(4)
        ]
    )
    measured = texture.sliced_wasserstein(one, other)
    assert measured == pytest.approx(1000 * expected, rel=0.01)


def test_noise_that_is_stronger_is_as_much_farther():
    """A normal projection of std 1 has a mean size of sqrt(2 / pi); times 3 it has thrice.

    It is computed from equal patches, so that no chance is in it.
    """
    assert distance(noise(0)) == 0.0
    for strength in (2, 3):
        expected = 1000 * (strength - 1) * np.sqrt(2 / np.pi)
        assert distance(noise(0, strength)) == pytest.approx(expected, rel=0.02)


def test_real_images_rank_before_damaged_ones_and_small_sets_count_as_large_ones():
    """Catches a distance that grows with the number of images, or overlooks a damage."""
    generator = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(generator.normal(size=(300, 32, 32)), (0, 1, 1))
    pixels = np.clip(128 + 200 * smooth[..., None], 0, 255).astype(np.uint8)
    real, others = Images(pixels[:100]), pixels[100:]
    undamaged = distance(Images(others), real)
    few = distance(Images(others[:50]), real)
    assert few == pytest.approx(undamaged, rel=0.5)
    for damages in (
        [ndimage.gaussian_filter(others, (0, sigma, sigma, 0)) for sigma in (0.5, 1)],
        [np.where(generator.random(others.shape) < p, 255, others) for p in (0.01, 0.05)],
    ):
        light, strong = (distance(Images(damaged), real) for damaged in damages)
        assert 2 * undamaged < light < strong / 2
