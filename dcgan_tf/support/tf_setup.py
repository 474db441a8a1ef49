"""TensorFlow and Keras as this package needs them, without their start-up lines."""

import contextlib
import importlib
import os
import pathlib
import platform
import random
import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping

import numpy as np

from dcgan_tf.support import errors
from dcgan_tf.support.lazy import keras
from dcgan_tf.support.lazy import tensorflow as tf

THREADS = "TF_NUM_INTRAOP_THREADS"  # the environment variable


def start() -> None:
    """Imports TensorFlow and Keras for a command; before any module that uses them.

    The user's own Keras settings, which would make other networks of the same names, do
    not count.
    """
    import_quietly()
    _set_keras(_OURS)
    tf.config.optimizer.set_experimental_options(_NO_OPTIMIZATION)


@contextlib.contextmanager
def as_library(*, initialise: bool = True) -> Iterator[None]:
    """Does what `start` does for a command, for a while; within, `start` may be called too.

    Puts back the caller's settings of Keras and TensorFlow and the random states of Python
    and NumPy.  TensorFlow's messages below errors stay off, and its global seed stays what
    a training has set.

    initialise: see `import_quietly`
    """
    import_quietly(initialise=initialise)
    from tensorflow.python.framework import config as tf_config  # has what tf.config lacks

    before = {name: getattr(keras.config, name)() for name in _OURS}
    with quiet():  # a first look at the devices, which a machine without a GPU complains of
        tf.config.list_physical_devices()
    optimizations = tf.config.optimizer.get_experimental_options()
    deterministic = tf_config.is_op_determinism_enabled()
    state = random.getstate()  # from which Keras takes the seeds of what has none
    numpy_state = np.random.get_state()
    _set_keras(_OURS)
    try:
        yield
    finally:
        _set_keras(before)
        random.setstate(state)
        np.random.set_state(numpy_state)
        restored = {name: optimizations.get(name, True) for name in _NO_OPTIMIZATION}
        tf.config.optimizer.set_experimental_options(restored)
        if not deterministic:
            tf_config.disable_op_determinism()


# Optimisations of graphs.  The first fails, loudly, on a LeakyReLU in a loop.  The second
# drops a control edge there without a word: a bias was then read for the generator's step
# while the discriminator's step still moved it, and now and then the bits were others.
_NO_OPTIMIZATION = {"remapping": False, "dependency_optimization": False}
_OURS = {
    "floatx": "float32",
    "dtype_policy": "float32",
    "image_data_format": "channels_last",
}


def _set_keras(settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        getattr(keras.config, f"set_{name}")(value)


def import_quietly(*, initialise: bool = True) -> None:
    """Imports TensorFlow and Keras without the lines that they print on the way."""
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        _check_backend()
        return
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if platform.machine().lower() in ("x86_64", "amd64"):
        # TensorFlow's own default only on some; with AVX2 alone a default acgan step takes
        # .7 of the time by it.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with quiet():
        importlib.import_module("tensorflow")

        if initialise:
            tf.config.list_logical_devices()

    _check_backend()
    from absl import logging

    logging.set_verbosity(logging.ERROR)
    tf.get_logger().setLevel("ERROR")


_stderr = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what is written to stderr within, and shows it if that fails.

    Of TensorFlow's start-up lines the environment's log level alone does not hide all.
    """
    sys.stderr.flush()
    # Two threads that did so at once would put back each other's.
    with _stderr, tempfile.TemporaryFile() as held:
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _check_backend() -> None:
    """RunError where Keras was imported before, with another backend than TensorFlow."""
    if (backend := keras.config.backend()) != "tensorflow":
        raise errors.RunError(
            f"Keras was imported with KERAS_BACKEND={backend}, and dcgan_tf needs "
            "KERAS_BACKEND=tensorflow, in a process of its own; a program that needs both "
            "can call the command dcgan-tf sample"
        )


def conditions() -> dict[str, object]:
    """Returns what a run's bits depend on besides the versions of packages.

    threads: that compute one operation; threads_between: operations at once, 0: as
    TensorFlow chooses; device: that of the first GPU, else the processor's model; onednn
    and onednn_isa: whether TensorFlow uses oneDNN, and the limit of its instruction set
    """
    from tensorflow.python.util import _pywrap_util_port

    cores = os.cpu_count()
    if hasattr(os, "sched_getaffinity"):  # which taskset and schedulers set; not on macOS
        cores = len(os.sched_getaffinity(0))
    requested = os.environ.get(THREADS, "")
    if requested.isdecimal() and int(requested):
        cores = int(requested)
    models = re.findall(r"model name\s*: (.*)", _cpuinfo("/proc/cpuinfo"))
    return {
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or cores,
        "threads_between": tf.config.threading.get_inter_op_parallelism_threads()
        or os.environ.get("TF_NUM_INTEROP_THREADS", "0"),
        "device": gpu_name() or (models[0] if models else platform.machine()),
        "onednn": str(int(_pywrap_util_port.IsMklEnabled())),
        "onednn_isa": os.environ.get("ONEDNN_MAX_CPU_ISA", "default"),
    }


def _cpuinfo(path: str) -> str:
    """Returns what Linux tells of the processor; "" on other systems."""
    file = pathlib.Path(path)
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _gpu() -> dict | None:
    """Returns the details of the first GPU that TensorFlow uses; None without one."""
    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]) if gpus else None


def gpu_name() -> str | None:
    """Returns the name of the first GPU that TensorFlow uses; None without one."""
    gpu = _gpu()
    return None if gpu is None else gpu.get("device_name", "GPU")


def auto_precision(processor: str = "/proc/cpuinfo") -> str:
    """Returns what --precision=auto means here: "bfloat16" or "float32".

    bfloat16 on a GPU of compute capability 8 or more, on a processor with AMX, and on one
    of AMD with AVX512_BF16.  An Intel processor with AVX512_BF16 and without AMX is slower
    in bfloat16 (docs/speed.md); a processor without either is many times slower, and one
    that no file describes counts as such.  float32 as well where oneDNN refuses a
    convolution in bfloat16, as it does with its instruction set limited.
    """
    gpu, words = _gpu(), set(_cpuinfo(processor).split())
    if gpu is not None:
        suited = gpu.get("compute_capability", (0, 0)) >= (8, 0)
    else:
        suited = "amx_bf16" in words or words >= {"AuthenticAMD", "avx512_bf16"}
    if suited:
        images, kernel = tf.ones([1, 8, 8, 8]), tf.ones([3, 3, 8, 8])
        images, kernel = (tf.cast(x, tf.bfloat16) for x in (images, kernel))
        with contextlib.suppress(tf.errors.OpError):
            tf.nn.conv2d(images, kernel, 1, "SAME")
            return "bfloat16"
    return "float32"
