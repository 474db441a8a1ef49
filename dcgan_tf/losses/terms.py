"""Named terms of a loss: what they are called, and how they add up.

A term is a mean over the batch, a scalar, reported as it is; "loss", which stands among
them, is their weighted sum: what a player minimises.
"""

from collections.abc import Mapping

import tensorflow as tf

Terms = dict[str, tf.Tensor]


def sum_terms(terms: Terms, weights: Mapping[str, float]) -> tf.Tensor:
    """The sum of the terms that have a weight, each times its weight."""
    weighted = [weight * terms[name] for name, weight in weights.items() if name in terms]
    return tf.add_n(weighted)


def suffix_terms(terms: Terms, suffix: str) -> Terms:
    return {f"{name}_{suffix}": term for name, term in terms.items()}


def prefix_terms(**players: Terms) -> Terms:
    """Both players' terms together: "generator/loss", "discriminator/loss" ..."""
    return {
        f"{player}/{name}": term
        for player, terms in players.items()
        for name, term in terms.items()
    }


def share(right: tf.Tensor) -> tf.Tensor:
    """The share of a batch [B, ...] of bool that is true."""
    return tf.reduce_mean(tf.cast(right, tf.float32))
