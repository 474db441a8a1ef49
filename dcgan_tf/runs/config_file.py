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
MOST_BYTES = 1_000_000
MOST_STARTS = 100  # kept: the one that began the run, and the latest
_PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets")


class DamagedError(errors.RunError):
    """A config.json that is missing, or holds no settings of a run."""


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
    run_id: random; its checkpoints have it in their manifests
    data:   the fingerprint of its training images, once they were loaded
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
        """The same, with this process as the latest start, on `machine`.

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
        """What makes other bits than where the run began: "threads 1 (2 at first)" ..."""
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
    """Of this package, and of those that a run's bits depend on."""
    found = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"dcgan_tf": dcgan_tf.__version__, **found}


def read(path: pathlib.Path) -> RunConfig:
    """What config.json holds; RunError if it is of another format, or cannot be read.

    DamagedError if it is missing or damaged.
    """
    try:
        content = json.loads(atomic_files.read_text(path, MOST_BYTES))
        if not isinstance(content, dict):
            raise ValueError("holds no object")
        if content.get("format") != FORMAT:
            raise errors.RunError(
                f"{path}: is of format {content.get('format')}, made by another version of "
                f"dcgan_tf (this one reads format {FORMAT}); go on with that version, or "
                "name another folder"
            )
        starts = content.get("starts")
        if not isinstance(starts, list) or not all(map(_is_start, starts)):
            raise ValueError("starts is no list of starts")
        run_id, data = content.get("run_id"), content.get("data")
        if not isinstance(run_id, str):
            raise ValueError("run_id is no text")
        if data is not None and not _has(data, _FINGERPRINT):
            raise ValueError("data is no fingerprint of images")
        config = resolve.from_json(content.get("config"))
        parent = _parent(content.get("init_from"))
        return RunConfig(config, parent, tuple(starts), run_id, data)
    except OSError as error:
        raise errors.RunError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise DamagedError(
            f"{path} is damaged: {error}; put back a whole one, or name another folder"
        ) from None


def _parent(held: Any) -> Parent | None:
    if held is None:
        return None
    if not _has(held, {field.name: field.type for field in dataclasses.fields(Parent)}):
        raise ValueError("init_from does not name a checkpoint")
    return Parent(**held)


_START = {"versions": dict, "machine": dict, "command": list}
_FINGERPRINT = {"images": int, "shape": list, "sha256": str, "content_hash": str}


def _is_start(held: object) -> bool:
    return _has(held, _START)


def _has(held: object, types: Mapping[str, Any]) -> bool:
    """Whether it is an object of exactly these keys and types."""
    return isinstance(held, dict) and {k: type(v) for k, v in held.items()} == dict(types)
