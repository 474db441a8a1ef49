"""Distances between sets of features, float [N, F], and nearest neighbours, in plain NumPy.

All is computed in float64 and in blocks of rows that take 80 MB: all distances of 10,000
images from 10,000 would take 800.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from dcgan_tf.data.pipeline import Split
from dcgan_tf.metrics import image_sets
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.support import arrays
from dcgan_tf.support.progress import bar

BLOCK_SIZE = 10_000_000  # numbers at a time
NEAREST = 10  # samples that are shown beside their nearest training image
# A sample is a near copy if it is closer to a training image than all but 1 % of test
# images are, of which so many are searched; fewer than LEAST are too few.
NEAR_COPY_IMAGES, LEAST_NEAR_COPY_IMAGES = 1000, 100
# Multiplications in the search for nearest training images; with MNIST those of 10,000
# samples and 1,000 test images.
MOST_PRODUCTS = 11_000 * 60_000 * 784


def frechet_classifier_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the squared Frechet distance of the normal distributions that fit two sets.

    FID, with a classifier's features in place of Inception's.  Heusel et al. 2017, section
    3: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).  The trace of the root comes from the
    eigenvalues of the symmetric C1^(1/2) C2 C1^(1/2).
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    means = np.sum((one.mean(axis=0) - other.mean(axis=0)) ** 2)
    c1, c2 = (np.cov(features, rowvar=False) for features in (one, other))
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ c2 @ root), 0.0))
    return float(means + np.trace(c1) + np.trace(c2) - 2.0 * np.sum(shared))


def kid(one: np.ndarray, other: np.ndarray) -> float:
    """KID: the unbiased squared MMD under the kernel (x y / F + 1)^3, without subsets.

    Binkowski et al. 2018, section 4.  It may be a little below 0.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)

    def kernel_sum(xs: np.ndarray, ys: np.ndarray) -> float:
        blocks = (rows @ ys.T / ys.shape[1] + 1.0 for _, rows in _blocks(xs, ys))
        return sum(float(np.vdot(block * block, block)) for block in blocks)

    def within(x: np.ndarray) -> float:
        diagonal = float(np.sum((np.sum(x**2, axis=1) / x.shape[1] + 1.0) ** 3))
        return (kernel_sum(x, x) - diagonal) / (len(x) * (len(x) - 1))

    between = kernel_sum(one, other) / (len(one) * len(other))
    return within(one) + within(other) - 2.0 * between


def nearest_neighbours(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the first nearest row of `other` for each of `one`: number, distance."""
    numbers = np.zeros(len(one), np.int64)
    squares = np.full(len(one), np.inf)
    for candidates in arrays.blocks(len(other), max(1, BLOCK_SIZE // one.shape[1])):
        for place, block in squared_distances(one, other[candidates]):
            nearest = block.argmin(axis=1)
            distance = block[np.arange(len(block)), nearest]
            nearer = distance < squares[place]
            squares[place][nearer] = distance[nearer]
            numbers[place][nearer] = candidates.start + nearest[nearer]
    return numbers, np.sqrt(squares)


def _blocks(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    size = max(1, BLOCK_SIZE // len(other))
    for place in bar(list(arrays.blocks(len(one), size)), "distances"):
        yield place, np.asarray(one[place], np.float64)


def squared_distances(
    one: np.ndarray, other: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields squared distances of a block of `one` from all of `other`, block by block."""
    other = np.asarray(other, np.float64)
    lengths = np.sum(other**2, axis=1)
    for place, rows in _blocks(one, other):
        squares = rows @ other.T  # and the rest in its place: fresh blocks are slow to get
        squares *= -2.0
        squares += lengths
        squares += np.sum(rows**2, axis=1)[:, None]
        yield place, np.maximum(squares, 0.0, out=squares)


def radii(features: np.ndarray, k: int) -> np.ndarray:
    """Returns the squared distance of each row from its k-th nearest other row, [N]."""
    squares = np.empty(len(features))
    for place, block in squared_distances(features, features):
        squares[place] = np.partition(block, k, axis=1)[:, k]  # number 0 is the row itself
    return squares


def prdc(
    real: np.ndarray, fake: np.ndarray, k: int, real_radii: np.ndarray
) -> dict[str, float]:
    """Precision, recall, density and coverage from k nearest neighbours.

    Precision and recall (Kynkaanniemi et al. 2019, section 2): the shares of fakes among
    the real, and of the real among the fakes.  Density and coverage (Naeem et al. 2020,
    section 3): how many of the real's neighbourhoods a fake lies in, over k, on average;
    and the share of the real in whose neighbourhood some fake lies.

    real_radii: `radii(real, k)`
    """
    fake_radii = radii(fake, k)
    inside = np.empty(len(fake))
    covered, recalled = np.zeros((2, len(real)), bool)
    for place, squares in squared_distances(fake, real):
        near_real = squares < real_radii
        inside[place] = near_real.sum(axis=1)
        covered |= near_real.any(axis=0)
        recalled |= (squares < fake_radii[place, None]).any(axis=0)
    return {
        "precision": float(np.mean(inside > 0)),
        "recall": float(np.mean(recalled)),
        "density": float(np.mean(inside) / k),
        "coverage": float(np.mean(covered)),
    }


def nearest_training_images(images: Images, train: Split, test: Images) -> dict[str, Any]:
    """Returns the samples nearest to a training image, in pixels: are there copies?

    Of images with labels the nearest of each class, else the nearest of all; at most
    NEAREST.  Distances are root mean squares over the pixels, in grey levels of 255.

    pairs:       the samples, then the training images
    near_copies: the share of near copies among the samples; None: too few test images
    searched:    of all samples, and of all test images: as many as MOST_PRODUCTS allows
    """
    training = train.array()
    most = max(2 * NEAREST, MOST_PRODUCTS // training.size)
    unseen = min(NEAR_COPY_IMAGES, len(test), most // 2)
    chosen = image_sets.spread(images, most - unseen)
    searched, tested = images[chosen], test[image_sets.spread(test, unseen)]
    samples, real, others = (x.reshape(len(x), -1) for x in (searched, training, tested))
    numbers, nearest = nearest_neighbours(samples, real)
    _, nearest_of_test = nearest_neighbours(others, real)
    limit = np.quantile(nearest_of_test, 0.01)
    order = np.argsort(nearest, kind="stable")
    labels = None if images.labels is None else images.labels[chosen]
    if labels is not None:
        _, first = np.unique(labels[order], return_index=True)  # in the classes' order
        order = order[first[np.isin(first, np.sort(first)[:NEAREST])]]
    order = order[:NEAREST]
    pixels = math.sqrt(samples.shape[1])
    enough = unseen >= LEAST_NEAR_COPY_IMAGES
    return {
        "pairs": np.concatenate([searched[order], training[numbers[order]]]),
        "samples": chosen[order].tolist(),
        "training_images": numbers[order].tolist(),
        "classes": None if labels is None else labels[order].tolist(),
        "distances": (nearest[order] / pixels).round(2).tolist(),
        "median_distance": round(float(np.median(nearest) / pixels), 2),
        "near_copies": float(np.mean(nearest < limit)) if enough else None,
        "near_copy_distance": round(float(limit / pixels), 2) if enough else None,
        "searched": len(samples),
        "searched_test_images": unseen,
    }
