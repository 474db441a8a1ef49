import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.losses import terms
from dcgan_tf.losses.class_heads import DiscriminatorOutput


def test_terms_add_up_by_their_weights():
    """A term without a weight counts nothing, and a weight without a term neither."""
    parts = {"a": tf.constant(1.0), "b": tf.constant(2.0), "c": tf.constant(40.0)}
    total = terms.sum_terms(parts, {"a": 0.5, "b": -3.0, "absent": 7.0})
    assert float(total) == pytest.approx(0.5 - 6)


def test_terms_of_both_players_keep_their_names():
    named = terms.prefix_terms(generator={"loss": 1.0}, discriminator={"loss": 2.0})
    assert named == {"generator/loss": 1.0, "discriminator/loss": 2.0}


def test_share_is_of_the_whole_batch():
    assert float(terms.share(tf.constant([[True], [False], [True], [True]]))) == 0.75


def test_the_squared_gradient_norm_is_summed_over_pixels_and_averaged_over_images():
    """Of 3 x first pixel + (second pixel)^2: 9 at 0, and 9 + (2 x 0.5)^2 at 0.5."""
    images = tf.constant([[0.0, 0.0], [0.0, 0.5]])[:, :, None, None]
    output, norm = terms.squared_gradient_norm(
        lambda x: DiscriminatorOutput(3 * x[:, 0, :, 0] + x[:, 1, :, 0] ** 2), images
    )
    assert np.array_equal(output.adversarial, [[0.0], [0.25]])
    assert float(norm) == pytest.approx(9.5)


def test_the_squared_gradient_norm_can_itself_be_minimised():
    """Of w x pixel it is w^2: its gradient by w is 2 w."""
    weight, images = tf.Variable(3.0), tf.ones([2, 1, 1, 1])
    with tf.GradientTape() as tape:
        _, norm = terms.squared_gradient_norm(
            lambda seen: DiscriminatorOutput(weight * seen[:, 0, :, 0]), images
        )
    assert float(tape.gradient(norm, weight)) == pytest.approx(6)
