"""What is printed of a run before it begins."""

import pathlib
import sys
from collections.abc import Mapping

import keras

from dcgan_tf.cli.plan import Plan
from dcgan_tf.config import resolve, schema
from dcgan_tf.config.presets import PRESETS
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import tf_setup
from dcgan_tf.support.progress import say
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.train_state import TrainState

MOST_NAMED = 30  # classes in a line


def show(
    plan: Plan,
    state: TrainState,
    workers: Workers,
    machine: Mapping[str, object],
    *,
    settings: bool,
) -> None:
    """Prints what is trained, by the chief alone.

    machine: what the run's bits depend on here; settings: whether each of them is printed
    """
    if not workers.is_chief:
        say(
            f"{workers.name(workers.index)}: trains with the chief, which prints and writes"
        )
        return
    config, parent = plan.config, plan.content.parent
    given, brought = (" ".join(names) for names in resolve.not_defaults(config))
    begins = "no checkpoint, from the start" if plan.run.exists() else "a new run"
    if plan.checkpoint:
        begins = (
            f"resumed at step {plan.checkpoint.step:,}, with {plan.completed:,} of "
            f"{plan.requested:,} {plan.unit} completed"
        )
    weights = str(parent or "")
    if parent and Run(pathlib.Path(parent.run)).exported.exists():
        weights += ": the generator's alone, the discriminator begins new"
    device = tf_setup.gpu_name() or "CPU"
    if workers.devices > 1:
        device = f"{workers.devices} x {device}"
    if workers.addresses:
        device += f" (workers {', '.join(workers.addresses)})"
    lines = {
        "data set": "; ".join([str(plan.dataset), *plan.dataset.notes]),
        "classes": _classes(plan),
        "mode": f"{config.mode}, architecture {config.architecture}, {config.update_rule}",
        "defaults from": PRESETS[config.mode].architectures[config.architecture].source,
        "not default": given or "nothing",
        "implied": brought,
        "length": plan.counted(plan.requested),
        "weights from": weights,
        "generator": _parameters(state.gan.generator),
        "discriminator": _parameters(state.gan.discriminator),
        "device": device,
        "precision": config.precision,
        "run folder": f"{plan.run.folder}: {begins}",
    }
    for name, value in lines.items():
        if value:
            print(f"{name + ':':<16}{value}", flush=True)
    if changed := ", ".join(plan.content.changed_conditions(machine)):
        end = "the bits may differ from those of a run that went on as it began"
        print(f"warning: {changed}: {end}", file=sys.stderr)
    if settings:
        for name, value in config.model_dump(exclude_none=True).items():
            if schema.kind(name) != schema.DERIVED:
                print(f"{'':<16}--{name}={value}")
        say("dry run: no run is written")


def _classes(plan: Plan) -> str:
    """Returns the number of training images of each class, where they may differ."""
    counts, names = plan.dataset.counts["train"], plan.config.names
    if len(counts) == 1:
        return ""
    if len(names) > MOST_NAMED:
        return f"from {min(counts):,} to {max(counts):,} images each"
    pairs = zip(names, counts, strict=True)
    return ", ".join(f"{name} {count:,}" for name, count in pairs)


def _parameters(network: keras.Model) -> str:
    trained = sum(weight.numpy().size for weight in network.trainable_weights)
    return f"{network.count_params():,} parameters, {trained:,} trained"
