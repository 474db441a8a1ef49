"""Checkpoints on the disk: their folders, their manifests, and whether they are intact."""

import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping
from typing import ClassVar

from dcgan_tf.support import atomic_files

FORMAT = 3
MANIFEST = "manifest.json"
# A copy of config.json, which checkpoints of version 0.3 hold and name in their manifests.
CONFIG_COPY = "run_config.json"

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


@dataclasses.dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint that was written whole: `prefix` is what TensorFlow reads.

    run_id:  of the run that saved it
    hashes:  the sha256 of each file, by name
    score:   the selection score, of a checkpoint of kind BEST
    seconds: trained since the last log entry
    """

    PREFIX: ClassVar[str] = "state"
    FILES: ClassVar[frozenset[str]] = frozenset(
        {"state.index", "state.data-00000-of-00001"}  # as TensorFlow names them
    )
    folder: pathlib.Path
    step: int
    epoch: int
    run_id: str
    hashes: Mapping[str, str]
    score: float | None = None
    seconds: float = 0.0

    @property
    def prefix(self) -> str:
        return str(self.folder / self.PREFIX)

    @property
    def manifest_hash(self) -> str:
        """The hash of the manifest, which tells this checkpoint from every other."""
        return atomic_files.sha256(self.folder / MANIFEST)

    def is_intact(self) -> bool:
        """Returns whether every file still holds what was written."""
        try:
            return all(
                atomic_files.sha256(self.folder / name) == known
                for name, known in self.hashes.items()
            )
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
    """Writes the manifest of a checkpoint whose files lie in `folder`."""
    content = {
        "format": FORMAT,
        "step": step,
        "epoch": epoch,
        "run_id": run_id,
        "score": score,
        "seconds": round(seconds, 3),
        "sha256": {
            path.name: atomic_files.sha256(path) for path in sorted(folder.iterdir())
        },
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")


def read(folder: pathlib.Path) -> CheckpointInfo | None:
    """Returns what a manifest tells; None where it is missing or damaged."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        hashes = dict(content["sha256"])
        # A bit that flipped in the step or in a hash shows here, or when it is restored.
        if content["step"] != step_of(folder) or content["format"] != FORMAT:
            return None
        if hashes.keys() - {CONFIG_COPY} != CheckpointInfo.FILES:
            return None
        return CheckpointInfo(
            folder,
            content["step"],
            content["epoch"],
            content["run_id"],
            hashes,
            content["score"],
            content.get("seconds", 0.0),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
