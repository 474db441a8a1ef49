"""Named terms of a loss: what they are called, and how they add up.

A term is a mean over the batch, a scalar, reported as it is; "loss", which stands among
them, is their weighted sum: what a player minimises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcgan_tf.support.lazy import tensorflow as tf

Terms = dict[str, Any]  # scalar tensors


def sum_terms(terms: Terms, weights: Mapping[str, float]) -> tf.Tensor:
    """Returns the sum of the terms that have a weight, each times its weight."""
    weighted = [weight * terms[name] for name, weight in weights.items() if name in terms]
    return tf.add_n(weighted)


def suffix_terms(terms: Terms, suffix: str) -> Terms:
    return {f"{name}_{suffix}": term for name, term in terms.items()}


def prefix_terms(**players: Terms) -> Terms:
    """Returns both players' terms: "generator/loss", "discriminator/loss" ..."""
    return {
        f"{player}/{name}": term
        for player, terms in players.items()
        for name, term in terms.items()
    }


def share(right: tf.Tensor) -> tf.Tensor:
    """Returns the share of a batch [B, ...] of bool that is true."""
    return tf.reduce_mean(tf.cast(right, tf.float32))
