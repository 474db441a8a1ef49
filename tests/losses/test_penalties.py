import pytest
import tensorflow as tf

from dcgan_tf.losses import penalties


def test_the_squared_gradient_norm_is_summed_over_pixels_and_averaged_over_images():
    """Of 3 x first pixel + (second pixel)^2: 9 at 0, and 9 + (2 x 0.5)^2 at 0.5."""
    images = tf.constant([[0.0, 0.0], [0.0, 0.5]])[:, :, None, None]

    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = 3 * images[:, 0, :, 0] + images[:, 1, :, 0] ** 2
    norm = penalties.squared_gradient_norm(tape, logits, images)
    assert float(norm) == pytest.approx(9.5)


def test_the_squared_gradient_norm_can_itself_be_minimised():
    """Of w x pixel it is w^2: its gradient by w is 2 w."""
    weight, images = tf.Variable(3.0), tf.ones([2, 1, 1, 1])
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(images)
            logits = weight * images[:, 0, :, 0]
        norm = penalties.squared_gradient_norm(inner, logits, images)
    assert float(tape.gradient(norm, weight)) == pytest.approx(6)
