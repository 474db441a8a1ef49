"""Ways between latents, and between classes."""

import itertools
from collections.abc import Callable

import numpy as np


def linear(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Vectors [..., D] on the straight line from `start` to `end`; share: in [0, 1]."""
    return (1 - share) * start + share * end


def spherical(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Vectors [..., D] on the arc around the origin (White 2016); of one way a line."""
    norms = np.linalg.norm(start, axis=-1) * np.linalg.norm(end, axis=-1)
    cosine = np.sum(start * end, axis=-1) / np.maximum(norms, np.finfo(float).tiny)
    angle = np.arccos(np.clip(cosine, -1, 1))[..., None]
    curved = np.sin(angle) > 1e-6
    sine = np.where(curved, np.sin(angle), 1)
    arc = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / sine
    return np.where(curved, arc, linear(start, end, share))


def path(stops: np.ndarray, steps: int, between: Callable, *, closed: bool = False):
    """float32 [M, ..., D]: vectors on the way through `stops` [S, ..., D].

    It takes `steps` from a stop to the next, both included: M = (S - 1) (steps - 1) + 1.

    between: `linear` or `spherical`
    closed:  the way leads back to the first stop, which is not repeated: M = S (steps - 1)
    """
    stops = np.asarray(stops, np.float64)
    shares = np.linspace(0, 1, steps)[:-1]
    legs = itertools.pairwise([*stops, stops[0]] if closed else stops)
    points = [between(start, end, share) for start, end in legs for share in shares]
    return np.array(points if closed else [*points, stops[-1]], np.float32)


INTERPOLATIONS = {"normal": spherical, "uniform": linear}  # by the prior
