"""Checkpoints on the disk: their folders, their manifests, and whether they are intact."""

import contextlib
import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping

from dcgan_tf.support import atomic_files

FORMAT = 3
MANIFEST = "manifest.json"
PREFIX = "state"
FILES = {"state.index", "state.data-00000-of-00001"}  # as TensorFlow names them
CONFIG_COPY = "run_config.json"  # which checkpoints of version 0.3 hold as well

# The kinds of checkpoints, each named by its step.
REGULAR = "step"  # saved at the interval; the newest few are kept
LATEST = "latest"  # saved in between, on interruption; removed by the next
BEST = "best"  # saved when an evaluation is the best so far; the newest is kept
NAME = re.compile(rf"({REGULAR}|{LATEST}|{BEST})_([0-9]{{8,18}})")


def name(kind: str, step: int) -> str:
    return f"{kind}_{step:08d}"


def step_of(folder: pathlib.Path) -> int:
    return int(folder.name.partition("_")[2])


@dataclasses.dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint that was written whole, as its manifest tells.

    run_id:  of the run that saved it
    sha256:  the hash of each file, by name
    score:   the selection score, of a checkpoint of kind BEST
    seconds: trained since the last log entry
    """

    folder: pathlib.Path
    step: int
    epoch: int
    run_id: str
    sha256: Mapping[str, str]
    score: float | None = None
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        return self.folder.name.partition("_")[0]

    @property
    def prefix(self) -> str:
        """What TensorFlow reads."""
        return str(self.folder / PREFIX)

    @property
    def manifest_hash(self) -> str:
        """The hash of the manifest, which tells this checkpoint from every other."""
        return atomic_files.sha256(self.folder / MANIFEST)

    def is_intact(self) -> bool:
        """Returns whether every file still holds what was written."""
        return atomic_files.is_intact(self.folder, self.sha256)


def write(folder: pathlib.Path, **content: object) -> None:
    """Writes the manifest of a checkpoint in `folder`: CheckpointInfo's other fields."""
    content = {"format": FORMAT, **content, "sha256": atomic_files.hashes(folder)}
    text = json.dumps(content, indent=2)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read(folder: pathlib.Path) -> CheckpointInfo | None:
    """Returns what a manifest tells; None where it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        # A bit that flipped in the step or in a hash shows here, or when it is restored.
        whole = content["step"] == step_of(folder) and content["format"] == FORMAT
        if whole and set(content["sha256"]) - {CONFIG_COPY} == FILES:
            known = {field.name for field in dataclasses.fields(CheckpointInfo)}
            fields = {key: value for key, value in content.items() if key in known}
            return CheckpointInfo(folder, **fields)
    return None
