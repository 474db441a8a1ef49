import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.losses import penalties
from dcgan_tf.losses.class_heads import DiscriminatorOutput


def test_the_squared_gradient_norm_is_summed_over_pixels_and_averaged_over_images():
    """Of 3 x first pixel + (second pixel)^2: 9 at 0, and 9 + (2 x 0.5)^2 at 0.5."""
    images = tf.constant([[0.0, 0.0], [0.0, 0.5]])[:, :, None, None]

    def discriminate(seen):
        return DiscriminatorOutput(3 * seen[:, 0, :, 0] + seen[:, 1, :, 0] ** 2)

    output, norm = penalties.squared_gradient_norm(discriminate, images)
    assert np.array_equal(output.adversarial, [[0.0], [0.25]])
    assert float(norm) == pytest.approx(9.5)


def test_the_squared_gradient_norm_can_itself_be_minimised():
    """Of w x pixel it is w^2: its gradient by w is 2 w."""
    weight, images = tf.Variable(3.0), tf.ones([2, 1, 1, 1])
    with tf.GradientTape() as tape:
        _, norm = penalties.squared_gradient_norm(
            lambda seen: DiscriminatorOutput(weight * seen[:, 0, :, 0]), images
        )
    assert float(tape.gradient(norm, weight)) == pytest.approx(6)
