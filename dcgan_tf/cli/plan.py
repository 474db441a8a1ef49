"""From what the user gave to what will run: the settings, the data and the checkpoint."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from dcgan_tf.cli import flags
from dcgan_tf.config import resolve
from dcgan_tf.config.presets import AUTO, COMMON, DIGITS, OURS, PRESETS
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import source
from dcgan_tf.datasets.cache import Options
from dcgan_tf.datasets.spec import SQUARES, Dataset, ImageSpec, doublings
from dcgan_tf.runs.folder import Parent, Run, RunConfig
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import errors
from dcgan_tf.support.progress import warn


@dataclasses.dataclass(frozen=True)
class Plan:
    """A run that can be trained, and the checkpoint that it goes on from, if any."""

    content: RunConfig  # its config.json
    run: Run
    dataset: Dataset | None  # None: the run is complete
    checkpoint: CheckpointInfo | None
    overrides: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # of a new run

    @property
    def config(self) -> Config:
        return self.content.config

    @property
    def unit(self) -> str:
        """The run's length is counted in it: "epochs" or "steps"."""
        return f"{self.config.unit}s"

    @property
    def requested(self) -> int:
        return getattr(self.config, self.unit)

    @property
    def completed(self) -> int:
        return getattr(self.checkpoint, self.unit[:-1]) if self.checkpoint else 0

    def counted(self, number: int) -> str:
        """Returns "1 epoch", "14,000 steps"."""
        return f"{number:,} {self.unit if number != 1 else self.unit[:-1]}"

    def with_length(self, length: Mapping[str, int]) -> "Plan":
        """Returns the plan of a new run with a length, from which its schedules follow."""
        overrides = {**self.overrides, **length}
        content = dataclasses.replace(self.content, config=_config(overrides, self.dataset))
        return dataclasses.replace(self, content=content, overrides=overrides)


def make(
    overrides: Mapping[str, Any],
    *,
    run_dir: str | None,
    options: Options,
    fresh: bool,
    init_from: str | None = None,
) -> Plan:
    """Settles every choice, from `overrides`, config.json and the defaults, in this order.

    Raises UsageError for whatever cannot be trained.  Writes nothing but the cache of
    images, and what tensorflow-datasets downloads of sets whose shape is not known.
    """
    if init_from and run_dir is None and "mode" not in overrides:
        raise errors.UsageError(f"--init_from={init_from}: give the new run a --run_dir")
    goes_on = run_dir is not None and Run(pathlib.Path(run_dir).expanduser()).exists()
    if not (goes_on or init_from or "mode" in overrides):
        overrides = {**overrides, "mode": _usual_mode(overrides, options)}
    run_dir = run_dir or f"checkpoints/{overrides['mode']}"
    run = Run(pathlib.Path(run_dir).expanduser())
    _check_folder(run)
    run = Run(run.folder.absolute())  # a callback may change the working directory
    if run.exists():
        if fresh:
            raise errors.UsageError(
                f"--fresh: {run.folder} is a run; name another --run_dir"
            )
        plan = _resumed(overrides, run, options, init_from)
    else:
        plan = _new(overrides, run, options, init_from)
    for name in ("evaluate_every", "test_losses"):
        if plan.dataset and getattr(plan.config, name):
            source.check_held_out(plan.dataset, name)
    return plan


def _usual_mode(overrides: Mapping[str, Any], options: Options) -> str:
    """Returns the mode of a run for which none is given: its images decide."""
    resolve.check(overrides)  # before a host is asked; cgan has every setting of dcgan
    name = source.settled(overrides.get("dataset", AUTO), options.data_dir)
    has_classes = source.has_classes(name, options.data_dir)
    return resolve.DEFAULT_MODE if has_classes else resolve.WITHOUT_CLASSES


def _check_folder(run: Run) -> None:
    """UsageError unless the folder holds a run, or could."""
    problem = ""
    if set(str(run.folder.absolute())) & set("[]*?\\"):
        problem = "TensorFlow reads one of []*?\\ in its path as a pattern"
    elif any(run.folder.glob("[!.]*")) and not run.exists():
        problem = "holds files, but no run (no config.json)"
    if problem:
        raise errors.UsageError(f"--run_dir={run.folder}: {problem}; name another folder")
    flags.output_path(run.folder, "run_dir", folder=True, may_exist=True)


def _new(
    overrides: Mapping[str, Any], run: Run, options: Options, init_from: str | None
) -> Plan:
    inherited = parent = None
    if "dataset" in overrides:  # before a parent's, which is settled
        name = overrides["dataset"]
        overrides = {**overrides, "dataset": source.settled(name, options.data_dir)}
        if not source.is_own(overrides["dataset"]) and pathlib.Path(name).exists():
            warn(f"--dataset={name}: is a set; --dataset=./{name} is what lies here")
    if init_from is not None:
        inherited, parent = _parent(init_from)
        overrides = resolve.inherit(inherited, overrides, init_from)
        options = dataclasses.replace(
            options,
            size=options.size or (inherited.height, inherited.width),
            channels=options.channels or inherited.channels,
        )
    resolve.check(overrides)  # before a host is asked
    pixels = {name: overrides.get(name, COMMON[name]) for name in ("fit", "resample")}
    options = dataclasses.replace(options, **pixels)
    if options.size:  # before all images are read
        _check_size(overrides, *options.size)
    requested = overrides.get("dataset", AUTO)
    dataset = _find(requested, overrides["mode"], run, options)
    _check_size(overrides, *dataset.spec.shape)
    config = _config(overrides, dataset)
    resolve.preview_labels(config)
    if config.batch_size > dataset.size:
        raise errors.UsageError(
            f"--batch_size={config.batch_size}: there are only {dataset.size:,} training "
            "images; add more, or take a smaller --batch_size"
        )
    if config.conditional and config.classes == 1:
        raise errors.UsageError(
            f"--mode={config.mode}: {dataset.name} has fewer classes than two "
            f"({'; '.join(dataset.notes) or 'no class folders'}); sort pictures into class "
            "folders, or take --mode=dcgan"
        )
    if inherited and (spec := ImageSpec.of(inherited)) != dataset.spec:
        raise errors.UsageError(
            f"--dataset={config.dataset}: has images of {dataset.spec} in {config.classes} "
            f"classes, the weights of {init_from} are for {spec} in {spec.classes}"
        )
    if requested != dataset.name == DIGITS:
        warn(
            "MNIST is neither prepared on this machine nor within reach.  This run trains "
            "on scikit-learn's 1,500 small digits instead."
        )
    return Plan(RunConfig(config, parent), run, dataset, None, overrides)


def _config(overrides: Mapping[str, Any], dataset: Dataset) -> Config:
    """Returns the Config of a new run on a data set."""
    return resolve.new(
        overrides,
        images=dataset.size,
        dataset=dataset.name,
        class_names=list(dataset.class_names) if dataset.class_names else None,
        **dataclasses.asdict(dataset.spec),
    )


def _parent(init_from: str) -> tuple[Config, Parent]:
    run = Run.existing(init_from, flag="init_from")
    config = run.read_config()  # first: it tells of a run of another version
    if run.exported.exists():
        return config, run.exported_parent()
    checkpoint = run.newest_checkpoint()
    if checkpoint is None:
        raise errors.UsageError(f"--init_from={init_from}: has no checkpoint yet")
    folder = str(run.folder.resolve())
    return config, Parent(folder, checkpoint.step, checkpoint.manifest_hash)


def _check_size(
    overrides: Mapping[str, Any], height: int, width: int, channels: int = 1
) -> None:
    """UsageError unless the networks can be built for images of this size."""
    architectures = PRESETS[overrides["mode"]].architectures
    name = overrides.get("architecture", OURS[1])
    size = f"{width}x{height}"
    if not architectures[name].recipe and (height, width, channels) != (28, 28, 1):
        raise errors.UsageError(
            f"--architecture={name}: is for 28x28x1 alone, not {size}x{channels}; take "
            f"--image_size=28 --channels=1, or --architecture={OURS[1]}"
        )
    if not doublings(height, width):
        nearest = min(SQUARES, key=lambda side: abs(2 * side - height - width))
        raise errors.UsageError(
            f"--image_size: networks cannot be built for {size}; the nearest size is "
            f"--image_size={nearest}"
        )


def _resumed(
    overrides: Mapping[str, Any], run: Run, options: Options, init_from: str | None
) -> Plan:
    content = run.read()
    given = {name: value for name, value in overrides.items() if value != AUTO}
    saved = content.config
    if moved := source.moved_to(saved.dataset, given.get("dataset"), options.data_dir):
        saved = saved.model_copy(update={"dataset": moved})
        given["dataset"] = moved
    began_from = content.parent.run if content.parent else "new weights"
    if init_from and str(pathlib.Path(init_from).expanduser().resolve()) != began_from:
        raise errors.UsageError(
            f"--init_from={init_from}: {run.folder} began from {began_from}; leave it out"
        )
    if run.exported.exists():
        raise errors.UsageError(
            f"--run_dir={run.folder}: holds an export; begin a run from it elsewhere by "
            f"--init_from={run.folder}"
        )
    different = resolve.differences(saved, given)
    if options.size not in (None, (saved.height, saved.width)):
        different.append(f"--image_size={options.size[0]} (the run has {saved.height})")
    if options.channels not in (None, saved.channels):
        different.append(f"--channels={options.channels} (the run has {saved.channels})")
    if different:
        raise errors.UsageError(
            f"{run.folder} holds another run: {', '.join(different)}; leave these flags "
            "out, or name another --run_dir"
        )
    if foreign := run.saved(foreign=True):
        raise errors.UsageError(
            f"--run_dir={run.folder}: {foreign[0].folder} was saved by another run; move it"
        )
    content = dataclasses.replace(content, config=saved.model_copy(update=given))
    plan = Plan(content, run, None, run.newest_checkpoint())
    if plan.completed >= plan.requested:
        return plan
    return dataclasses.replace(plan, dataset=find_again(run, plan.config, options))


def find_again(run: Run, config: Config, options: Options) -> Dataset:
    """Returns what a run is trained on, if its fingerprint is still the run's."""
    options = dataclasses.replace(
        options,
        size=(config.height, config.width),
        channels=config.channels,
        fit=config.fit,
        resample=config.resample,
        skip_broken=True,  # what was skipped when the run began; its fingerprint tells
        is_new=False,
    )
    return _find(config.dataset, config.mode, run, options)


def _find(name: str, mode: str, run: Run, options: Options) -> Dataset:
    """Returns the data set of a run of this mode, which does not lie in the data itself."""
    source.check_outside(name, run.folder, "run_dir")
    labelled = PRESETS[mode].conditional
    return source.find(name, dataclasses.replace(options, labelled=labelled))
