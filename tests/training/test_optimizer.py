import pytest
import tensorflow as tf

from dcgan_tf.training.optimizer import cosine_decay


@pytest.mark.parametrize(
    ("images", "share"),
    [(0, 1.0), (250, 0.2 + 0.8 * (1 + 0.5**0.5) / 2), (500, 0.6), (1000, 0.2), (5000, 0.2)],
)
def test_a_cosine_decay_falls_along_half_a_cosine_and_stays(images, share):
    decayed = cosine_decay(tf.constant(images, tf.int64), 1000, 0.2)
    assert float(decayed) == pytest.approx(share)


def test_without_images_to_fall_over_all_is_left():
    assert float(cosine_decay(tf.constant(7, tf.int64), 0, 0.2)) == 1.0
