"""Gradient penalties on the discriminator."""

import tensorflow as tf


def squared_gradient_norm(
    tape: tf.GradientTape, logits: tf.Tensor, images: tf.Tensor
) -> tf.Tensor:
    """Mean over images [B, H, W, C] of the squared norm of the logit's gradient.

    tape: has watched the images, and recorded the logits [B, 1], each of its own image
    alone.  Half of it is R1 on real images (Mescheder et al. 2018, equation 9), and R2 on
    fakes.
    """
    gradients = tape.gradient(logits, images)
    return tf.reduce_mean(tf.reduce_sum(gradients**2, axis=[1, 2, 3]))
