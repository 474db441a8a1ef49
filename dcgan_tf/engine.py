"""TensorFlow and Keras as this package needs them, without their start-up lines."""

import os
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
        except BaseException:
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
