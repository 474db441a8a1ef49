"""What the comparisons of the package with an oracle share."""

import contextlib
import dataclasses

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


def fed_with(state, log, **samplers):
    """The state with samplers of the test's, and every move noted in `log`."""
    optimizers = {
        f"{player}_optimizer": Recorder(player, getattr(state, f"{player}_optimizer"), log)
        for player in ("generator", "discriminator")
    }
    return dataclasses.replace(
        state, gan=dataclasses.replace(state.gan, **samplers), **optimizers
    )


def update(state, config, images, labels, seed, *, penalised=True):
    """The package's terms of one update, outside the compiled loop, of seed [2]."""
    from dcgan_tf.training import steps

    inputs = steps.draw(state.gan, config, labels, seed)
    share = tf.constant(1.0)
    return steps.update(state, config, images, labels, inputs, share, penalised=penalised)


def one_update(state, config, images, labels):
    return update(state, config, tf.constant(images), tf.constant(labels), [0, 0])


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


def largest_deviation(ours, theirs):
    return max(map(deviation, ours, theirs), default=0.0)


def gradient_deviation(log, oracle_log):
    """The largest of any gradient; infinite where other players moved, or in another order.

    Gradients of less than 1e-12 are rounding, as of a bias that BatchNorm takes out.
    """
    if [name for name, _ in log] != [name for name, _ in oracle_log]:
        return np.inf
    pairs = [
        pair
        for (_, ours), (_, theirs) in zip(log, oracle_log, strict=True)
        for pair in zip(ours, theirs, strict=True)
    ]
    return max(
        deviation(*pair) for pair in pairs if max(abs(x).max() for x in pair) > 1e-12
    )
