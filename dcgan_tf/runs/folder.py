"""A run's folder: what lies where, what config.json holds, and which checkpoint counts.

Beside what `Run` names it holds TensorBoard's events.out.tfevents.*, and live.html, which
shows all this while the run trains; live.js is its data.
"""

import contextlib
import dataclasses
import functools
import importlib.metadata
import json
import os
import pathlib
import secrets
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.runs import manifest
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import arrays, atomic_files, errors, package, progress

FORMAT = 3  # of config.json
# The ACGAN that comes with the package.
PRETRAINED = package.FOLDER / "pretrained" / "acgan"


@dataclasses.dataclass(frozen=True)
class Parent:
    """The checkpoint, or the exported generator, whose weights a run began with.

    manifest_hash: the checkpoint's, or the hash of the exported generator's file
    """

    run: str
    step: int
    manifest_hash: str

    def __str__(self) -> str:
        return f"{self.run} at step {self.step:,}"


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """What config.json holds.

    starts: {"versions", "machine", "command"} of each process that trained the run: the
            first, which began it, and the latest 99
    run_id: random; the run's checkpoints have it in their manifests
    data:   the fingerprint of the training images, once they were loaded
    """

    config: Config
    parent: Parent | None = None
    starts: tuple[dict, ...] = ()
    run_id: str = dataclasses.field(default_factory=lambda: secrets.token_hex(8))
    data: Mapping[str, Any] | None = None

    def started(
        self, machine: Mapping[str, object] = {}, command: list[str] | None = None
    ) -> "RunConfig":
        """Returns a copy with a start by `command`, or by this process, on `machine`."""
        if command is None:
            program = pathlib.Path(sys.argv[0]).name.replace("__main__.py", "dcgan-tf")
            command = [program, *sys.argv[1:]]
        start = {"versions": versions(), "machine": dict(machine), "command": command}
        starts = (*self.starts[:1], *self.starts[1:][-98:], start)
        return dataclasses.replace(self, starts=starts)

    def changed_conditions(
        self, machine: Mapping[str, object], of: Mapping[str, str] | None = None
    ) -> list[str]:
        """Lists what makes other bits, as "threads 1 (2 at first)"; of: versions there."""
        if not self.starts:
            return []
        began = {"devices": 1, "workers": 1, "jit_compile": False}  # of older runs
        began |= self.starts[0]["versions"] | self.starts[0]["machine"]
        return [
            f"{name} {value} ({began[name]} at first)"
            for name, value in {**(of or versions()), **machine}.items()
            if name in began and began[name] != value
        ]


def versions() -> dict[str, str]:
    """Returns the versions of this package and of those that a run's bits depend on."""
    names = ("tensorflow", "keras", "numpy", "pillow", "tensorflow-datasets")
    others = {name: importlib.metadata.version(name) for name in names}
    return {"dcgan_tf": package.VERSION, **others}


def _inside(name: str) -> Any:
    """Returns a property: the path `name` in a run's folder."""
    return property(lambda run: run.folder / name)


@dataclasses.dataclass(frozen=True)
class Run:
    folder: pathlib.Path

    config_file = _inside("config.json")  # the Config, the parent, how it was started
    checkpoints = _inside("checkpoints")  # a folder for each, with a manifest
    metrics = _inside("metrics.jsonl")  # an object for each log entry
    witnesses = _inside("witnesses.jsonl")  # hashes of the state at chosen steps
    samples = _inside("samples")  # epoch_0000.png ...
    gif = _inside("training.gif")  # made from samples/
    # The generator alone, in a folder that is no run any more but for sampling.
    exported = _inside("generator.npz")

    def read_exported(self, *networks: Any) -> int:
        """Gives these generators the exported one's weights, and returns their step."""
        try:
            weights = arrays.read(self.exported)
            step = int(weights.pop("step"))
            for network in networks:
                network.set_weights([*weights.values()])
            return step
        except (ValueError, KeyError) as error:
            raise errors.RunError(
                f"{self.exported}: is no exported generator of the config.json beside it "
                f"({errors.first_line(error)})"
            ) from None

    def exported_parent(self) -> Parent:
        """Returns the exported generator as what a run begins with."""
        hash_ = atomic_files.sha256(self.exported)
        return Parent(str(self.folder.resolve()), self.read_exported(), hash_)

    def exists(self) -> bool:
        return self.config_file.exists()

    @functools.cached_property
    def run_id(self) -> str:
        """What tells this run from every other; "" where there is no config.json."""
        return self.read().run_id if self.exists() else ""

    @classmethod
    def existing(cls, folder: str | os.PathLike | None, flag: str = "run") -> "Run":
        """Returns the run in `folder`; UsageError where there is none."""
        run = cls(pathlib.Path(folder or "").expanduser())
        if folder is None or not run.exists():
            place = f"={run.folder}: holds no run, or none with a config.json;"
            if not run.folder.exists():
                place = f"={run.folder}: does not exist;"
            raise errors.UsageError(
                f"--{flag}{place if folder else ':'} name the folder of a run, as "
                "checkpoints/acgan is after dcgan-tf train --mode=acgan"
            )
        return run

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process from training this run; UsageError if one does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_files.lock(self.folder) as alone:
            if alone is False:
                raise errors.UsageError(
                    f"--run_dir={self.folder}: another process trains this run; wait for "
                    "it, stop it, or name another --run_dir"
                )
            yield

    def read(self) -> RunConfig:
        """Returns what config.json holds; RunError where it is missing or damaged."""
        try:
            content = json.loads(self.config_file.read_text(encoding="utf-8"))
            if content["format"] == FORMAT:
                return RunConfig(
                    config=resolve.from_json(content["config"]),
                    parent=Parent(**content["init_from"]) if content["init_from"] else None,
                    starts=tuple(content["starts"]),
                    run_id=content["run_id"],
                    data=content["data"],
                )
            problem = (
                f"is of format {content['format']}, made by another version of dcgan_tf "
                f"(this one reads format {FORMAT}); go on with that version"
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = getattr(error, "strerror", None) or errors.first_line(error)
            problem = f"cannot be read: {reason}; put it back whole"
        raise errors.RunError(f"{self.config_file}: {problem}, or name another folder")

    def read_config(self) -> Config:
        return self.read().config

    def write_config(self, content: RunConfig) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        parent = dataclasses.asdict(content.parent) if content.parent else None
        fields = {
            "format": FORMAT,
            "run_id": content.run_id,
            "config": content.config.model_dump(exclude_none=True),
            "init_from": parent,
            "data": content.data,
            "starts": content.starts,
        }
        atomic_files.write_json(self.config_file, fields)
        self.__dict__["run_id"] = content.run_id  # which stays, should the file be lost

    def newest_checkpoint(self, *, warn: bool = True) -> CheckpointInfo | None:
        """Returns the newest intact checkpoint, or None; RunError if all are damaged."""
        folders = self.checkpoint_folders()
        newest = next(self._intact(), None)
        if newest is None and folders != self.checkpoint_folders():
            return self.newest_checkpoint(warn=warn)  # a run in progress replaced them
        if folders and newest is None:
            raise errors.RunError(
                f"every checkpoint in {self.checkpoints} is damaged or of another run; put "
                f"back its own, or name another folder than {self.folder} to start over"
            )
        for folder in folders if warn else ():
            if manifest.step_of(folder) > newest.step and folder.exists():
                progress.warn(f"{folder} is damaged or of another run: passed over")
        return newest

    def best_checkpoint(self) -> CheckpointInfo | None:
        """Returns the newest intact checkpoint that was the best when it was evaluated."""
        return next((i for i in self._intact() if i.kind == manifest.BEST), None)

    def _intact(self) -> Iterator[CheckpointInfo]:
        return (info for info in self.saved() if info.is_intact())

    def what_is_left(self) -> str:
        """Says what a run that failed can go on from, as it stands on the disk."""
        if newest := next(self._intact(), None):
            return f"the same command goes on from its checkpoint of step {newest.step:,}"
        return "it has no checkpoint: the same command begins it anew"

    def checkpoint_folders(self) -> list[pathlib.Path]:
        """Lists the folders of checkpoints, without those half written or removed."""
        paths = self.checkpoints.iterdir() if self.checkpoints.is_dir() else ()
        return sorted(path for path in paths if manifest.NAME.fullmatch(path.name))

    def remove_checkpoints(self, *, beyond: int) -> None:
        """Removes those of later steps: what is damaged, or will be trained once more."""
        for folder in self.checkpoint_folders():
            if manifest.step_of(folder) > beyond:
                atomic_files.remove_folder(folder)

    def saved(self, *, foreign: bool = False) -> list[CheckpointInfo]:
        """Lists this run's checkpoints that have a sound manifest, the newest first.

        Of one step a best one comes last: its like is kept longer.
        foreign: instead those of other runs, which a user copied here
        """
        infos = filter(None, map(manifest.read, self.checkpoint_folders()))
        own_id = self.run_id
        return sorted(
            (info for info in infos if (info.run_id != own_id) == foreign),
            key=lambda info: (-info.step, info.kind == manifest.BEST),
        )
