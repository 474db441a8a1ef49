"""From a plan to a run: build, restore, train."""

import atexit
import contextlib
import dataclasses
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from signal import Signals

import tensorflow as tf

from dcgan_tf.cli import summary
from dcgan_tf.cli.plan import Plan, check_batch_size
from dcgan_tf.config.presets import AUTO
from dcgan_tf.data import splits
from dcgan_tf.data.splits import Split
from dcgan_tf.datasets import sources
from dcgan_tf.runs import checkpoint, config_file, manifest, trained
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors, tf_setup
from dcgan_tf.support.progress import say
from dcgan_tf.training import loop, strategy
from dcgan_tf.training.saver import save_state
from dcgan_tf.training.train_state import TrainState
from dcgan_tf.training.workers import LOST, Workers

SHARED_SECONDS = 60.0  # after which a file is seen on every machine that shares a folder


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who calls from Python.

    call:     what is kept as the run's command line
    on_entry: see `training.loop.train`
    """

    call: list[str]
    on_entry: Callable[[dict], bool]


def start(
    plan: Plan,
    workers: Workers,
    *,
    dry_run: bool,
    jit_compile: bool,
    caller: Caller | None = None,
) -> Signals | None:
    """Prints what will run, and runs it from its newest checkpoint on.

    Returns the signal that stopped it, if one did.  caller: None: the command line
    """
    with _ending(workers, ends_process=caller is None):
        plan = _settle_precision(plan)
        return _run(plan, workers, caller, dry_run=dry_run, jit_compile=jit_compile)


@contextlib.contextmanager
def _ending(workers: Workers, *, ends_process: bool) -> Iterator[None]:
    """Where there are several workers, none ends before all are done, but for an error."""
    try:
        yield
        workers.leave()
        with contextlib.suppress(*LOST):  # of one that has met all and ended
            workers.meet()
    except BaseException as error:
        workers.leave()
        if workers.addresses and ends_process:
            # TensorFlow's own end waits up to a minute for workers that are gone.
            statuses = {errors.UsageError: 2, KeyboardInterrupt: 130}
            atexit.register(_leave, statuses.get(type(error), 1))
        if isinstance(error, LOST) and (line := workers.lost(error)):
            raise errors.RunError(line) from error
        raise


def _leave(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(
    plan: Plan,
    workers: Workers,
    caller: Caller | None,
    *,
    dry_run: bool,
    jit_compile: bool,
) -> Signals | None:
    config = plan.config
    strategy.check_batch_size(workers.strategy, config.batch_size)
    workers.check_alike(_facts(plan))
    if jit_compile and workers.devices > 1:
        raise errors.UsageError(
            f"--jit_compile: is for one device, these are {workers.devices}; leave it out, "
            "or take --devices=1"
        )
    state = _build(plan, workers)
    machine = {
        **tf_setup.conditions(),
        "devices": workers.devices,
        "workers": max(len(workers.addresses), 1),
        "jit_compile": jit_compile,
    }
    if workers.is_chief:
        summary.show(plan, state, workers)
        _warn_of_changes(plan, machine)
    else:
        say(f"{workers.name}: trains with the chief, which prints and writes")
    if dry_run:
        if workers.is_chief:
            summary.show_settings(config)
            say("dry run: no run is written")
        return None
    split = splits.load(plan.dataset, "train")
    check_batch_size(config, len(split.labels))
    content = _check_data(plan, split)
    workers.check_alike({"training images": content.data["sha256"]})
    if not workers.is_chief:
        workers.meet()  # the chief has begun the run
        workers.check_alike({"--run_dir": _held(plan.run)})
        with _with_what_is_left(plan.run, workers):
            return loop.follow(config, plan.run, state, split, workers)
    measured = config.test_losses or config.evaluate_every
    test = splits.load(plan.dataset, "test") if measured else None
    with plan.run.locked():
        _check_unmoved(plan)
        _check_room(plan, state)
        plan.run.write_config(content.started(machine, caller.call if caller else None))
        workers.meet()
        workers.check_alike({"--run_dir": _held(plan.run)})
        with _with_what_is_left(plan.run, workers):
            _save_first(plan, state)
            caught = loop.train(
                config,
                plan.run,
                state,
                split,
                test,
                workers,
                jit_compile=jit_compile,
                on_entry=caller.on_entry if caller else None,
            )
    if caught and caller:
        say("stopped and saved; the same call goes on from here")
    elif caught:
        say(f"{caught.name}: saved; the same command goes on from here")
    else:
        folder = shlex.quote(str(plan.run.folder))
        say(f"complete: {plan.length}; see {plan.run.gif}")
        for command in ("sample", "evaluate", "report"):
            say(f"  dcgan-tf {command} --run={folder}")
    return caught


@contextlib.contextmanager
def _with_what_is_left(run: Run, workers: Workers) -> Iterator[None]:
    """RunError for what TensorFlow or the system refuses, with what is left of the run."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:  # no memory, or a disk that refuses
        if isinstance(error, LOST) and workers.addresses:
            raise
        raise errors.RunError(
            f"{run.folder}: {errors.first_line(error)}; {run.what_is_left()}"
        ) from error


def _build(plan: Plan, workers: Workers) -> TrainState:
    """The run's state, as it stands where the run goes on."""
    if plan.config.deterministic:
        tf.config.experimental.enable_op_determinism()
    state = TrainState.create(plan.config, workers.strategy)
    if plan.checkpoint:
        checkpoint.restore(state.checkpoint(), plan.checkpoint)
    elif plan.content.parent:
        trained.restore_parent(state.gan, plan.content.parent)
    return state


def _save_first(plan: Plan, state: TrainState) -> None:
    """A new run's own copy of the weights of its parent, which may be gone by a restart."""
    if plan.content.parent and not plan.checkpoint:
        plan.run.checkpoints.mkdir(exist_ok=True)
        save_state(state, plan.run, manifest.LATEST, keep=1)


def _settle_precision(plan: Plan) -> Plan:
    if plan.config.precision != AUTO:
        return plan
    settled = {"precision": tf_setup.auto_precision()}
    config = plan.config.model_copy(update=settled)
    content = dataclasses.replace(plan.content, config=config)
    return dataclasses.replace(plan, content=content)


def _warn_of_changes(plan: Plan, machine: dict[str, object]) -> None:
    if changed := plan.content.changed_conditions(machine):
        print(
            f"warning: {', '.join(changed)}: the bits may differ from those of a run that "
            "went on as it began",
            file=sys.stderr,
        )


def _facts(plan: Plan) -> dict[str, object]:
    """What must be alike in all workers, each under the name that a user knows it by."""
    settings = plan.config.model_dump(exclude={"dataset"})  # which may lie elsewhere
    return {
        **config_file.versions(),
        **{f"--{name}": value for name, value in settings.items()},
        "--init_from": str(plan.content.parent),
        "checkpoint": plan.checkpoint and plan.checkpoint.manifest_hash,
    }


def _held(run: Run) -> str:
    """What lies in a run's folder, in which the chief has just begun the run.

    A network's file system may show another machine's files late.
    """
    deadline = time.monotonic() + SHARED_SECONDS
    while not run.exists() and time.monotonic() < deadline:
        time.sleep(1.0)
    return f"with the run {run.read().run_id}" if run.exists() else "without a run"


def _check_data(plan: Plan, split: Split) -> RunConfig:
    """The content of config.json with the data's fingerprint; UsageError if it changed."""
    data = split.fingerprint()
    held = plan.content.data
    if held is not None and held != data:
        then, now = (f"{d['images']:,} of {d['shape']}" for d in (held, data))
        flag = "dataset" if sources.is_own(plan.dataset.name) else "data_dir"
        raise errors.UsageError(
            f"--{flag}: {plan.dataset} is not what {plan.run.folder} was trained on "
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
