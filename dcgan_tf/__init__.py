"""DCGAN, conditional GAN and ACGAN in TensorFlow 2, from one command.

    import dcgan_tf
    run = dcgan_tf.load()  # the ACGAN that comes with the package, or a run's folder
    images = run.sample([2, 0, 2, 6])  # uint8 [4, 28, 28, 1]

Importing the package does not import TensorFlow; `load` does.
"""

import sys

if sys.platform == "win32":
    sys.exit("dcgan_tf: needs a POSIX system (Linux or macOS); on Windows, use WSL 2")

__version__ = "0.2.0"


def load(run_dir=None, *, ema=True, which="latest"):
    """The generator of a run's folder, see `dcgan_tf.runs.generator.load`.

    run_dir: None for the ACGAN that comes with the package

    Load it in each process that samples: after os.fork() TensorFlow hangs.  Begin processes
    by multiprocessing.get_context("spawn").
    """
    from dcgan_tf.support import tf_setup

    with tf_setup.as_library():
        from dcgan_tf.runs import folder, generator

        return generator.load(run_dir or folder.PRETRAINED, ema=ema, which=which)
