"""DCGAN, conditional GAN and ACGAN in TensorFlow 2, from one command.

    import dcgan_tf
    run = dcgan_tf.load("checkpoints/acgan")
    images = run.sample([2, 0, 2, 6])  # uint8 [4, 28, 28, 1]

Importing the package does not import TensorFlow; `load` does.
"""

__version__ = "0.1.0"


def load(run_dir, *, averaged=True, which="latest"):
    """The generator of a run's folder: see `dcgan_tf.trained.load`."""
    from dcgan_tf import engine

    engine.start()
    from dcgan_tf import trained

    return trained.load(run_dir, averaged=averaged, which=which)
