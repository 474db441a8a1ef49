"""How good and how varied images are: figures of features and classes, in plain NumPy.

Features are rows, float [N, F].  All is computed in float64 and in blocks of rows that take
80 MB, where all distances of 10,000 images from 10,000 would take 800.
"""

from collections.abc import Iterator

import numpy as np

BLOCK_SIZE = 10_000_000  # distances at a time


def agreement(wanted: np.ndarray, named: np.ndarray) -> float:
    """The share of images that are named as what was asked for; both int [N]."""
    return float(np.mean(wanted == named))


def confusion(wanted: np.ndarray, named: np.ndarray, classes: int) -> np.ndarray:
    """Counts, int [classes, classes]: a row is what was asked for, a column the name."""
    return np.bincount(wanted * classes + named, minlength=classes**2).reshape(
        classes, classes
    )


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Between the normal distributions that fit two sets of features, squared.

    Heusel et al. 2017, section 3: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).  The trace
    of the root comes from the eigenvalues of the symmetric C1^(1/2) C2 C1^(1/2).
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


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The unbiased squared MMD under the kernel (x y / F + 1)^3: KID, without subsets.

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


def neighbourhoods(features: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each row from its k-th nearest other row, [N]."""
    found = np.empty(len(features))
    for place, distances in _distances(features, features):
        # Number 0 is the row itself.
        found[place] = np.partition(distances, k, axis=1)[:, k]
    return found


def manifold(
    real: np.ndarray, fake: np.ndarray, k: int, real_reach: np.ndarray | None = None
) -> dict[str, float]:
    """Precision, recall, density and coverage from k nearest neighbours.

    real_reach: `neighbourhoods(real, k)`, where it is known

    Precision and recall (Kynkaanniemi et al. 2019, section 2): the shares of fakes among
    the real, and of the real among the fakes.  Density and coverage (Naeem et al. 2020,
    section 3): how many of the real's neighbourhoods a fake lies in, over k, on average;
    and the share of the real in whose neighbourhood some fake lies.
    """
    if real_reach is None:
        real_reach = neighbourhoods(real, k)
    fake_reach = neighbourhoods(fake, k)
    inside = np.empty(len(fake))
    covered = np.zeros(len(real), bool)
    recalled = np.zeros(len(real), bool)
    for place, distances in _distances(fake, real):
        near_real = distances < real_reach
        inside[place] = near_real.sum(axis=1)
        covered |= near_real.any(axis=0)
        recalled |= (distances < fake_reach[place, None]).any(axis=0)
    return {
        "precision": float(np.mean(inside > 0)),
        "recall": float(np.mean(recalled)),
        "density": float(np.mean(inside) / k),
        "coverage": float(np.mean(covered)),
    }


def spread(features: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """The root mean square distance of each class's features from their mean, [classes].

    NaN for a class that has no images.
    """
    deviations = np.full(classes, np.nan)
    for label in np.unique(labels):
        members = np.asarray(features[labels == label], np.float64)
        deviations[label] = np.sqrt(members.var(axis=0).sum())
    return deviations


def class_score(probabilities: np.ndarray) -> float:
    """exp of the mean KL of p(class | image) from p(class): 1 to the number of classes.

    Salimans et al. 2016, section 4, with the classifier that gave the probabilities;
    the "MNIST score" with one for MNIST.
    """
    p = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0.0, p * (np.log(p) - np.log(p.mean(axis=0))), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))


def nearest(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of `one` the nearest row of `other`: (its number, the distance)."""
    numbers, distances = [], []
    for _, block in _distances(one, other):
        number = block.argmin(axis=1)
        numbers.append(number)
        distances.append(np.sqrt(block[np.arange(len(block)), number]))
    return np.concatenate(numbers), np.concatenate(distances)


def _blocks(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    size = max(1, BLOCK_SIZE // len(other))
    for start in range(0, len(one), size):
        place = slice(start, start + size)
        yield place, np.asarray(one[place], np.float64)


def _distances(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared distances of a block of `one` from all of `other`, block by block."""
    other = np.asarray(other, np.float64)
    lengths = np.sum(other**2, axis=1)
    for place, rows in _blocks(one, other):
        squares = rows @ other.T  # and the rest in its place: fresh blocks are slow to get
        squares *= -2.0
        squares += lengths
        squares += np.sum(rows**2, axis=1)[:, None]
        yield place, np.maximum(squares, 0.0, out=squares)
