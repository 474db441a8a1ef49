"""From what the user gave to what will run, before TensorFlow is imported."""

import dataclasses
import sys
from collections.abc import Mapping

from dcgan_tf.config import resolve
from dcgan_tf.config.presets import AUTO, DIGITS, PRESETS
from dcgan_tf.config.schema import Config
from dcgan_tf.data import sources
from dcgan_tf.runs.config_file import Parent, RunConfig
from dcgan_tf.runs.folder import Run, check_folder
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import errors

NO_MNIST = """\
**********************************************************************
WARNING: MNIST is neither prepared on this machine nor within reach.
This run trains on scikit-learn's 1,500 small digits instead.
**********************************************************************"""


@dataclasses.dataclass(frozen=True)
class Plan:
    """A run that can be trained, and the checkpoint that it goes on from, if any."""

    content: RunConfig  # its config.json
    run: Run
    dataset: sources.Dataset | None  # None: the run is complete
    checkpoint: CheckpointInfo | None

    @property
    def config(self) -> Config:
        return self.content.config

    @property
    def unit(self) -> str:
        """What the run's length is counted in."""
        return "epochs" if self.config.steps is None else "steps"

    @property
    def requested(self) -> int:
        return getattr(self.config, self.unit)

    @property
    def length(self) -> str:
        """ "1 epoch", "14,000 steps"."""
        return self.counted(self.requested)

    def counted(self, number: int) -> str:
        return f"{number:,} {self.unit if number != 1 else self.unit[:-1]}"

    @property
    def completed(self) -> int:
        if self.checkpoint is None:
            return 0
        return self.checkpoint.epoch if self.unit == "epochs" else self.checkpoint.step

    @property
    def is_complete(self) -> bool:
        return self.completed >= self.requested


def make(
    overrides: Mapping[str, object],
    *,
    run_dir: str | None,
    data_dir: str | None,
    fresh: bool,
    init_from: str | None = None,
) -> Plan:
    """Settles every choice, from `overrides`, config.json and the defaults, in this order.

    Raises UsageError for whatever cannot be trained.  Writes nothing.
    """
    if init_from and run_dir is None:
        raise errors.UsageError(
            f"--init_from={init_from}: name the folder of the new run by --run_dir"
        )
    mode = overrides.get("mode", resolve.DEFAULT_MODE)
    run = Run(errors.user_path(run_dir or f"checkpoints/{mode}", "--run_dir"))
    check_folder(run.folder)
    if not run.exists():
        return _new(overrides, run, data_dir, init_from)
    if fresh:
        raise errors.UsageError(
            f"--fresh: {run.folder} holds a run; name another --run_dir, delete the "
            "folder, or leave --fresh out to go on with the run"
        )
    return _resumed(overrides, run, data_dir, init_from)


def _new(
    overrides: Mapping[str, object], run: Run, data_dir: str | None, init_from: str | None
) -> Plan:
    inherited = parent = None
    if init_from is not None:
        inherited, parent = _parent(init_from)
        overrides = resolve.inherit(inherited, overrides, init_from)
    resolve.check(overrides)  # before a host is asked
    requested = overrides.get("dataset", AUTO)
    dataset = sources.find(requested, data_dir)
    spec = dataclasses.asdict(dataset.spec)
    config = resolve.new(overrides, dataset=dataset.name, **spec)
    if dataset.size is not None:
        check_batch_size(config, dataset.size)
    if inherited and inherited.classes != config.classes:
        raise errors.UsageError(
            f"--dataset={config.dataset}: has {config.classes} classes, the weights of "
            f"{init_from} are for {inherited.classes}"
        )
    if requested != dataset.name == DIGITS:
        print(NO_MNIST, file=sys.stderr)
    return Plan(RunConfig(config, parent), run, dataset, checkpoint=None)


def _parent(init_from: str) -> tuple[Config, Parent]:
    run = Run.existing(init_from, flag="init_from")
    config = run.read_config()  # first: it tells of a run of another version
    if run.exported.exists():
        raise errors.UsageError(
            f"--init_from={init_from}: holds an exported generator alone; name the folder "
            "of a run, which has the discriminator's weights as well"
        )
    checkpoint = run.newest_checkpoint()
    if checkpoint is None:
        raise errors.UsageError(f"--init_from={init_from}: has no checkpoint yet")
    folder = str(run.folder.resolve())
    return config, Parent(folder, checkpoint.step, checkpoint.manifest_hash)


def _resumed(
    overrides: Mapping[str, object], run: Run, data_dir: str | None, init_from: str | None
) -> Plan:
    if run.exported.exists():
        raise errors.UsageError(
            f"--run_dir={run.folder}: holds an exported generator, which cannot be trained "
            "on; name another folder"
        )
    with run.locked():  # for a moment: what is refused is best refused at once
        content = run.read()
    parent = content.parent.run if content.parent else "new weights"
    if init_from and str(errors.user_path(init_from, "--init_from").resolve()) != parent:
        raise errors.UsageError(
            f"--init_from={init_from}: {run.folder} began from {parent}; leave it out "
            "to go on with that run, or name another --run_dir"
        )
    overrides = {name: value for name, value in overrides.items() if value != AUTO}
    if different := resolve.differences(content.config, overrides):
        raise errors.UsageError(
            f"{run.folder} holds another run: {', '.join(different)}; leave these flags "
            "out to go on with it, or name another --run_dir"
        )
    config = content.config.model_copy(update=overrides)
    content = dataclasses.replace(content, config=config)
    plan = Plan(content, run, None, run.newest_checkpoint())
    if plan.is_complete:
        return plan
    if plan.checkpoint is None and run.metrics.exists():
        print(
            f"warning: {run.folder} has no checkpoint: it is trained from the start, and "
            "its log entries and frames are made once more",
            file=sys.stderr,
        )
    dataset = sources.find(config.dataset, data_dir)
    if dataset.spec.classes != config.classes:
        raise errors.RunError(
            f"{run.config_file}: says {config.classes} classes; {dataset.name} has "
            f"{dataset.spec.classes}"
        )
    return dataclasses.replace(plan, dataset=dataset)


def check_batch_size(config: Config, size: int) -> None:
    if config.batch_size > size:
        raise errors.UsageError(
            f"--batch_size={config.batch_size}: {config.dataset} has only {size:,} "
            "training images; take at most as many"
        )


def not_defaults(config: Config) -> tuple[list[str], list[str]]:
    """Settings that are not the architecture's defaults, as flags: given, and brought.

    A loss, an update rule, a length in steps and the digits bring settings along.  What the
    machine decides by default is neither.
    """
    values = config.model_dump()
    preset = PRESETS[config.mode]
    architecture = {"architecture": config.architecture}
    defaults = {
        **preset.default_values(architecture, dataset=""),
        "architecture": next(iter(preset.architectures)),
    }
    brings = preset.default_values(values, config.dataset)
    choices = ("architecture", "adversarial_loss", "update_rule", "steps")
    given, brought = [], []
    for name in brings:
        # What was settled is in the line on precision, whoever settled it.
        if brings[name] == AUTO:
            continue
        if values[name] != (defaults.get(name) if name in choices else brings[name]):
            given.append(f"--{name}={values[name]}")
        elif values[name] != defaults.get(name):
            brought.append(f"--{name}={values[name]}")
    return given, brought
