"""Gradient penalties on the discriminator."""

from collections.abc import Callable

import tensorflow as tf


def squared_gradient_norm(logits_of: Callable, images: tf.Tensor) -> tf.Tensor:
    """Mean over images [B, H, W, C] of the squared norm of the logit's gradient.

    logits_of: images -> logits [B, 1], each of its own image alone.  Half of it is R1 on
    real images (Mescheder et al. 2018, equation 9), and R2 on fakes.
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = logits_of(images)
    gradients = tape.gradient(logits, images)
    return tf.reduce_mean(tf.reduce_sum(gradients**2, axis=[1, 2, 3]))
