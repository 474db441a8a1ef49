"""DCGAN, conditional GAN and ACGAN in TensorFlow 2, from one command.

    import dcgan_tf
    run = dcgan_tf.load()  # the ACGAN that comes with the package, or a run's folder
    images = run.sample([2, 0, 2, 6])  # uint8 [4, 28, 28, 1]
    run = dcgan_tf.train(mode="acgan", dataset="digits")  # or a run of your own

docs/python.md has more.  Importing the package does not import TensorFlow; the first use of
`load`, `train` or `grid` does.
"""

import importlib
import sys
import typing

from dcgan_tf.support import package, tf_setup
from dcgan_tf.support.errors import RunError, UsageError

if typing.TYPE_CHECKING:
    from dcgan_tf.api import Run, grid, load, train

if sys.platform == "win32":
    sys.exit("dcgan_tf: needs a POSIX system (Linux or macOS); on Windows, use WSL 2")

__version__ = package.VERSION
__all__ = ["Run", "RunError", "UsageError", "grid", "load", "train"]


def __getattr__(name: str) -> object:
    """Imports what needs TensorFlow when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    tf_setup.import_quietly(initialise=False)
    return getattr(importlib.import_module("dcgan_tf.api"), name)
