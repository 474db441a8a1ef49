"""Gradient penalties on the discriminator."""

from __future__ import annotations

from collections.abc import Callable

from dcgan_tf.support.lazy import tensorflow as tf


def squared_gradient_norm(discriminate: Callable, images: tf.Tensor) -> tuple:
    """Returns the discriminator's output for images [B, H, W, C], and its gradient there.

    The second is the mean over images of the squared norm of the logit's gradient, a
    scalar.  Half of it is R1 on real images (Mescheder et al. 2018, equation 9), and R2 on
    fakes.

    discriminate: images -> an output whose `adversarial`, [B, 1], has each image's logit,
                  which depends on that image alone
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = discriminate(images)
    gradients = tape.gradient(output.adversarial, images)
    return output, tf.reduce_mean(tf.reduce_sum(gradients**2, axis=[1, 2, 3]))
