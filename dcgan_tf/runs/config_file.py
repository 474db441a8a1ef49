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
MOST_STARTS = 100  # kept: the start that began the run, and the latest
_PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets")


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

    starts: {"versions", "machine", "command"} of each process that trained the run; the
            first began it
    run_id: random; the run's checkpoints have it in their manifests
    data:   the fingerprint of the training images, once they were loaded
    """

    config: Config
    parent: Parent | None = None
    starts: tuple[dict, ...] = ()
    run_id: str = dataclasses.field(default_factory=lambda: secrets.token_hex(8))
    data: Mapping[str, Any] | None = None

    def started(
        self,
        machine: Mapping[str, object] | None = None,
        command: list[str] | None = None,
    ) -> "RunConfig":
        """Returns a copy with this process as the latest start, on `machine`.

        command: None: this process's command line
        """
        name = pathlib.Path(sys.argv[0]).name
        own = [name if name != "__main__.py" else "dcgan-tf", *sys.argv[1:]]
        start = {
            "versions": versions(),
            "machine": dict(machine or {}),
            "command": command or own,
        }
        starts = (*self.starts, start)
        kept = (*starts[:1], *starts[1:][-(MOST_STARTS - 1) :])
        return dataclasses.replace(self, starts=kept)

    def changed_conditions(self, machine: Mapping[str, object]) -> list[str]:
        """Lists what makes other bits than at the first start: "threads 1 (2 at first)"."""
        if not self.starts:
            return []
        first = self.starts[0]
        began = {
            "devices": 1,
            "workers": 1,
            "jit_compile": False,
            **first["versions"],
            **first["machine"],
        }
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
    others = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"dcgan_tf": dcgan_tf.__version__, **others}


def read(path: pathlib.Path) -> RunConfig:
    """Returns what config.json holds; RunError if that is no config of this format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise errors.RunError(
                f"{path}: is of format {content['format']}, made by another version of "
                f"dcgan_tf (this one reads format {FORMAT}); go on with that version, or "
                "name another folder"
            )
        return RunConfig(
            config=resolve.from_json(content["config"]),
            parent=Parent(**content["init_from"]) if content["init_from"] else None,
            starts=tuple(content["starts"]),
            run_id=content["run_id"],
            data=content["data"],
        )
    except OSError as error:
        raise errors.RunError(f"{path}: {error.strerror}; put it back") from None
    except (ValueError, KeyError, TypeError) as error:
        raise errors.RunError(
            f"{path} is damaged: {errors.first_line(error)}; put back a whole one, or name "
            "another folder"
        ) from None
