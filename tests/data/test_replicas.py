import numpy as np
import tensorflow as tf
from conftest import TWO_DEVICES

from dcgan_tf.data import augment, replicas
from dcgan_tf.models import layers


def on_each(function, *args):
    """What each of two replicas returns, behind one another."""
    results = tf.function(lambda: TWO_DEVICES.run(function, args))()
    return [x.numpy() for x in TWO_DEVICES.experimental_local_results(results)]


def test_a_replica_has_its_rows_of_a_batch():
    rows = tf.reshape(tf.range(24), [8, 3])
    first, second = on_each(replicas.own_rows, rows)
    assert np.array_equal(first, rows[:4])
    assert np.array_equal(second, rows[4:])


def test_a_replica_has_its_rows_of_each_of_two_joined_batches():
    def own(rows):
        with replicas.joined(2):
            tf.distribute.get_replica_context().merge_call(
                lambda _: None
            )  # the other's turn
            return replicas.own_rows(rows)

    first, second = on_each(own, tf.range(8))
    assert first.tolist() == [0, 1, 4, 5]
    assert second.tolist() == [2, 3, 6, 7]


def test_outside_of_a_strategy_all_rows_are_one_s_own():
    assert replicas.count() == 1
    assert replicas.own_rows(tf.range(4)).numpy().tolist() == [0, 1, 2, 3]


def test_what_replicas_draw_is_together_what_one_draws():
    def draw(size):
        shape = [size, 5]
        return replicas.draw(tf.random.stateless_normal, shape, [3, 4])

    assert np.array_equal(np.concatenate(on_each(draw, 4)), draw(8))


def test_replicas_augment_their_rows_as_one_would_augment_them():
    images = tf.random.stateless_uniform([8, 12, 12, 3], [5, 6])

    def augmented(images):
        own = replicas.own_rows(images)
        return augment.augment(own, tf.constant([1, 2]), max_translation=3, flip=True)

    parts = on_each(augmented, images)
    assert np.array_equal(np.concatenate(parts), augmented(images))


def test_moments_are_those_of_the_global_batch():
    rows = np.random.default_rng(0).normal(3.0, 2.0, [8, 5])

    def moments(rows):
        own = replicas.own_rows(rows)
        mean, variance = tf.nn.moments(own, [0])
        return tf.stack(layers.pool_moments(mean, variance))

    for mean, variance in on_each(moments, tf.constant(rows)):
        assert np.allclose(mean, rows.mean(0), rtol=1e-12)
        assert np.allclose(variance, rows.var(0), rtol=1e-12)
