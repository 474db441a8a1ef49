"""A run's config.json: its settings, its parent, and how it was started."""

import dataclasses
import importlib.metadata
import json
import pathlib
import secrets
import sys
from collections.abc import Mapping
from typing import Any

import dcgan_tf
from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.support import atomic_files, errors

FORMAT = 3


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
        """Returns a copy with this process as the latest start, on `machine`.

        command: None: this process's command line
        """
        if command is None:
            program = pathlib.Path(sys.argv[0]).name.replace("__main__.py", "dcgan-tf")
            command = [program, *sys.argv[1:]]
        start = {"versions": versions(), "machine": dict(machine), "command": command}
        starts = (*self.starts[:1], *self.starts[1:][-98:], start)
        return dataclasses.replace(self, starts=starts)

    def changed_conditions(self, machine: Mapping[str, object]) -> list[str]:
        """Lists what makes other bits than at the first start: "threads 1 (2 at first)"."""
        if not self.starts:
            return []
        began = {"devices": 1, "workers": 1, "jit_compile": False}  # of older runs
        began |= self.starts[0]["versions"] | self.starts[0]["machine"]
        return [
            f"{name} {value} ({began[name]} at first)"
            for name, value in {**versions(), **machine}.items()
            if name in began and began[name] != value
        ]

    def write(self, path: pathlib.Path) -> None:
        content = {
            "format": FORMAT,
            "run_id": self.run_id,
            "config": self.config.model_dump(exclude_none=True),
            "init_from": dataclasses.asdict(self.parent) if self.parent else None,
            "data": self.data,
            "starts": self.starts,
        }
        atomic_files.write_json(path, content)


def versions() -> dict[str, str]:
    """Returns the versions of this package and of those that a run's bits depend on."""
    names = ("tensorflow", "keras", "numpy", "tensorflow-datasets")
    others = {name: importlib.metadata.version(name) for name in names}
    return {"dcgan_tf": dcgan_tf.__version__, **others}


def read(path: pathlib.Path) -> RunConfig:
    """Returns what config.json holds; RunError if that is no config of this format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] == FORMAT:
            return RunConfig(
                config=resolve.from_json(content["config"]),
                parent=Parent(**content["init_from"]) if content["init_from"] else None,
                starts=tuple(content["starts"]),
                run_id=content["run_id"],
                data=content["data"],
            )
        problem = (
            f"is of format {content['format']}, made by another version of dcgan_tf (this "
            f"one reads format {FORMAT}); go on with that version"
        )
    except OSError as error:
        problem = f"{error.strerror}; put it back"
    except (ValueError, KeyError, TypeError) as error:
        problem = f"is damaged: {errors.first_line(error)}; put back a whole one"
    raise errors.RunError(f"{path}: {problem}, or name another folder")
