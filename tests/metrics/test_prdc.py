"""Nearest neighbours on cases whose answer is known without computing it this way."""

import tracemalloc

import numpy as np
import pytest

from dcgan_tf.metrics import distances
from dcgan_tf.metrics.distances import prdc, radii


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """So that the seams between blocks are in every case."""
    monkeypatch.setattr(distances, "BLOCK_SIZE", 70)


def normal(seed, count, mean=0.0, scale=1.0, size=3):
    return np.random.default_rng(seed).normal(mean, scale, (count, size))


def test_squared_radii_on_a_line():
    points = np.array([[0.0], [1.0], [3.0], [6.0]])
    assert radii(points, 1).tolist() == [1.0, 1.0, 4.0, 9.0]
    assert radii(points, 2).tolist() == [9.0, 4.0, 9.0, 25.0]


def test_radii_hold_no_more_than_a_few_blocks(monkeypatch):
    monkeypatch.setattr(distances, "BLOCK_SIZE", 100_000)  # of 8 bytes: 0.8 MB
    tracemalloc.start()
    radii(normal(0, 2_000), 5)  # of 4,000,000 distances: 32 MB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


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


def test_prdc_of_one_distribution_and_of_two_far_apart():
    real = normal(0, 300)
    same = prdc(real, normal(1, 300), k=5)
    assert all(0.8 < same[name] <= 1.0 for name in ("precision", "recall", "coverage"))
    assert 0.85 < same["density"] < 1.15
    far = prdc(real, normal(1, 300, mean=100.0), k=5)
    assert set(far.values()) == {0.0}


def test_a_missing_mode_is_missed_by_recall_and_coverage_alone():
    modes = [normal(seed, 150, mean=20.0 * seed) for seed in range(2)]
    figures = prdc(np.concatenate(modes), normal(7, 300), k=5)
    assert figures["precision"] > 0.8
    assert figures["recall"] < 0.55
    assert figures["coverage"] < 0.55


def test_copies_of_one_image_cover_nothing():
    copies = np.repeat(normal(1, 1), 300, axis=0)
    figures = prdc(normal(0, 300), copies, k=5)
    assert figures["recall"] == 0.0
    assert figures["coverage"] < 0.1


def test_radii_that_are_known_are_not_taken_again():
    real, fake = normal(0, 30), normal(1, 40)
    assert prdc(real, fake, 3, radii(real, 3)) == prdc(real, fake, 3)
    everywhere = prdc(real, fake, 3, np.full(30, np.inf))
    assert (everywhere["precision"], everywhere["coverage"]) == (1.0, 1.0)
    assert everywhere["density"] == 30 / 3
