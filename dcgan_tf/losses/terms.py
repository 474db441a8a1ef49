"""Named terms of a loss: how they are made, what they are called, how they add up.

A term is a mean over the batch, a scalar, reported as it is; "loss", which stands among
them, is their weighted sum: what a player minimises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dcgan_tf.support.lazy import tensorflow as tf

Terms = dict[str, Any]  # scalar tensors


def sum_terms(terms: Terms, weights: Mapping[str, float]) -> tf.Tensor:
    """Returns the sum of the terms that have a weight, each times its weight."""
    return tf.add_n([w * terms[name] for name, w in weights.items() if name in terms])


def suffix_terms(terms: Terms, suffix: str) -> Terms:
    return {f"{name}_{suffix}": term for name, term in terms.items()}


def prefix_terms(**players: Terms) -> Terms:
    """Returns both players' terms: "generator/loss", "discriminator/loss" ..."""
    return {
        f"{player}/{n}": t for player, terms in players.items() for n, t in terms.items()
    }


def share(right: tf.Tensor) -> tf.Tensor:
    """Returns the share of a batch [B, ...] of bool that is true."""
    return tf.reduce_mean(tf.cast(right, tf.float32))


def squared_gradient_norm(discriminate: Callable, images: tf.Tensor) -> tuple:
    """Returns the discriminator's output for images [B, H, W, C], and its gradient there.

    The second is the mean over images of the squared norm of the logit's gradient, a
    scalar.  Half of it is R1 on real images (Mescheder et al. 2018, equation 9), and R2 on
    fakes.  discriminate: images -> an output whose `adversarial` [B, 1] has each image's
    logit, which depends on that image alone
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = discriminate(images)
    gradients = tape.gradient(output.adversarial, images)
    return output, tf.reduce_mean(tf.reduce_sum(gradients**2, axis=[1, 2, 3]))
