"""The devices and the worker processes that train one run together.

One device takes TensorFlow's default strategy, several take MirroredStrategy.  Several
processes, the workers, take MultiWorkerMirroredStrategy: they run the same loop on the same
batches, and worker 0, the chief, alone prints and writes.
"""

import atexit
import contextlib
import functools
import json
import os
import re
import shutil
import signal
import socket
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from dcgan_tf.support import errors, tf_setup
from dcgan_tf.support.progress import say
from dcgan_tf.support.stop_signal import StopSignal

resolvers = tf.distribute.cluster_resolver
ALONE = "TF_CONFIG= in the environment trains in one process alone"
# What TensorFlow raises of an environment that describes no cluster.
MALFORMED = ValueError, TypeError, LookupError, AttributeError, RuntimeError
START_SECONDS = 120  # within which all workers must have started
# TensorFlow's errors where another worker has ended or stands still.
LOST = (
    *(tf.errors.UnavailableError, tf.errors.DeadlineExceededError),
    *(tf.errors.AbortedError, tf.errors.CancelledError),
)


class Workers:
    """The processes that train a run; by default this process alone, on one device.

    What asks all workers must be called by all of them, in the same order.

    addresses: "host:port" of each worker, the chief first; () for a single process
    index:     this process's place among them
    """

    def __init__(self, strategy=None, addresses: Sequence[str] = (), index: int = 0):
        self.strategy = strategy or tf.distribute.get_strategy()
        self.devices = self.strategy.num_replicas_in_sync  # of all workers together
        self.addresses, self.index, self.is_chief = addresses, index, index == 0
        self.names = [f"worker {i} ({address})" for i, address in enumerate(addresses)]
        self.stop = StopSignal("saving" if self.is_chief else "the chief is saving")

    def gather(self, *values: float) -> np.ndarray:
        """Returns the values [n] of every worker, once all gave theirs: [workers, n]."""
        every = np.zeros([max(len(self.addresses), 1), len(values)])
        every[self.index] = values
        if not self.addresses:
            return every
        # Each device of a worker adds its values.
        return self._add_up(every).numpy() * len(self.addresses) / self.devices

    @tf.function
    def _add_up(self, values: tf.Tensor) -> tf.Tensor:
        every = self.strategy.run(tf.identity, (values,))
        return self.strategy.reduce("SUM", every, axis=None)

    def agree(self, stop: signal.Signals | None, due: bool, seconds: float) -> tuple:
        """Returns any worker's signal, whether the chief's save is due, its seconds."""
        every = self.gather(stop or 0, due, seconds)
        number = int(every[:, 0].max())
        return signal.Signals(number) if number else None, bool(every[0, 1]), every[0, 2]

    def check_alike(self, facts: Mapping[str, object]) -> None:
        """Raises UsageError, in all workers, unless all have the same facts."""
        every = self.gather(*(zlib.crc32(repr(fact).encode()) for fact in facts.values()))
        different = np.array(list(facts))[np.any(every != every[0], axis=0)]
        if len(different):
            with contextlib.suppress(*LOST):  # who ended at once would be taken for lost
                self.gather(0)
            raise errors.UsageError(
                f"{', '.join(different)}: not the same in all workers; start all with the "
                "same flags, data, versions and --run_dir"
            )

    def lost(self, error: BaseException) -> str | None:
        """Returns the line for an error that means that another worker is lost, or None."""
        if not self.addresses or not isinstance(error, LOST):
            return None
        others = set(range(len(self.names))) - {self.index}
        named = {int(number) for number in re.findall(r"/task:(\d+)", str(error))}
        names = " or ".join(self.names[i] for i in sorted(others & named or others))
        return (
            f"{names}: ended, or cannot be reached; its own output may say why; start all "
            "workers again by the same commands, and they go on from the newest checkpoint"
        )

    @contextlib.contextmanager
    def ending(self, *, ends_process: bool) -> Iterator[None]:
        """Lets no worker end before all are done, but for an error; notes early signals.

        ends_process: whether an error does, at once: TensorFlow waits for lost workers
        """
        try:
            with self.stop if self.addresses else contextlib.nullcontext():
                yield
                with contextlib.suppress(*LOST):  # of a worker that has met all and ended
                    self.gather(0)
        except BaseException as error:
            if self.addresses and ends_process:
                atexit.register(os._exit, 2 if isinstance(error, errors.UsageError) else 1)
            if line := self.lost(error):
                raise errors.RunError(line) from error
            raise


def join(devices: int | None) -> Workers:
    """Returns this process's place among the workers, once all have started.

    devices: GPUs of each worker, None for all of them; without a GPU, logical devices of
             the CPU, None for one; TensorFlow must not have been used before
    """
    text = os.environ.get("TF_CONFIG")
    tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) if text is None else 1
    given, whom = f"TF_CONFIG={text}", "all"
    make_resolver = resolvers.TFConfigClusterResolver
    if tasks > 1:
        given, whom = "Slurm", f"the {tasks} tasks of this Slurm step; {ALONE}"
        make_resolver = functools.partial(_slurm_resolver, tasks)
    try:
        if tasks > 1 or any((json.loads(text or "{}").get("cluster") or {}).values()):
            resolver = make_resolver()
            jobs = resolver.cluster_spec().as_dict()
            chiefs = jobs.get("chief", [])
            addresses = (*chiefs, *jobs.get("worker", []))
            index = {"chief": 0, "worker": len(chiefs)}[resolver.task_type]
            index += resolver.task_id
            worker = f"worker {index} ({addresses[index]})"
            say(f"{worker}: waits up to {START_SECONDS} s for {whom}")
            _wait_for_all(addresses, index)
            return Workers(make(devices, resolver), addresses, index)
    except (*MALFORMED, tf.errors.OpError) as error:
        raise errors.UsageError(
            f"{given}: {errors.first_line(error)}; {ALONE}; for several it must list the "
            'workers, each by host:port, and say which of them this is, as {"cluster": '
            '{"worker": ["A:2222", "B:2222"]}, "task": {"type": "worker", "index": 0}}'
        ) from error
    return Workers(make(devices))


def _wait_for_all(addresses: Sequence[str], index: int) -> None:
    """RunError unless all workers come in time; TensorFlow waits without end, and deaf."""
    deadline = time.monotonic() + START_SECONDS
    # A worker that comes after this one has left finds TensorFlow's server here.
    with socket.create_server(("", int(addresses[index].rpartition(":")[2]))):
        for other, address in enumerate(addresses):
            host, _, port = address.rpartition(":")
            while True:
                try:
                    with socket.create_connection((host, int(port)), timeout=5):
                        break
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise errors.RunError(
                            f"worker {other} ({address}): not ready within {START_SECONDS} "
                            f"s ({error.strerror}); start all within that time; {ALONE}"
                        ) from error
                    time.sleep(0.2)


def _slurm_resolver(tasks: int):
    # TensorFlow counts a node's GPUs and shares them out, if Slurm has not, and if any are.
    shared = "CUDA_VISIBLE_DEVICES" in os.environ or not shutil.which("nvidia-smi")
    own = {"gpus_per_node": tasks, "gpus_per_task": 1, "auto_set_gpu": False}
    resolver = resolvers.SlurmClusterResolver(**(own if shared else {}))
    # It orders the names of nodes as text: node10 before node2.
    host = resolver.cluster_spec().task_address("worker", resolver.task_id).split(":")[0]
    if (node := os.environ.get("SLURMD_NODENAME", host)) != host:
        raise ValueError(f"TensorFlow takes {node} for {host}: set TF_CONFIG")
    return resolver


@functools.cache  # a second strategy would take the first one's keys of collectives
def make(devices: int | None = None, resolver=None) -> tf.distribute.Strategy:
    """Takes devices, and returns their strategy, or that of all workers by a `resolver`."""
    with tf_setup.quiet():
        gpus = tf.config.list_physical_devices("GPU")
    if devices and gpus and devices > len(gpus):
        raise errors.UsageError(f"--devices={devices}: this machine has {len(gpus)} GPUs")
    gpus = gpus[:devices]
    count = len(gpus) or devices or 1
    if count > 1 and not gpus:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, logical)
    with contextlib.suppress(RuntimeError):  # TensorFlow was used before, on all GPUs
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:  # or TensorFlow would take all of its memory
            tf.config.experimental.set_memory_growth(gpu, True)
    # GPUs have NCCL.  Devices of one CPU share its memory: plain sums, no collectives.
    reduction = None if gpus else tf.distribute.ReductionToOneDevice()
    with tf_setup.quiet():
        if resolver:
            return tf.distribute.MultiWorkerMirroredStrategy(resolver)
        tf.config.list_logical_devices()
        if count == 1:
            return tf.distribute.get_strategy()
        names = [f"{'GPU' if gpus else 'CPU'}:{i}" for i in range(count)]
        return tf.distribute.MirroredStrategy(names, cross_device_ops=reduction)
