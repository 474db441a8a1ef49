"""The same steps on several devices: systems, and how their states are compared.

As a program it is one of two workers:

    TF_CONFIG=... python same_steps.py FILE.npz CASE

The chief writes the case's values to the file.
"""

import json
import socket
import sys

import numpy as np

ROWS = 8  # of a batch
STEPS = 5
MIXED = {"update_rule": "alternating"}
SEPARATE = {"update_rule": "separate"}
NETWORKS = {
    "dcgan compact": ("dcgan", "compact"),
    "cgan compact2": ("cgan", "compact2"),
    "acgan compact2": ("acgan", "compact2"),
    "dcgan_tutorial": ("dcgan", "tf_tutorial"),
    "cgan_maxout": ("cgan", "maxout"),
    "acgan_keras": ("acgan", "keras_2018"),
    "acgan_keras_gan": ("acgan", "keras_gan"),
    "acgan_keras_2017": ("acgan", "keras_2017"),
}
RULES = {"paired": {}, "alternating, mixed": MIXED, "alternating, separate": SEPARATE}
CASES = {
    "acgan compact2, relativistic": {"mode": "acgan", "adversarial_loss": "relativistic"},
    "acgan compact2, lazy": {
        "mode": "acgan",
        "r1_interval": 2,
        "decay_images": 4 * ROWS,
        "lr_final_share": 0.25,
        "r1_final_share": 0.1,
    },
} | {
    f"{name}, {rule}": {"mode": mode, "architecture": networks, **settings}
    for name, (mode, networks) in NETWORKS.items()
    for rule, settings in RULES.items()
}


def config_of(case):
    """With all that is random, an EMA, and the batch's statistics in every BatchNorm."""
    from dcgan_tf.config import resolve
    from dcgan_tf.config.presets import CONSTANT

    settings = {
        **CONSTANT,  # or each compact network would be two graphs
        "batch_size": ROWS,
        "steps": 100,
        "precision": "float32",
        "ema_half_life": 100,
        "max_translation": 2,
        "flip": True,
        "augment_fakes": True,
        "augment_target": 0.5,
        "augment_policy": "colour",
        "r1_weight": 1.0,
        **CASES[case],
    }
    if "update_rule" in settings:
        settings["d_step_batchnorm"] = "training"
    if settings["mode"] != "dcgan":
        settings["fake_label_source"] = "uniform"
    if settings["mode"] == "acgan" and settings.get("update_rule") == "separate":
        settings["class_head"] = "ac"  # which the step on real images would not move
    shape = {"height": 28, "width": 28, "channels": 1}
    names = {"classes": 10, "class_names": None}
    return resolve.new(settings, dataset="mnist", **shape, **names)


def trained(case, strategy=None, steps=STEPS, dtype="float64", restored=None):
    """The state after `steps` steps on digits; from a checkpoint's prefix, if given."""
    import tensorflow as tf

    from dcgan_tf.data import pipeline
    from dcgan_tf.datasets import source
    from dcgan_tf.training.steps import make_train_steps
    from dcgan_tf.training.train_state import TrainState

    config = config_of(case)
    state = TrainState.create(config, strategy)
    state.augment_probability.assign(0.5)
    if restored:
        state.checkpoint().read(restored).assert_consumed()
    digits = pipeline.load(source.find("digits"), "train")
    few = pipeline.Split(digits.images[:48], digits.labels[:48])
    batches = pipeline.Batches(few, ROWS, seed=0, max_translation=2, flip=True)
    stream = batches.stream(int(state.step)).map(lambda x, y: (tf.cast(x, dtype), y))
    make_train_steps(state, config)(iter(stream), tf.constant(steps))
    return state


def values(state):
    """Weights, slots, averages, counters, probability; Keras names them anew each time."""
    variables = *state._variables().values(), state.augment_probability
    return [variable.numpy() for variable in variables]


def largest_difference(values, others):
    """Of any variable, over its largest value, or over 1e-4 if that is less.

    A bias that BatchNorm takes out has a gradient of rounding alone, and slots of 1e-30.
    """
    worst = 0.0
    for value, other in zip(values, others, strict=True):
        one, other = np.asarray(value, "float64"), np.asarray(other, "float64")
        assert one.shape == other.shape
        worst = max(worst, abs(one - other).max() / max(abs(one).max(), 1e-4))
    return worst


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def tf_config(index, ports):
    """What tells a process that it is a worker."""
    workers = [f"localhost:{port}" for port in ports]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": workers}, "task": task})


def worker(file, case):
    from dcgan_tf.support import tf_setup

    tf_setup.import_quietly(initialise=False)
    from comparing import computing_in

    from dcgan_tf.training import devices

    workers = devices.join(None)
    assert workers.devices == 2
    with computing_in("float64"):
        trained_values = values(trained(case, workers.strategy))
    if workers.is_chief:
        np.savez(file, *trained_values)


if __name__ == "__main__":
    worker(*sys.argv[1:])
