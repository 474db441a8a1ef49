"""Precision, recall, density and coverage: k nearest neighbours of features [N, F]."""

import numpy as np

from dcgan_tf.metrics.distances import squared_distances


def radii(features: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each row from its k-th nearest other row, [N]."""
    found = np.empty(len(features))
    for place, distances in squared_distances(features, features):
        # Number 0 is the row itself.
        found[place] = np.partition(distances, k, axis=1)[:, k]
    return found


def prdc(
    real: np.ndarray, fake: np.ndarray, k: int, real_radii: np.ndarray | None = None
) -> dict[str, float]:
    """Precision, recall, density and coverage from k nearest neighbours.

    real_radii: `radii(real, k)`, where it is known

    Precision and recall (Kynkaanniemi et al. 2019, section 2): the shares of fakes among
    the real, and of the real among the fakes.  Density and coverage (Naeem et al. 2020,
    section 3): how many of the real's neighbourhoods a fake lies in, over k, on average;
    and the share of the real in whose neighbourhood some fake lies.
    """
    if real_radii is None:
        real_radii = radii(real, k)
    fake_radii = radii(fake, k)
    inside = np.empty(len(fake))
    covered = np.zeros(len(real), bool)
    recalled = np.zeros(len(real), bool)
    for place, distances in squared_distances(fake, real):
        near_real = distances < real_radii
        inside[place] = near_real.sum(axis=1)
        covered |= near_real.any(axis=0)
        recalled |= (distances < fake_radii[place, None]).any(axis=0)
    return {
        "precision": float(np.mean(inside > 0)),
        "recall": float(np.mean(recalled)),
        "density": float(np.mean(inside) / k),
        "coverage": float(np.mean(covered)),
    }
