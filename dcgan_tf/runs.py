"""A run's folder: what lies where, and the checking of everything read from it.

checkpoints/<run>/config.json    the Config, versions, the command line
                  checkpoints/   a folder for each checkpoint, with a manifest
                  metrics.jsonl  an object for each epoch
                  samples/       epoch_0000.png ...
                  training.gif   made from samples/
                  events/        TensorBoard
"""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import os
import pathlib
import sys
from collections.abc import Mapping
from typing import ClassVar

import dcgan_tf
from dcgan_tf import config, errors, files, settings

FORMAT = 2
MANIFEST = "manifest.json"


@dataclasses.dataclass(frozen=True)
class Saved:
    """A checkpoint that was written whole: `prefix` is what TensorFlow reads."""

    PREFIX: ClassVar[str] = "state"
    folder: pathlib.Path
    step: int
    epoch: int
    hashes: Mapping[str, str]  # sha256 of each file, by name

    @property
    def prefix(self) -> str:
        return str(self.folder / self.PREFIX)

    def whole(self) -> bool:
        """Whether every file still holds what was written."""
        try:
            return all(
                sha256(self.folder / name) == known for name, known in self.hashes.items()
            )
        except OSError:
            return False


@dataclasses.dataclass(frozen=True)
class Run:
    folder: pathlib.Path

    @property
    def config_file(self) -> pathlib.Path:
        return self.folder / "config.json"

    @property
    def checkpoints(self) -> pathlib.Path:
        return self.folder / "checkpoints"

    @property
    def metrics(self) -> pathlib.Path:
        return self.folder / "metrics.jsonl"

    @property
    def samples(self) -> pathlib.Path:
        return self.folder / "samples"

    @property
    def gif(self) -> pathlib.Path:
        return self.folder / "training.gif"

    @property
    def events(self) -> pathlib.Path:
        return self.folder / "events"

    def exists(self) -> bool:
        return self.config_file.exists()

    @classmethod
    def existing(cls, folder: str | os.PathLike | None) -> "Run":
        """The run in `folder`; UsageError where there is none."""
        if folder is None:
            raise errors.UsageError("--run: name the folder of a run, as checkpoints/acgan")
        run = cls(pathlib.Path(folder).expanduser())
        if not run.exists():
            raise errors.UsageError(
                f"--run={run.folder}: holds no run; name the folder of one, as "
                "checkpoints/acgan is after python -m dcgan_tf.main --mode=acgan"
            )
        return run

    def read_config(self) -> config.Config:
        """The run's Config; RunError if config.json is damaged or of another format."""
        try:
            content = json.loads(self.config_file.read_text(encoding="utf-8"))
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError("was made by another version; name another --run_dir")
            return settings.from_json(content.get("config"))
        except (OSError, ValueError, RecursionError) as error:
            raise errors.RunError(f"{self.config_file}: {error}") from None

    def write_config(self, value: config.Config) -> None:
        packages = ("tensorflow", "keras", "numpy", "tensorflow-datasets")
        content = {
            "format": FORMAT,
            "config": dataclasses.asdict(value),
            "versions": {
                "dcgan_tf": dcgan_tf.__version__,
                **{name: importlib.metadata.version(name) for name in packages},
            },
            "command": sys.argv,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with files.replacing(self.config_file) as path:
                path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise errors.UsageError(
                f"--run_dir={self.folder}: not writable ({error.strerror}); name another"
            ) from error

    def newest_checkpoint(self) -> Saved | None:
        """The newest whole checkpoint; None if the run has not saved any yet.

        Says on stderr which are damaged that may be newer; RunError if all are.
        """
        while True:
            folders = self.checkpoint_folders()
            saved = self.saved()
            newest = next((one for one in saved if one.whole()), None)
            # A run in progress may have replaced what was being read: look again.
            if newest or folders == self.checkpoint_folders():
                break
        if folders and not newest:
            raise errors.RunError(
                f"every checkpoint in {self.checkpoints} is damaged; "
                f"delete {self.folder} to start over"
            )
        newer = saved[: saved.index(newest)] if newest else []
        passed_over = {*folders} - {one.folder for one in saved} | {s.folder for s in newer}
        for folder in sorted(passed_over):
            if folder.exists():
                print(
                    f"warning: checkpoint {folder} is damaged: passed over", file=sys.stderr
                )
        return newest

    def checkpoint_folders(self) -> list[pathlib.Path]:
        """The folders of checkpoints; those half written or removed are not among them."""
        if not self.checkpoints.is_dir():
            return []
        return sorted(path for path in self.checkpoints.iterdir() if path.suffix != ".tmp")

    def saved(self) -> list[Saved]:
        """The checkpoints that have a manifest, the newest first."""
        found = []
        for folder in self.checkpoint_folders():
            with contextlib.suppress(
                OSError, ValueError, KeyError, TypeError, RecursionError
            ):
                found.append(_read_manifest(folder))
        return sorted(found, key=lambda one: one.step, reverse=True)


def _read_manifest(folder: pathlib.Path) -> Saved:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    step, epoch, hashes = (manifest[key] for key in ("step", "epoch", "sha256"))
    if not (isinstance(step, int) and isinstance(epoch, int) and isinstance(hashes, dict)):
        raise ValueError("not a manifest")
    if any(pathlib.Path(name).name != name for name in hashes):
        raise ValueError("names files of other folders")
    return Saved(folder, step, epoch, hashes)


def sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_folder(folder: pathlib.Path) -> None:
    """UsageError unless a run is in `folder`, or could be: empty or absent, writable."""
    try:
        if folder.exists() and not folder.is_dir():
            raise errors.UsageError(f"--run_dir={folder}: is a file; name a folder")
        foreign = (
            folder.is_dir()
            and not Run(folder).exists()
            and any(not path.name.startswith(".") for path in folder.iterdir())
        )
        nearest = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    except OSError as error:
        raise errors.UsageError(f"--run_dir={folder}: {error.strerror}") from None
    if foreign:
        raise errors.UsageError(
            f"--run_dir={folder}: holds files, but no run; name an empty or a new folder"
        )
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise errors.UsageError(
            f"--run_dir={folder}: {nearest} is not a folder that can be written; "
            "name another"
        )
