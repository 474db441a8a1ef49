"""Checkpoints on the disk: their folders, their manifests, and whether they are intact."""

import dataclasses
import hashlib
import json
import pathlib
import re
import stat
from collections.abc import Mapping
from typing import ClassVar

from dcgan_tf.support import atomic_files

FORMAT = 3
MANIFEST = "manifest.json"
CONFIG = "run_config.json"  # the copy of config.json, which earlier checkpoints lack
MOST_BYTES = 1_000_000  # of a manifest
MOST_CHECKPOINT_BYTES = 4 * 2**30  # more than any Config's networks and slots take
# What a manifest that is none may raise.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)

# The kinds of checkpoints, each named by its step.
REGULAR = "step"  # saved at the interval; the newest few are kept
LATEST = "latest"  # saved in between, on interruption; removed by the next
BEST = "best"  # saved when an evaluation is the best so far; the newest is kept
NAME = re.compile(rf"({REGULAR}|{LATEST}|{BEST})_([0-9]{{8,18}})")


def name(kind: str, step: int) -> str:
    return f"{kind}_{step:08d}"


def step_of(folder: pathlib.Path) -> int:
    return int(NAME.fullmatch(folder.name)[2])


def kind_of(folder: pathlib.Path) -> str:
    return NAME.fullmatch(folder.name)[1]


def is_best(folder: pathlib.Path) -> bool:
    return kind_of(folder) == BEST


@dataclasses.dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint that was written whole: `prefix` is what TensorFlow reads."""

    PREFIX: ClassVar[str] = "state"
    FILES: ClassVar[frozenset[str]] = frozenset(
        {"state.index", "state.data-00000-of-00001"}  # as TensorFlow names them
    )
    folder: pathlib.Path
    step: int
    epoch: int
    run_id: str  # of the run that saved it
    hashes: Mapping[str, str]  # sha256 of each file, by name
    score: float | None = None  # the selection score, of one that was the best
    seconds: float = 0.0  # trained since the last log entry; earlier manifests lack them

    @property
    def prefix(self) -> str:
        return str(self.folder / self.PREFIX)

    @property
    def manifest_hash(self) -> str:
        """What tells this checkpoint from every other: the hash of its manifest."""
        return atomic_files.sha256(self.folder / MANIFEST)

    def is_intact(self) -> bool:
        """Whether every file still holds what was written."""
        return all(self.holds(name) for name in self.hashes)

    def holds(self, name: str) -> bool:
        """Whether the file of that name is one of its own, and holds what was written."""
        path = self.folder / name
        try:
            return _plausible(path) and atomic_files.sha256(path) == self.hashes.get(name)
        except OSError:
            return False


def write_manifest(
    folder: pathlib.Path,
    step: int,
    epoch: int,
    run_id: str,
    score: float | None,
    seconds: float = 0.0,
) -> None:
    """Says what a checkpoint's files hold, and, by a hash, that itself is undamaged."""
    hashes = {path.name: atomic_files.sha256(path) for path in sorted(folder.iterdir())}
    content = {
        "format": FORMAT,
        "step": step,
        "epoch": epoch,
        "run_id": run_id,
        "score": score,
        "seconds": round(seconds, 3),
        "sha256": hashes,
    }
    content["digest"] = _digest(content)
    text = json.dumps(content, indent=2)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read(folder: pathlib.Path) -> CheckpointInfo:
    manifest = json.loads(atomic_files.read_text(folder / MANIFEST, MOST_BYTES))
    digest = manifest.pop("digest")
    keys = {"format", "step", "epoch", "run_id", "score", "sha256"}
    damaged = digest != _digest(manifest) or manifest.keys() - {"seconds"} != keys
    if damaged or manifest["format"] != FORMAT:
        raise ValueError("is no manifest, or damaged")
    step, epoch, hashes = (manifest[key] for key in ("step", "epoch", "sha256"))
    of_folder = step == step_of(folder) and type(epoch) is int
    if not of_folder or hashes.keys() - {CONFIG} != CheckpointInfo.FILES:
        raise ValueError("is of another checkpoint")
    run_id, score = manifest["run_id"], manifest["score"]
    seconds = float(manifest.get("seconds", 0.0))
    return CheckpointInfo(folder, step, epoch, run_id, hashes, score, seconds)


def _digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plausible(path: pathlib.Path) -> bool:
    """Whether it is a file of its own, of a size that a checkpoint may have."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_size <= MOST_CHECKPOINT_BYTES
