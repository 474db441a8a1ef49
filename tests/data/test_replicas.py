"""The rows of a global batch that a replica has; test_devices trains steps with them."""

import numpy as np
import tensorflow as tf
from conftest import TWO_DEVICES

from dcgan_tf.data import replicas


def on_each(function, *args):
    """What each of two replicas returns."""
    results = tf.function(lambda: TWO_DEVICES.run(function, args))()
    return [x.numpy() for x in TWO_DEVICES.experimental_local_results(results)]


def joined(rows):
    with replicas.joined(2):
        tf.distribute.get_replica_context().merge_call(lambda _: None)  # the other's turn
        return replicas.own_rows(rows)


def test_a_replica_has_its_rows_of_a_batch_and_of_each_of_two_joined_batches():
    """Catches a state of one replica's thread that the other one's reads."""
    rows = tf.range(8)
    assert [x.tolist() for x in on_each(replicas.own_rows, rows)] == [
        [*range(4)],
        [4, 5, 6, 7],
    ]
    assert [x.tolist() for x in on_each(joined, rows)] == [[0, 1, 4, 5], [2, 3, 6, 7]]
    assert replicas.own_rows(rows).numpy().tolist() == [*range(8)], "outside of a strategy"


def test_what_replicas_draw_is_together_what_one_draws():
    def draw(size):
        return replicas.draw(tf.random.stateless_normal, [size, 5], [3, 4])

    assert np.array_equal(np.concatenate(on_each(draw, 4)), draw(8))
