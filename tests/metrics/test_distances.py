"""Distances on cases whose answer is known without computing it this way."""

import numpy as np
import pytest

from dcgan_tf.metrics import distances
from dcgan_tf.metrics.distances import radii


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """So that the seams between blocks are in every case."""
    monkeypatch.setattr(distances, "BLOCK_SIZE", 70)


def normal(seed, count, mean=0.0, scale=1.0, size=3):
    return np.random.default_rng(seed).normal(mean, scale, (count, size))


def prdc(real, fake, k):
    return distances.prdc(real, fake, k, radii(real, k))


def with_moments(mean, covariance, seed=0):
    """200 rows whose sample mean and covariance are exactly these."""
    rows = normal(seed, 200, size=len(mean))
    rows -= rows.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False)))
    return rows @ whiten.T @ np.linalg.cholesky(covariance).T + mean


CORRELATED = np.array([[2.0, 1.0], [1.0, 2.0]])  # with eigenvalues 3 and 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (  # diagonal: the sum of (m1 - m2)^2 + (s1 - s2)^2 over the coordinates
            with_moments([1.0, 2.0], np.diag([4.0, 9.0])),
            with_moments([0.0, 4.0], np.diag([1.0, 25.0]), seed=1),
            (1 + 4) + (2 - 1) ** 2 + (3 - 5) ** 2,
        ),
        (  # on the same axes
            with_moments([0.0, 0.0], CORRELATED),
            with_moments([0.0, 0.0], 4 * CORRELATED, seed=1),
            (3**0.5 - 12**0.5) ** 2 + (1 - 2) ** 2,
        ),
        (  # a coordinate that never varies: a singular covariance, as copies have
            with_moments([0.0, 0.0], np.eye(2)) * [1.0, 0.0],
            with_moments([0.0, 0.0], np.eye(2), seed=1),
            1.0,
        ),
    ],
)
def test_frechet_distance_of_normals_is_that_of_the_formula(one, other, expected):
    assert distances.frechet_classifier_distance(one, other) == pytest.approx(expected)
    assert distances.frechet_classifier_distance(one, one) == pytest.approx(0.0, abs=1e-9)


def test_kid_by_the_definition():
    one, other = normal(0, 9), normal(1, 11, mean=0.5)

    def mean(xs, ys):
        """The mean kernel of all pairs but those of a row with itself."""
        pairs = [(x, y) for x in xs for y in ys if x is not y]
        return sum((x @ y / 3 + 1) ** 3 for x, y in pairs) / len(pairs)

    one, other = list(one), list(other)
    expected = mean(one, one) + mean(other, other) - 2 * mean(one, other)
    assert distances.kid(np.array(one), np.array(other)) == pytest.approx(expected)


def test_of_several_nearest_rows_the_first_counts():
    """In whichever block they lie; pixels, whose sums are exact."""
    other = np.array([[9, 9], [1, 1], [3, 3], [1, 1]] * 30, np.uint8)
    one = np.array([[1, 1], *[[2, 2]] * 99, [9, 9]], np.uint8)
    numbers, found = distances.nearest_neighbours(one, other)
    assert numbers.tolist() == [*[1] * 100, 0]
    assert found.tolist() == [0.0, *[2**0.5] * 99, 0.0]


def test_prdc_of_points_on_a_line_by_hand():
    """Neighbourhoods (k = 1): real 0 +- 1, 1 +- 1, 10 +- 9; fake 0.5 +- 1.5, 2 +- 1.5,
    50 +- 48.  0.5 lies in two real ones, 2 in the third alone, 50 in none.
    """
    real = np.array([[0.0], [1.0], [10.0]])
    fake = np.array([[0.5], [2.0], [50.0]])
    figures = prdc(real, fake, k=1)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["density"] == pytest.approx((2 + 1 + 0) / 3)
    # 0 and 1 have 0.5 in theirs, 10 has 2 in its own.
    assert figures["coverage"] == 1.0
    # 0 and 1 lie in 0.5's, 10 in 50's.
    assert figures["recall"] == 1.0
