"""TensorFlow and Keras as this package needs them, without their start-up lines."""

import contextlib
import os
import pathlib
import platform
import random
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

from absl import logging

from dcgan_tf.support import errors
from dcgan_tf.support.lazy import LazyModule, keras
from dcgan_tf.support.lazy import tensorflow as tf

# What tf.config does not have.
_DETERMINISM = LazyModule("tensorflow.python.framework.config")
_PORT = LazyModule("tensorflow.python.util._pywrap_util_port")
CPUINFO = pathlib.Path("/proc/cpuinfo")  # what Linux tells of the processor
# Optimisations of graphs.  The first fails, loudly, on a LeakyReLU in a loop.  The second
# drops a control edge there without a word: a bias was then read for the generator's step
# while the discriminator's step still moved it, and now and then the bits were others.
_NO_OPTIMIZATION = {"remapping": False, "dependency_optimization": False}
# Where fakes are augmented another gave other bits nearly each time; why is not known.
_ARITHMETIC = "arithmetic_optimization"
_lock = threading.RLock()
_calls = 0  # from Python that are in progress, in whatever thread
_after_calls = contextlib.ExitStack()  # puts back what was set before the first


def start() -> None:
    """Sets up TensorFlow and Keras for a command, whatever a user's keras.json says."""
    import_quietly()
    for set_value, _, value in _settings():
        set_value(value)


@contextlib.contextmanager
def as_library(*, initialise: bool = True) -> Iterator[None]:
    """Does what `start` does for a command, for a while; within, `start` may be called too.

    What the caller has set comes back when no thread is within any more.

    initialise: see `import_quietly`
    """
    global _calls
    import_quietly(initialise=initialise)
    with _lock:
        if not _calls and not _DETERMINISM.is_op_determinism_enabled():
            _after_calls.callback(_DETERMINISM.disable_op_determinism)
        for set_value, before, value in () if _calls else _settings():
            _after_calls.callback(set_value, before)
            set_value(value)
        _calls += 1
    try:
        yield
    finally:
        with _lock:
            _calls -= 1
            if not _calls:
                _after_calls.close()


def _settings() -> list[tuple[Callable, Any, Any]]:
    """Lists what all threads share: what sets it, its value, and the one needed here."""
    before = tf.config.optimizer.get_experimental_options()
    before = {n: before.get(n, True) for n in (*_NO_OPTIMIZATION, _ARITHMETIC)}
    floatx, data_format = keras.config.floatx(), keras.config.image_data_format()
    loggers = logging.get_absl_logger(), tf.get_logger()
    return [
        (keras.config.set_floatx, floatx, "float32"),
        (keras.config.set_image_data_format, data_format, "channels_last"),
        (tf.config.optimizer.set_experimental_options, before, _NO_OPTIMIZATION),
        *((logger.setLevel, logger.level, "ERROR") for logger in loggers),
    ]


def optimise_arithmetic(on: bool) -> None:
    """Sets whether graphs that are called from now on are optimised so: it saves time."""
    tf.config.optimizer.set_experimental_options({_ARITHMETIC: on})


@contextlib.contextmanager
def building(seed: int, precision: str = "float32") -> Iterator[None]:
    """Lets networks built within have weights of a seed, and compute in a precision.

    One thread builds at a time: Keras seeds initialisers by Python's random state.
    """
    policy = "mixed_bfloat16" if precision == "bfloat16" else keras.config.floatx()
    with _lock:
        before = keras.config.dtype_policy(), random.getstate()
        keras.config.set_dtype_policy(policy)
        random.seed(seed)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before[0])
            random.setstate(before[1])


def import_quietly(*, initialise: bool = True) -> None:
    """Imports TensorFlow and Keras without lines; initialise: settles devices, too."""
    is_first = not {"tensorflow", "keras"} <= sys.modules.keys()
    if is_first:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        if platform.machine().lower() in ("x86_64", "amd64"):
            # TensorFlow's own default only on some; with AVX2 alone a default acgan step
            # takes .7 of the time by it.
            os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with quiet():  # of a look at the devices, which a machine without a GPU complains of
        (
            tf.config.list_logical_devices
            if initialise
            else tf.config.list_physical_devices
        )()
    if (backend := keras.config.backend()) != "tensorflow":
        raise errors.RunError(
            f"Keras runs on {backend}; set KERAS_BACKEND=tensorflow, in a new process"
        )


_stderr = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what is written to stderr within, and shows it if that fails."""
    if sys.stderr is None:  # as of a service: its number may be another file's
        yield
        return
    sys.stderr.flush()
    # Two threads that did so at once would put back each other's.
    with _stderr, tempfile.TemporaryFile() as written, open(os.dup(2), "wb") as stderr:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except Exception:
            written.seek(0)
            stderr.write(written.read())
            raise
        finally:
            os.dup2(stderr.fileno(), 2)


def conditions() -> dict[str, object]:
    """Returns what a run's bits depend on besides the versions of packages.

    threads: that compute one operation; threads_between: operations at once, 0: as
    TensorFlow chooses; device: that of the first GPU, else the processor's model; onednn
    and onednn_isa: whether TensorFlow uses oneDNN, and the limit of its instruction set
    """
    cores = os.cpu_count()
    if hasattr(os, "sched_getaffinity"):  # which taskset and schedulers set; not on macOS
        cores = len(os.sched_getaffinity(0))
    cores = int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or cores
    between = os.environ.get("TF_NUM_INTEROP_THREADS", "0")
    models = re.findall(r"model name\s*: (.*)", _cpuinfo())
    set_threads = tf.config.threading
    return {
        "threads": set_threads.get_intra_op_parallelism_threads() or cores,
        "threads_between": set_threads.get_inter_op_parallelism_threads() or between,
        "device": gpu().get("device_name") or (models or [platform.machine()])[0],
        "onednn": str(int(_PORT.IsMklEnabled())),
        "onednn_isa": os.environ.get("ONEDNN_MAX_CPU_ISA", "default"),
    }


def _cpuinfo() -> str:
    return CPUINFO.read_text(encoding="utf-8") if CPUINFO.exists() else ""


def gpu() -> dict:
    """Returns the details of the first GPU that TensorFlow uses; {} without one."""
    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details
    return {"device_name": "GPU", **details(gpus[0])} if gpus else {}


def auto_precision() -> str:
    """Returns what --precision=auto means here: "bfloat16" or "float32".

    bfloat16 on a GPU of compute capability 8 or more, on a processor with AMX, and on one
    of AMD with AVX512_BF16: all others are slower in bfloat16 (docs/speed.md).  float32 as
    well where oneDNN, with its instruction set limited, refuses a convolution in bfloat16.
    """
    words = set(_cpuinfo().split())
    suited = "amx_bf16" in words or words >= {"AuthenticAMD", "avx512_bf16"}
    if details := gpu():
        suited = details.get("compute_capability", (0, 0)) >= (8, 0)
    if suited:
        images = kernel = tf.ones([3, 3, 8, 8], tf.bfloat16)
        with contextlib.suppress(tf.errors.OpError):
            tf.nn.conv2d(images, kernel, 1, "SAME")
            return "bfloat16"
    return "float32"
