"""What the comparisons of the package with an oracle share."""

import contextlib

import keras
import numpy as np
import tensorflow as tf


@contextlib.contextmanager
def computing_in(dtype):
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(before)


class Recorder:
    """An optimizer that notes each player's gradients, in order, before it applies them."""

    def __init__(self, name, optimizer, log):
        self.name, self.optimizer, self.log = name, optimizer, log

    def apply(self, gradients, variables):
        dense = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
        self.log.append((self.name, dense))
        self.optimizer.apply(gradients, variables)


def perturb(network, seed):
    """Away from what a new network has: zero biases and averages would hide mistakes."""
    random = np.random.default_rng(seed)
    network.set_weights(
        [
            w * random.uniform(0.9, 1.1, w.shape) + random.normal(0, 0.01, w.shape)
            for w in network.get_weights()
        ]
    )


def deviation(ours, theirs):
    """The largest difference, relative to the largest value; infinite in another shape."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return np.inf
    return float(abs(ours - theirs).max() / max(abs(theirs).max(), 1e-300))
