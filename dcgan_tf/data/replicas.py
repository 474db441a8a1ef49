"""The rows of the global batch that a replica computes.

With tf.distribute a step runs once on each device, a replica.  What is random is drawn for
the global batch and each replica takes its rows, so the step is that of one device.
Outside tf.distribute there is one replica, whose rows are the whole batch.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

import tensorflow as tf

# A replica is traced in a thread of its own, and a thread has its own context.
_blocks = contextvars.ContextVar("batches joined in the rows", default=1)


def count() -> int:
    return tf.distribute.get_replica_context().num_replicas_in_sync


def own_rows(rows: tf.Tensor) -> tf.Tensor:
    """Those of this replica: [R * B, ...] -> [B, ...]; see `joined`."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return rows
    shape = tf.shape(rows)
    blocks = [_blocks.get(), context.num_replicas_in_sync, -1]
    by_replica = tf.reshape(rows, tf.concat([blocks, shape[1:]], 0))
    own = by_replica[:, context.replica_id_in_sync_group]
    return tf.reshape(own, [-1, *rows.shape[1:]])


@contextlib.contextmanager
def joined(batches: int) -> Iterator[None]:
    """The rows within are so many batches, one behind the other.

    Of a global batch [real 0-7, fake 0-7] the second of two replicas has [real 4-7,
    fake 4-7], which are no neighbours.
    """
    token = _blocks.set(batches)
    try:
        yield
    finally:
        _blocks.reset(token)


def draw(sample: Callable[..., tf.Tensor], shape, seed, *args, **kwargs) -> tf.Tensor:
    """This replica's rows of what `sample`, one of tf.random.stateless_*, draws.

    shape: that of the replica's rows.  Philox gives the same bits on every device.
    """
    rows, *others = shape
    return own_rows(sample([rows * count(), *others], seed, *args, **kwargs, alg="philox"))


def pool_moments(mean: tf.Tensor, variance: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance [C] over the global batch, of those over each replica's rows."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return mean, variance
    # Summed with zeros in the other replicas' rows: one collective of a known shape.
    place = tf.one_hot(
        context.replica_id_in_sync_group, context.num_replicas_in_sync, dtype=mean.dtype
    )
    own = place[:, None, None] * tf.stack([mean, variance])
    means, variances = tf.unstack(context.all_reduce("SUM", own), axis=1)  # [R, C] each
    mean = tf.reduce_mean(means, axis=0)
    return mean, tf.reduce_mean(variances + (means - mean) ** 2, axis=0)
