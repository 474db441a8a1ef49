"""What a run says of itself before it begins."""

import keras
import tensorflow as tf

from dcgan_tf import plan as plans
from dcgan_tf.config import DERIVED, FIELDS, Config
from dcgan_tf.recipes import RECIPES
from dcgan_tf.state import TrainState


def show(plan: plans.Plan, state: TrainState) -> None:
    config = plan.config
    changed, brought = (" ".join(names) for names in plans.not_defaults(config))
    begins = "no checkpoint, from the start" if plan.run.exists() else "a new run"
    if plan.saved:
        begins = (
            f"resumed at step {plan.saved.step:,}, with {plan.done:,} of "
            f"{plan.asked:,} {plan.unit} done"
        )
    lines = {
        "data set": plan.dataset,
        "mode": f"{config.mode}, architecture {config.architecture}, {config.schedule}",
        "defaults from": RECIPES[config.mode].architectures[config.architecture].source,
        "changed": changed or "nothing",
        "brought along": brought,
        "length": plan.length,
        "weights from": plan.ancestor,
        "generator": _parameters(state.gan.generator),
        "discriminator": _parameters(state.gan.discriminator),
        "device": _device(),
        "precision": config.precision,
        "run folder": f"{plan.run.folder}: {begins}",
    }
    for name, value in lines.items():
        if value:
            print(f"{name + ':':<16}{value}", flush=True)


def show_settings(config: Config) -> None:
    """Every setting of the run as the flag that would say it."""
    for name, field in FIELDS.items():
        value = getattr(config, name)
        if value is not None and field.metadata["kind"] != DERIVED:
            print(f"{'':<16}--{name}={value}")


def _parameters(network: keras.Model) -> str:
    trained = sum(tf.size(weight).numpy() for weight in network.trainable_weights)
    return f"{network.count_params():,} parameters, {trained:,} trained"


def _device() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
