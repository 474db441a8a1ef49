"""TensorFlow without its start-up lines."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Imports TensorFlow and finds its devices; what these print is held back.

    The environment's log level alone does not hide it.  If the import fails, all of it
    is shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_logical_devices()
            # A graph optimisation that fails, loudly, on a LeakyReLU in a loop.
            tf.config.optimizer.set_experimental_options({"remapping": False})
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
