"""From a plan to a run: build, show, load, train."""

import contextlib
import dataclasses
import pathlib
import shlex
from collections.abc import Callable, Mapping
from signal import Signals
from typing import Any

import keras
import tensorflow as tf

from dcgan_tf.cli.plan import Plan
from dcgan_tf.config import resolve, schema
from dcgan_tf.config.intervals import Intervals
from dcgan_tf.config.presets import AUTO, OURS, PRESETS
from dcgan_tf.data import pipeline
from dcgan_tf.data.pipeline import Batches, Split
from dcgan_tf.pages.page import LivePage
from dcgan_tf.reporting.grids import Layout
from dcgan_tf.reporting.log import RunLogger, rewind
from dcgan_tf.runs import checkpoint, manifest, trained
from dcgan_tf.runs.folder import Run, RunConfig, versions
from dcgan_tf.support import errors, stop_signal, tf_setup
from dcgan_tf.support.progress import Progress, say, warn
from dcgan_tf.training import loop
from dcgan_tf.training.devices import LOST, Workers
from dcgan_tf.training.steps import make_train_steps
from dcgan_tf.training.train_state import TrainState, save_state

MOST_NAMED = 30  # classes in a line


def start(
    plan: Plan,
    workers: Workers,
    call: list[str] | None,
    on_entry: Callable[[dict], bool] | None,
    *,
    dry_run: bool,
    jit_compile: bool,
) -> Signals | None:
    """Runs a plan from its newest checkpoint on; returns the signal that stopped it.

    call:     a call from Python, as a command line; None: this process's command line
    on_entry: see `training.loop.Sinks`
    """
    plan, state = build(plan, workers, jit_compile)
    machine = conditions(workers, jit_compile)
    if workers.is_chief:
        show(plan, state, workers, machine)
    else:
        name = workers.names[workers.index]
        say(f"{name}: trains with the chief, which prints and writes")
    if dry_run and workers.is_chief:
        chosen = plan.config.model_dump(include=set(schema.SETTINGS), exclude_none=True)
        lines = [f"{'':<16}--{name}={value}" for name, value in chosen.items()]
        say("\n".join([*lines, "dry run: no run is written"]))
    if dry_run:
        return None
    plan, split, test = load(plan, workers)
    run, content = plan.run, plan.content.started(machine, call)
    with locked(plan, state, content) if workers.is_chief else contextlib.nullcontext():
        stopped = train(run, content, state, split, test, workers, jit_compile, on_entry)
    if workers.is_chief and stopped:
        how = "stopped and" if call else f"{stopped.name}:"
        say(f"{how} saved; the same {'call' if call else 'command'} goes on from here")
    elif workers.is_chief:
        say(f"complete: {plan.counted(plan.requested)}; see {run.gif}")
        ours = plan.config.architecture in OURS
        for command in ("sample", "evaluate", "report", *["playground"] * ours):
            say(f"  dcgan-tf {command} --run={shlex.quote(str(run.folder))}")
    return stopped


def conditions(workers: Workers, jit_compile: bool = False) -> dict[str, object]:
    """Returns what the bits of a run depend on here, besides the versions."""
    count = {"devices": workers.devices, "workers": max(len(workers.addresses), 1)}
    return tf_setup.conditions() | count | {"jit_compile": jit_compile}


def build(plan: Plan, workers: Workers, jit_compile: bool) -> tuple[Plan, TrainState]:
    """Returns the plan with its precision settled, and the state where the run goes on."""
    if plan.config.precision == AUTO:
        settled = {"precision": tf_setup.auto_precision()}
        plan = _with_content(plan, config=plan.config.model_copy(update=settled))
    config, devices = plan.config, workers.devices
    if config.batch_size % devices:
        fitting = [str(n) for n in range(1, devices) if config.batch_size % n == 0]
        raise errors.UsageError(
            f"--batch_size={config.batch_size}: {devices} devices do not divide it; take "
            f"--devices={' or '.join(fitting)}, or another --batch_size"
        )
    if jit_compile and devices > 1:
        raise errors.UsageError(
            f"--jit_compile: is for one device, these are {devices}; take --devices=1"
        )
    settings = config.model_dump(exclude={"dataset"})  # which may lie elsewhere
    facts = {f"--{name}": value for name, value in settings.items()}
    facts |= {"versions": versions(), "--init_from": plan.content.parent}
    facts["checkpoint"] = plan.checkpoint and plan.checkpoint.manifest_hash
    workers.check_alike(facts)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    state = TrainState.create(config, workers.strategy)
    if plan.checkpoint:
        checkpoint.restore(state.checkpoint(), plan.checkpoint)
    elif plan.content.parent:
        trained.restore_parent(state.gan, plan.content.parent)
    return plan, state


def show(
    plan: Plan, state: TrainState, workers: Workers, machine: Mapping[str, object]
) -> None:
    """Prints what is trained.  machine: what the run's bits depend on here"""
    config, parent = plan.config, plan.content.parent
    differing = resolve.not_defaults(config, plan.dataset.size)
    given, brought = (" ".join(names) for names in differing)
    begins = "no checkpoint, from the start" if plan.run.exists() else "a new run"
    if plan.checkpoint:
        begins = (
            f"resumed at step {plan.checkpoint.step:,}, with {plan.completed:,} of "
            f"{plan.requested:,} {plan.unit} completed"
        )
    weights = str(parent or "")
    if parent and Run(pathlib.Path(parent.run)).exported.exists():
        weights += ": the generator's alone, the discriminator begins new"
    device = tf_setup.gpu().get("device_name", "CPU")
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
    for line in plan.dataset.warnings:
        warn(f"--dataset={config.dataset}: {line}")
    if changed := ", ".join(plan.content.changed_conditions(machine)):
        warn(f"{changed}: the bits may differ from those of a run that went on as it began")


def _classes(plan: Plan) -> str:
    """Returns the number of training images of each class, where they may differ."""
    counts, names = plan.dataset.counts["train"], plan.config.names
    if len(counts) == 1:
        return ""
    if len(names) > MOST_NAMED:
        return f"from {min(counts):,} to {max(counts):,} images each"
    pairs = zip(names, counts, strict=False)  # of a run whose data have changed
    return ", ".join(f"{name} {count:,}" for name, count in pairs)


def _parameters(network: keras.Model) -> str:
    trained = sum(weight.numpy().size for weight in network.trainable_weights)
    return f"{network.count_params():,} parameters, {trained:,} trained"


def load(plan: Plan, workers: Workers) -> tuple[Plan, Split, Split | None]:
    """Returns the plan with the data's fingerprint, the training and the test split."""
    config = plan.config
    split = pipeline.load(plan.dataset, "train")
    data = split.fingerprint_as(plan.content.data, plan.dataset, plan.run.folder)
    workers.check_alike({"training images": data})
    measured = workers.is_chief and (config.test_losses or config.evaluate_every)
    test = pipeline.load(plan.dataset, "test") if measured else None
    return _with_content(plan, data=data), split, test


@contextlib.contextmanager
def locked(plan: Plan, state: TrainState, content: RunConfig):
    """Begins the run in its folder, which no other process may train meanwhile."""
    run = plan.run
    with run.locked():
        if run.newest_checkpoint(warn=False) != plan.checkpoint:
            raise errors.UsageError(
                f"--run_dir={run.folder}: another process trained it; try again"
            )
        run.write_config(content)
        if content.parent and not plan.checkpoint:
            # The run's own copy of its parent's weights, which may be gone by a restart.
            run.checkpoints.mkdir(exist_ok=True)
            save_state(state, run, manifest.LATEST, keep=1)
        yield


def course(
    content: RunConfig, state: TrainState, split: Split, jit_compile: bool = False
) -> tuple[Batches, Callable]:
    """Returns a run's batches, and its compiled `train_steps(batches, count)`."""
    config = content.config
    order = ("batch_size", "seed", "max_translation", "flip", "class_balance")
    batches = Batches(split, **{name: getattr(config, name) for name in order})
    options = {"trained_before": content.parent is not None, "jit_compile": jit_compile}
    return batches, make_train_steps(state, config, **options)


def train(
    run: Run,
    content: RunConfig,
    state: TrainState,
    split: Split,
    test: Split | None,
    workers: Workers,
    jit_compile: bool = False,
    on_entry: Callable[[dict], bool] | None = None,
) -> Signals | None:
    """Puts a run together and trains it; RunError for what TensorFlow or a disk refuses."""
    config, step = content.config, int(state.step)
    batches, steps = course(content, state, split, jit_compile)
    intervals = Intervals.of(config, batches.per_epoch)
    if jit_compile:
        intervals = intervals._replace(compiled=config.r1_interval)
    sinks = loop.Sinks()
    try:
        if workers.is_chief:
            rewind(run, intervals, step)
            layout = Layout.of_preview(config)
            logger = RunLogger(run, intervals, config.keep_frames, layout)
            total, completed = config.batch_size * intervals.end, config.batch_size * step
            sinks = loop.Sinks(
                observer=loop.Observer(config, state.gan, split, test),
                logger=logger,
                saver=loop.Saver(state, run, content, logger),
                live=LivePage(run, config, intervals, step),
                progress=Progress(total=total, completed=completed),
                on_entry=on_entry,
            )
        stream = iter(batches.stream(step))
        return loop.train(state, steps, stream, intervals, sinks, workers, config)
    except (tf.errors.OpError, OSError) as error:  # no memory, or a disk that refuses
        if workers.addresses and isinstance(error, LOST):
            raise
        line = errors.first_line(error)
        raise errors.RunError(f"{run.folder}: {line}; {run.what_is_left()}") from error
    except BaseException as error:  # as a handler of other signals raises it
        if not isinstance(error, (errors.RunError, stop_signal.AtOnce)):
            sinks.saver.rescue(intervals)
        raise


def _with_content(plan: Plan, **changes: Any) -> Plan:
    return dataclasses.replace(plan, content=dataclasses.replace(plan.content, **changes))
