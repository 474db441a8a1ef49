"""The devices that a run is trained on, as a strategy of tf.distribute.

One device: TensorFlow's default strategy.  Several: MirroredStrategy.  Several processes:
MultiWorkerMirroredStrategy.
"""

import functools
import signal

import tensorflow as tf

from dcgan_tf.support import errors, tf_setup
from dcgan_tf.support.cluster import Cluster

JOIN_SECONDS = 120  # that TensorFlow has to join workers which have all started


def make(devices: int | None = None) -> tf.distribute.Strategy:
    """This process's devices: None: all GPUs, or the CPU.

    `devices` GPUs, or as many logical devices of the CPU where there is no GPU.  Before
    TensorFlow has been used.  UsageError where there are not so many.
    """
    gpus = _configure(devices)
    names = [f"GPU:{i}" for i in range(gpus)]
    if not gpus:
        names = [f"CPU:{i}" for i in range(devices or 1)]
    return tf.distribute.get_strategy() if len(names) == 1 else _mirrored(*names)


@functools.cache  # a second one would take the first one's keys of collectives
def _mirrored(*names: str) -> tf.distribute.Strategy:
    # GPUs have NCCL.  Devices of one CPU share its memory: plain sums, no collectives.
    of_cpu = all(name.startswith("CPU") for name in names)
    reduction = tf.distribute.ReductionToOneDevice() if of_cpu else None
    with tf_setup.quiet():
        return tf.distribute.MirroredStrategy(names, cross_device_ops=reduction)


def join(cluster: Cluster, devices: int | None) -> tf.distribute.Strategy:
    """The devices of all workers: each one's GPUs, or `devices` of them, or its CPU.

    Returns once all have come here.
    """
    if _configure(devices) == 0 and devices not in (None, 1):
        raise errors.UsageError(
            f"--devices={devices}: a worker without a GPU is one device; start more "
            "workers, or leave --devices out"
        )
    cluster.wait_for_all()
    # TensorFlow waits for them without end, deaf to all but what the system itself does.
    signal.alarm(JOIN_SECONDS)
    try:
        with tf_setup.quiet():
            return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        raise errors.RunError(
            f"{cluster.name(cluster.index)}: could not be joined with the others: "
            f"{errors.first_line(error)}"
        ) from error
    finally:
        signal.alarm(0)


def _configure(devices: int | None) -> int:
    """Makes the devices visible that are used; how many GPUs these are."""
    with tf_setup.quiet():
        gpus = tf.config.list_physical_devices("GPU")
    if devices and gpus and devices > len(gpus):
        raise errors.UsageError(
            f"--devices={devices}: more than the GPUs of this machine, {len(gpus)}"
        )
    gpus = gpus[:devices]
    try:
        if gpus:
            tf.config.set_visible_devices(gpus, "GPU")
        elif devices and devices > 1:
            cpu = tf.config.list_physical_devices("CPU")[0]
            logical = [tf.config.LogicalDeviceConfiguration()] * devices
            tf.config.set_logical_device_configuration(cpu, logical)
        for gpu in gpus:  # or TensorFlow would take all of its memory
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:  # TensorFlow was used before, by a program that trains twice
        if not gpus and len(tf.config.list_logical_devices("CPU")) < devices:
            raise errors.RunError(
                f"--devices={devices}: TensorFlow has been used in this process on fewer "
                "devices, and cannot change that; train in another process"
            ) from None
    return len(gpus)


def check_batch_size(strategy: tf.distribute.Strategy, batch_size: int) -> None:
    """UsageError unless every device has as many rows of a batch."""
    devices = strategy.num_replicas_in_sync
    if batch_size % devices:
        fitting = [str(n) for n in range(1, devices) if batch_size % n == 0]
        raise errors.UsageError(
            f"--batch_size={batch_size}: {devices} devices do not divide it; take "
            f"{' or '.join(fitting)} of them (by --devices), or another --batch_size"
        )
