"""How far the texture of images is from that of real ones; no network has a part in it.

Karras et al. 2018, section 5: sliced Wasserstein distances of 7x7 patches on each level of
a Laplacian pyramid.  Here a level is an image without its blurred self, and both sets are
scaled by the real images alone, so that noise and blur count by their strength
(experiments/texture).
"""

import numpy as np

from dcgan_tf.metrics import image_sets
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.support import arrays

SIDE = 7  # of a patch, in pixels
PATCHES = 16_384  # of a level, about
MOST_IMAGES = 2_000
DIRECTIONS = 128
BLOCK = 250  # images at a time
LEAST_STD = 1.0  # grey levels: an alpha that hardly varies would decide alone


def pyramid(images: np.ndarray) -> list[np.ndarray]:
    """float32 [B, H, W, C] -> the details of each level, from fine to coarse.

    A level has half the side of the one before, and two patches beside each other.
    """
    levels: list[np.ndarray] = []
    while not levels or min(images.shape[1:3]) >= 2 * SIDE:
        smooth = _blurred(_blurred(images, 1), 2)
        levels.append(images - smooth)
        images = smooth[:, ::2, ::2]
    return levels


def _blurred(images: np.ndarray, axis: int) -> np.ndarray:
    """Convolves an axis with [1, 4, 6, 4, 1] / 16, and mirrors the images at its ends."""
    padding = [(2, 2) if number == axis else (0, 0) for number in range(4)]
    x = np.moveaxis(np.pad(images, padding, mode="reflect"), axis, 0)
    sums = x[:-4] + x[4:] + 4 * (x[1:-3] + x[3:-1]) + 6 * x[2:-2]
    return np.moveaxis(sums / np.float32(16), 0, axis)


def patches(images: Images) -> list[np.ndarray]:
    """Cuts patches at random places: of each level float32 [N, patches, C, 7, 7].

    N is at most MOST_IMAGES.  The places are the same each time.
    """
    chosen, places = image_sets.spread(images, MOST_IMAGES), np.random.default_rng(0)
    count, blocks = max(1, PATCHES // len(chosen)), []
    for block in arrays.blocks(len(chosen), BLOCK):
        levels = []
        for level in pyramid(images[chosen[block]].astype(np.float32)):
            windows = np.lib.stride_tricks.sliding_window_view(level, (SIDE, SIDE), (1, 2))
            shape = len(level), count
            y, x = (places.integers(0, most, shape) for most in windows.shape[1:3])
            levels.append(windows[np.arange(len(level))[:, None], y, x])
        blocks.append(levels)
    return [np.concatenate(level) for level in zip(*blocks, strict=True)]


class Textures:
    """Projects patches of images to random directions, scaled by those of real images."""

    def __init__(self, real: Images):
        levels, axes = patches(real), (0, 1, 3, 4)
        self._means = [level.mean(axes, keepdims=True) for level in levels]
        self._stds = [
            np.maximum(level.std(axes, keepdims=True), LEAST_STD) for level in levels
        ]
        directions = np.random.default_rng(0).normal(
            size=(DIRECTIONS, levels[0][0, 0].size)
        )
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self._directions = directions.astype(np.float32)

    def project(self, images: Images) -> list[np.ndarray]:
        """Returns for each level, from fine to coarse, float32 [directions, N, patches]."""
        projected = []
        for level, mean, std in zip(patches(images), self._means, self._stds, strict=True):
            rows = ((level - mean) / std).reshape(-1, self._directions.shape[1])
            projected.append((self._directions @ rows.T).reshape(-1, *level.shape[:2]))
        return projected


def sliced_wasserstein(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the mean over directions of the Wasserstein-1 distances, times 1,000.

    one, other: [directions, N, patches]; of the larger set as many quantiles are compared
    as the smaller has patches
    """
    one, other = (np.sort(x.reshape(len(x), -1)) for x in (one, other))
    ranks = np.arange(min(one.shape[1], other.shape[1])) + 0.5
    one, other = (x[:, (ranks * x.shape[1] / len(ranks)).astype(int)] for x in (one, other))
    return float(np.abs(one - other).mean() * 1000)
