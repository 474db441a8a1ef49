"""Checkpoints on the disk: their folders, their manifests, and whether they are whole."""

import dataclasses
import hashlib
import json
import pathlib
import re
import stat
from collections.abc import Mapping
from typing import ClassVar

from dcgan_tf import files

FORMAT = 2
MANIFEST = "manifest.json"
MOST_BYTES = 1_000_000  # of a manifest
MOST_CHECKPOINT_BYTES = 4 * 2**30  # more than any Config's networks and slots take
# What a manifest that is none may raise.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)

# The families of checkpoints, each named by its step.
REGULAR = "step"  # saved at the interval; the newest few are kept
LATEST = "latest"  # saved in between, on interruption; removed by the next checkpoint
BEST = "best"  # saved when an evaluation is the best so far; the newest is kept
NAME = re.compile(rf"({REGULAR}|{LATEST}|{BEST})_([0-9]{{8,18}})")


def name(family: str, step: int) -> str:
    return f"{family}_{step:08d}"


def step_of(folder: pathlib.Path) -> int:
    return int(NAME.fullmatch(folder.name)[2])


def is_best(folder: pathlib.Path) -> bool:
    return folder.name.startswith(BEST)


@dataclasses.dataclass(frozen=True)
class Saved:
    """A checkpoint that was written whole: `prefix` is what TensorFlow reads."""

    PREFIX: ClassVar[str] = "state"
    FILES: ClassVar[frozenset[str]] = frozenset(
        {"state.index", "state.data-00000-of-00001"}  # as TensorFlow names them
    )
    folder: pathlib.Path
    step: int
    epoch: int
    hashes: Mapping[str, str]  # sha256 of each file, by name

    @property
    def prefix(self) -> str:
        return str(self.folder / self.PREFIX)

    @property
    def identity(self) -> str:
        """What tells this checkpoint from every other: the hash of its manifest."""
        return sha256(self.folder / MANIFEST)

    def whole(self) -> bool:
        """Whether every file still holds what was written."""
        try:
            return all(
                _plausible(self.folder / name) and sha256(self.folder / name) == known
                for name, known in self.hashes.items()
            )
        except OSError:
            return False


def write_manifest(folder: pathlib.Path, step: int, epoch: int) -> None:
    """Says what a checkpoint's files hold, and, by a hash, that itself is unharmed."""
    hashes = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    content = {"format": FORMAT, "step": step, "epoch": epoch, "sha256": hashes}
    content["digest"] = _digest(content)
    text = json.dumps(content, indent=2)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read(folder: pathlib.Path) -> Saved:
    manifest = json.loads(files.read_text(folder / MANIFEST, MOST_BYTES))
    digest = manifest.pop("digest", None)  # which the first versions did not write
    keys = {"format", "step", "epoch", "sha256"}
    harmed = digest is not None and digest != _digest(manifest)
    if harmed or manifest.keys() != keys or manifest["format"] != FORMAT:
        raise ValueError("is no manifest, or harmed")
    step, epoch, hashes = (manifest[key] for key in ("step", "epoch", "sha256"))
    if step != step_of(folder) or type(epoch) is not int or hashes.keys() != Saved.FILES:
        raise ValueError("is of another checkpoint")
    return Saved(folder, step, epoch, hashes)


def _digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plausible(path: pathlib.Path) -> bool:
    """Whether it is a file of its own, of a size that a checkpoint may have."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_size <= MOST_CHECKPOINT_BYTES


def sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
