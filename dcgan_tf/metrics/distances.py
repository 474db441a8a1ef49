"""Distances between sets of features, in plain NumPy.

Features are rows, float [N, F].  All is computed in float64 and in blocks of rows that take
80 MB, where all distances of 10,000 images from 10,000 would take 800.
"""

from collections.abc import Iterator

import numpy as np

from dcgan_tf.support import arrays

BLOCK_SIZE = 10_000_000  # distances at a time


def frechet_classifier_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The squared Frechet distance of the normal distributions that fit two sets.

    FID, with a classifier's features in place of Inception's.  Heusel et al. 2017, section
    3: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).  The trace of the root comes from the
    eigenvalues of the symmetric C1^(1/2) C2 C1^(1/2).
    """
    (mean, covariance), (other_mean, other_covariance) = map(_normal, (one, other))
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shared = np.linalg.eigvalsh(root @ other_covariance @ root)
    return float(
        np.sum((mean - other_mean) ** 2)
        + np.trace(covariance)
        + np.trace(other_covariance)
        - 2.0 * np.sum(np.sqrt(np.maximum(shared, 0.0)))
    )


def _normal(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    features = np.asarray(features, np.float64)
    return features.mean(axis=0), np.cov(features, rowvar=False)


def kid(one: np.ndarray, other: np.ndarray) -> float:
    """KID: the unbiased squared MMD under the kernel (x y / F + 1)^3, without subsets.

    Binkowski et al. 2018, section 4.  It may be a little below 0.
    """
    within = [_kernel_sum(x, x) - _kernel_diagonal(x) for x in (one, other)]
    pairs = [len(x) * (len(x) - 1) for x in (one, other)]
    between = _kernel_sum(one, other) / (len(one) * len(other))
    return float(within[0] / pairs[0] + within[1] / pairs[1] - 2.0 * between)


def _kernel_sum(one: np.ndarray, other: np.ndarray) -> float:
    other = np.asarray(other, np.float64)
    blocks = (rows @ other.T / other.shape[1] + 1.0 for _, rows in _blocks(one, other))
    return sum(float(np.vdot(block * block, block)) for block in blocks)  # of cubes


def _kernel_diagonal(features: np.ndarray) -> float:
    features = np.asarray(features, np.float64)
    squares = np.sum(features**2, axis=1) / features.shape[1]
    return float(np.sum((squares + 1.0) ** 3))


def nearest_neighbours(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of `one` the nearest row of `other`: (its number, the distance)."""
    numbers, distances = [], []
    for _, block in squared_distances(one, other):
        number = block.argmin(axis=1)
        numbers.append(number)
        distances.append(np.sqrt(block[np.arange(len(block)), number]))
    return np.concatenate(numbers), np.concatenate(distances)


def _blocks(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    size = max(1, BLOCK_SIZE // len(other))
    for place in arrays.blocks(len(one), size):
        yield place, np.asarray(one[place], np.float64)


def squared_distances(
    one: np.ndarray, other: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared distances of a block of `one` from all of `other`, block by block."""
    other = np.asarray(other, np.float64)
    lengths = np.sum(other**2, axis=1)
    for place, rows in _blocks(one, other):
        squares = rows @ other.T  # and the rest in its place: fresh blocks are slow to get
        squares *= -2.0
        squares += lengths
        squares += np.sum(rows**2, axis=1)[:, None]
        yield place, np.maximum(squares, 0.0, out=squares)
