"""TensorFlow and Keras as this package needs them, without their start-up lines."""

import os
import pathlib
import sys
import tempfile


def start() -> None:
    """Imports TensorFlow and Keras; must come before any module that uses them.

    What they print on the way is held back, and shown if the import fails: the
    environment's log level alone does not hide it.  The user's own Keras settings, which
    would make other networks of the same names, do not count.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_logical_devices()
        except Exception:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)

    import keras
    from absl import logging

    logging.set_verbosity(logging.ERROR)
    tf.get_logger().setLevel("ERROR")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    # A graph optimisation that fails, loudly, on a LeakyReLU in a loop.
    tf.config.optimizer.set_experimental_options({"remapping": False})


def native_precision(processor: str = "/proc/cpuinfo") -> str:
    """ "bfloat16" where the device that TensorFlow uses has it natively, else "float32".

    A GPU has it from compute capability 8 on; a processor that lacks it is slower in it
    than in float32, many times.  Where there is no file that tells of the `processor`,
    it is taken to lack it.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        native = details.get("compute_capability", (0, 0)) >= (8, 0)
    else:
        known = pathlib.Path(processor)
        text = known.read_text(encoding="utf-8") if known.exists() else ""
        native = not {"avx512_bf16", "amx_bf16"}.isdisjoint(text.split())
    return "bfloat16" if native else "float32"
