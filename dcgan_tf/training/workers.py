"""What the worker processes of a run tell each other, through TensorFlow's collectives."""

import contextlib
import json
from collections.abc import Mapping
from signal import Signals

import numpy as np
import tensorflow as tf

from dcgan_tf.support import errors
from dcgan_tf.support.cluster import Cluster, Watch
from dcgan_tf.training import strategy

# What a worker meets with where another has ended.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
)


def join(cluster: Cluster | None, devices: int | None) -> "Workers":
    """This process and its devices, and with a cluster the others, once all are there."""
    if cluster is None:
        return Workers(strategy.make(devices))
    joined = strategy.join(cluster, devices)
    return Workers(joined, cluster, Watch(cluster))


class Workers:
    """The workers of a run, of whom this process is one; without a cluster, the only one.

    What asks all of them must be called by all of them, in the same order.
    """

    def __init__(
        self,
        used: tf.distribute.Strategy | None = None,
        cluster: Cluster | None = None,
        watch: Watch | None = None,
    ):
        self.strategy = used or tf.distribute.get_strategy()
        self.devices = self.strategy.num_replicas_in_sync  # of all workers together
        self.is_chief = cluster is None or cluster.is_chief  # who writes and prints
        self._cluster = cluster
        self._watch = watch

        def of_replica(row):
            context = tf.distribute.get_replica_context()
            place = tf.one_hot(
                context.replica_id_in_sync_group, self.devices, dtype=row.dtype
            )
            return context.all_reduce("SUM", place[:, None] * row)

        @tf.function(input_signature=[tf.TensorSpec([1, None], tf.float64)])
        def gather(row):
            return self.strategy.run(of_replica, (row,))

        self._gather_rows = gather

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of all of them; () for a single process."""
        return self._cluster.workers if self._cluster else ()

    @property
    def name(self) -> str:
        """ "worker 1 (localhost:2223)"."""
        return self._cluster.name(self._cluster.index) if self._cluster else ""

    def leave(self) -> None:
        """The others may end from now on."""
        if self._watch:
            self._watch.over()

    def lost(self, error: tf.errors.OpError) -> str | None:
        """The line for an error that means that another worker is lost; None for others."""
        if self._cluster and isinstance(error, LOST):
            return self._cluster.lost(str(error))
        return None

    def meet(self) -> None:
        """Returns once all of them have come here."""
        self._gather([0.0])

    def of_chief(self, value: float) -> float:
        """The chief's value, in all of them."""
        return float(self._gather([value])[0, 0])

    def agree(self, stop: Signals | None, due: bool) -> tuple[Signals | None, bool]:
        """A signal that any of them was sent, and whether the chief's save is due."""
        every = self._gather([stop or 0, due])
        number = int(every[:, 0].max())
        return Signals(number) if number else None, bool(every[0, 1])

    def check_alike(self, facts: Mapping[str, object]) -> None:
        """UsageError, in all of them, unless each has the chief's facts."""
        everyone = self._gather_text(json.dumps(facts))
        chief = json.loads(everyone[0])
        for index, text in enumerate(everyone):
            for name, value in json.loads(text).items():
                if value != chief.get(name):
                    # None ends before all know why: else the others would take it for lost.
                    self.leave()
                    with contextlib.suppress(*LOST):
                        self.meet()
                    raise errors.UsageError(
                        f"{self._cluster.name(index)}: {name} {value}, where the chief, "
                        f"{self._cluster.name(0)}, has {chief.get(name)}; start all with "
                        "the same flags, data and versions, and a --run_dir that they share"
                    )

    def _gather_text(self, text: str) -> list[str]:
        encoded = np.frombuffer(text.encode(), np.uint8)
        lengths = self._gather([len(encoded)])[:, 0].astype(int)
        padded = np.pad(encoded, (0, max(lengths) - len(encoded)))
        rows = self._gather(padded).astype(np.uint8)
        both = zip(rows, lengths, strict=True)
        return [row[:length].tobytes().decode() for row, length in both]

    def _gather(self, values) -> np.ndarray:
        """The values [n] of every worker: float64 [workers, n]."""
        own = np.asarray(values, np.float64)[None]
        if self._cluster is None:
            return own
        with self._watch.meeting():
            every = self._gather_rows(tf.constant(own))
        rows = self.strategy.experimental_local_results(every)[0].numpy()
        # Every device of a worker has sent the same.
        return rows[:: len(rows) // len(self._cluster.workers)]
