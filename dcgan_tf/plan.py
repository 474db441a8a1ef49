"""From what the user said to what will run, before TensorFlow is imported."""

import dataclasses
import pathlib
import sys
from collections.abc import Mapping

from dcgan_tf import config, datasets, errors, settings
from dcgan_tf.recipes import AUTO, DIGITS, RECIPES
from dcgan_tf.runs import Ancestor, Run, check_folder
from dcgan_tf.saves import Saved

NO_MNIST = """\
**********************************************************************
WARNING: MNIST is neither prepared on this machine nor within reach.
This run trains on scikit-learn's 1,500 small digits instead.
**********************************************************************"""


@dataclasses.dataclass(frozen=True)
class Plan:
    """A run that can be trained, and the checkpoint that it goes on from, if any."""

    config: config.Config
    run: Run
    dataset: datasets.Dataset | None  # None: the run is complete
    saved: Saved | None
    ancestor: Ancestor | None = None  # from whose weights it starts, or started

    @property
    def unit(self) -> str:
        """What the run's length is counted in."""
        return "epochs" if self.config.steps is None else "steps"

    @property
    def asked(self) -> int:
        return getattr(self.config, self.unit)

    @property
    def length(self) -> str:
        """ "1 epoch", "14,000 steps"."""
        return self.counted(self.asked)

    def counted(self, number: int) -> str:
        return f"{number:,} {self.unit if number != 1 else self.unit[:-1]}"

    @property
    def done(self) -> int:
        if self.saved is None:
            return 0
        return self.saved.epoch if self.unit == "epochs" else self.saved.step

    @property
    def complete(self) -> bool:
        return self.done >= self.asked


def make(
    said: Mapping[str, object],
    *,
    run_dir: str | None,
    data_dir: str | None,
    fresh: bool,
    start_from: str | None = None,
) -> Plan:
    """Settles every choice, from `said`, config.json and the defaults, in this order.

    Raises UsageError for whatever cannot be trained.  Writes nothing.
    """
    if start_from and run_dir is None:
        raise errors.UsageError(
            f"--start_from={start_from}: name the folder of the new run by --run_dir"
        )
    mode = said.get("mode", settings.DEFAULT_MODE)
    run = Run(pathlib.Path(run_dir or f"checkpoints/{mode}").expanduser())
    check_folder(run.folder)
    if not run.exists():
        return _new(said, run, data_dir, start_from)
    if fresh:
        raise errors.UsageError(
            f"--fresh: {run.folder} holds a run; name another --run_dir, delete the "
            "folder, or leave --fresh out to go on with the run"
        )
    return _resumed(said, run, data_dir, start_from)


def _new(
    said: Mapping[str, object], run: Run, data_dir: str | None, start_from: str | None
) -> Plan:
    parent = ancestor = None
    if start_from is not None:
        parent, ancestor = _origin(start_from)
        said = settings.inherited(parent, said, start_from)
    settings.check_said(said)  # before a host is asked
    asked = said.get("dataset", AUTO)
    dataset = datasets.find(asked, data_dir)
    chosen = settings.new(said, dataset.name, dataset.classes)
    if dataset.size is not None:
        check_batch_size(chosen, dataset.size)
    if parent and parent.classes != chosen.classes:
        raise errors.UsageError(
            f"--dataset={chosen.dataset}: has {chosen.classes} classes, the weights of "
            f"{start_from} are for {parent.classes}"
        )
    if asked != dataset.name == DIGITS:
        print(NO_MNIST, file=sys.stderr)
    return Plan(chosen, run, dataset, saved=None, ancestor=ancestor)


def _origin(start_from: str) -> tuple[config.Config, Ancestor]:
    run = Run.existing(start_from, flag="start_from")
    saved = run.newest_checkpoint()
    if saved is None:
        raise errors.UsageError(f"--start_from={start_from}: has no checkpoint yet")
    origin = Ancestor(str(run.folder.resolve()), saved.step, saved.identity)
    return run.read_config(), origin


def _resumed(
    said: Mapping[str, object], run: Run, data_dir: str | None, start_from: str | None
) -> Plan:
    if run.exported.exists():
        raise errors.UsageError(
            f"--run_dir={run.folder}: holds an exported generator, which cannot be trained "
            "on; name another folder"
        )
    with run.locked():  # for a moment: what is refused is best refused at once
        before, ancestor = run.read_config(), run.read_ancestor()
    origin = ancestor.run if ancestor else "new weights"
    if start_from and str(pathlib.Path(start_from).expanduser().resolve()) != origin:
        raise errors.UsageError(
            f"--start_from={start_from}: {run.folder} started from {origin}; leave it out "
            "to go on with that run, or name another --run_dir"
        )
    said = {name: value for name, value in said.items() if value != AUTO}
    if different := settings.differences(before, said):
        raise errors.UsageError(
            f"{run.folder} holds another run: {', '.join(different)}; leave these flags "
            "out to go on with it, or name another --run_dir"
        )
    chosen = dataclasses.replace(before, **said)
    plan = Plan(chosen, run, None, run.newest_checkpoint(), ancestor)
    if plan.complete:
        return plan
    if plan.saved is None and run.metrics.exists():
        print(
            f"warning: {run.folder} has no checkpoint: it is trained from the start, and "
            "its rows and pictures are made once more",
            file=sys.stderr,
        )
    dataset = datasets.find(before.dataset, data_dir)
    if dataset.classes != before.classes:
        raise errors.RunError(
            f"{run.config_file}: says {before.classes} classes; {dataset.name} has "
            f"{dataset.classes}"
        )
    return dataclasses.replace(plan, dataset=dataset)


def check_batch_size(chosen: config.Config, size: int) -> None:
    if chosen.batch_size > size:
        raise errors.UsageError(
            f"--batch_size={chosen.batch_size}: {chosen.dataset} has only {size:,} "
            "training images; take at most as many"
        )


def not_defaults(chosen: config.Config) -> tuple[list[str], list[str]]:
    """Settings that are not the architecture's defaults, as flags: said, and brought along.

    A schedule, a length in steps and the digits bring settings along.  What the machine
    decides by default is neither.
    """
    values = dataclasses.asdict(chosen)
    recipe = RECIPES[chosen.mode]
    architecture = {"architecture": chosen.architecture}
    defaults = {
        **recipe.default_values(architecture, dataset=""),
        "architecture": next(iter(recipe.architectures)),
    }
    brings = recipe.default_values(values, chosen.dataset)
    choices = ("architecture", "schedule", "steps")
    said, brought = [], []
    for name in brings:
        # What was settled is in the line on precision, whoever settled it.
        if brings[name] == AUTO:
            continue
        if values[name] != (defaults.get(name) if name in choices else brings[name]):
            said.append(f"--{name}={values[name]}")
        elif values[name] != defaults.get(name):
            brought.append(f"--{name}={values[name]}")
    return said, brought
