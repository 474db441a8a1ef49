"""The rows of the global batch that a replica, a device of tf.distribute, computes.

What is random is drawn for the global batch and each replica takes its rows, so the step is
that of one device, which has all rows.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

import tensorflow as tf

# A replica is traced in a thread of its own, and a thread has its own context.
_batches = contextvars.ContextVar("batches joined in the rows", default=1)


def count() -> int:
    return tf.distribute.get_replica_context().num_replicas_in_sync


def own_rows(rows: tf.Tensor) -> tf.Tensor:
    """Returns those of this replica: [R * B, ...] -> [B, ...]; see `joined`."""
    if count() == 1:
        return rows
    by_replica = tf.reshape(rows, [_batches.get(), count(), -1, *rows.shape[1:]])
    own = by_replica[:, tf.distribute.get_replica_context().replica_id_in_sync_group]
    return tf.reshape(own, [-1, *rows.shape[1:]])


def total(values: tf.Tensor) -> tf.Tensor:
    """Returns the sum of all replicas' tensors."""
    if count() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce("SUM", values)


def batches() -> int:
    """Returns how many batches lie one behind the other in the rows, as `joined` lets."""
    return _batches.get()


@contextlib.contextmanager
def joined(batches: int) -> Iterator[None]:
    """Lets the rows within be so many batches, one behind the other.

    Of a global batch [real 0-7, fake 0-7] the second replica has [real 4-7, fake 4-7].
    """
    before = _batches.set(batches)
    try:
        yield
    finally:
        _batches.reset(before)


def draw(sample: Callable[..., tf.Tensor], shape, seed, *args) -> tf.Tensor:
    """Returns this replica's rows of what `sample`, one of tf.random.stateless_*, draws.

    shape: that of the replica's rows.  Philox gives the same bits on every device.
    """
    return own_rows(sample([shape[0] * count(), *shape[1:]], seed, *args, alg="philox"))
