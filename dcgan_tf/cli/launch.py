"""From a plan to a run: build, restore, train."""

import dataclasses
import shutil
import sys

import tensorflow as tf

from dcgan_tf.cli import summary
from dcgan_tf.cli.plan import Plan, check_batch_size
from dcgan_tf.config.presets import AUTO
from dcgan_tf.data import splits
from dcgan_tf.data.splits import Split
from dcgan_tf.runs import checkpoint, manifest
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import parent_checkpoint
from dcgan_tf.support import errors, tf_setup
from dcgan_tf.support.progress import say
from dcgan_tf.training.loop import train
from dcgan_tf.training.saver import save_state
from dcgan_tf.training.train_state import TrainState


def start(plan: Plan, *, dry_run: bool) -> None:
    """Prints what will run, and runs it from its newest checkpoint on.

    Raises SystemExit(128 + signal) if a signal stopped it.
    """
    plan = _settle_precision(plan)
    config, parent = plan.config, plan.content.parent
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    state = TrainState.create(config)
    if plan.checkpoint:
        checkpoint.restore(state.checkpoint(), plan.checkpoint)
    elif parent:
        checkpoint.restore_networks(state.gan, parent_checkpoint(parent))
    summary.show(plan, state)
    machine = tf_setup.conditions()
    if changed := plan.content.changed_conditions(machine):
        print(
            f"warning: {', '.join(changed)}: the bits may differ from those of a run that "
            "went on as it began",
            file=sys.stderr,
        )
    if dry_run:
        summary.show_settings(config)
        say("dry run: no run is written")
        return
    split = splits.load(plan.dataset, "train")
    check_batch_size(config, len(split.labels))
    content = _check_data(plan, split)
    measured = config.test_losses or config.evaluate_every
    test = splits.load(plan.dataset, "test") if measured else None
    with plan.run.locked():
        _check_unmoved(plan)
        _check_room(plan, state)
        plan.run.write_config(content.started(machine))
        plan.run.write_data_files(plan.dataset.files)
        try:
            if parent and not plan.checkpoint:  # which may be gone by the next start
                plan.run.checkpoints.mkdir(exist_ok=True)
                save_state(state, plan.run, manifest.LATEST, keep=1)
            caught = train(config, plan.run, state, split, test)
        except (tf.errors.OpError, OSError) as error:  # no memory, or a disk that refuses
            raise errors.RunError(
                f"{plan.run.folder}: {errors.first_line(error)}; {plan.run.what_is_left()}"
            ) from error
    if caught:
        say(f"{caught.name}: saved; the same command goes on from here")
        raise SystemExit(128 + caught)
    say(f"complete: {plan.length}; see {plan.run.gif}")


def _settle_precision(plan: Plan) -> Plan:
    if plan.config.precision != AUTO:
        return plan
    settled = {"precision": tf_setup.native_precision()}
    config = plan.config.model_copy(update=settled)
    content = dataclasses.replace(plan.content, config=config)
    return dataclasses.replace(plan, content=content)


def _check_data(plan: Plan, split: Split) -> RunConfig:
    """The content of config.json with the data's fingerprint; UsageError if it changed."""
    data = split.fingerprint()
    held = plan.content.data
    if held is not None and held != data:
        then, now = (f"{d['images']:,} of {d['shape']}" for d in (held, data))
        raise errors.UsageError(
            f"--{'dataset' if plan.dataset.entry else 'data_dir'}: {plan.dataset} is not "
            f"what {plan.run.folder} was trained on "
            f"({then} then, {now} now; other images, labels or another order); put the "
            "data back, or begin another run with another --run_dir"
        )
    return dataclasses.replace(plan.content, data=data)


def _check_room(plan: Plan, state: TrainState) -> None:
    """RunError if the disk has no room for a checkpoint, before hours of training."""
    free = shutil.disk_usage(plan.run.folder).free
    if free < state.size():
        raise errors.RunError(
            f"--run_dir={plan.run.folder}: its disk has {free / 1e6:.0f} MB left, a "
            f"checkpoint needs {state.size() / 1e6:.0f}; make room, or name another"
        )


def _check_unmoved(plan: Plan) -> None:
    """UsageError if another process has trained the run since it was planned."""
    newest = plan.run.newest_checkpoint(warn=False)
    if newest != plan.checkpoint:
        raise errors.UsageError(
            f"--run_dir={plan.run.folder}: another process has just trained this run; give "
            "the command again to go on with it"
        )
