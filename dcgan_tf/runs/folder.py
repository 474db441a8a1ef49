"""A run's folder: what lies where, and the checking of everything read from it.

checkpoints/<run>/config.json    the Config, the parent, and how the run was started
                  checkpoints/   a folder for each checkpoint, with a manifest
                  metrics.jsonl  an object for each log entry
                  samples/       epoch_0000.png ...
                  training.gif   made from samples/
                  events.out.tfevents.*   TensorBoard
                  live.html      shows all this while the run trains; live.js is its data
"""

import contextlib
import dataclasses
import fcntl
import functools
import os
import pathlib
import sys
from collections.abc import Iterator

import dcgan_tf
from dcgan_tf.config.schema import Config
from dcgan_tf.runs import config_file, manifest
from dcgan_tf.runs.config_file import Parent, RunConfig
from dcgan_tf.support import arrays, atomic_files, errors

# The ACGAN that comes with the package.
PRETRAINED = pathlib.Path(dcgan_tf.__file__).parent / "pretrained" / "acgan"


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
    def exported(self) -> pathlib.Path:
        """The generator alone, in a folder that is no run any more but for sampling."""
        return self.folder / "generator.npz"

    def event_files(self) -> list[pathlib.Path]:
        """Lists TensorBoard's files, which names a run by the folder that they lie in."""
        return sorted(self.folder.glob("events.out.tfevents.*"))

    def exported_parent(self) -> Parent:
        """Returns the exported generator as what a run begins with."""
        try:
            step = int(arrays.read(self.exported, lambda name: name == "step")["step"])
        except (ValueError, KeyError) as error:
            raise errors.RunError(
                f"{self.exported}: is no exported generator ({errors.first_line(error)})"
            ) from None
        return Parent(str(self.folder.resolve()), step, atomic_files.sha256(self.exported))

    def exists(self) -> bool:
        return self.config_file.exists()

    @functools.cached_property
    def run_id(self) -> str:
        """What tells this run from every other; "" where there is no config.json."""
        return self.read().run_id if self.exists() else ""

    @classmethod
    def existing(cls, folder: str | os.PathLike | None, flag: str = "run") -> "Run":
        """Returns the run in `folder`; UsageError where there is none."""
        if folder is None:
            raise errors.UsageError(
                f"--{flag}: name the folder of a run, as checkpoints/acgan"
            )
        run = cls(errors.user_path(folder, f"--{flag}"))
        if not run.exists():
            held = "no run;"
            if run.checkpoint_folders():
                held = "checkpoints without their config.json; put it back, or"
            raise errors.UsageError(
                f"--{flag}={run.folder}: holds {held} name the folder of one, as "
                "checkpoints/acgan is after dcgan-tf train --mode=acgan"
            )
        return run

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process from training this run; UsageError if one does.

        The lock is the system's, on the folder: it ends with the process, however it ends.
        """
        with contextlib.ExitStack() as stack:
            with self._writing():
                self.folder.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise errors.UsageError(
                    f"--run_dir={self.folder}: another process trains this run; wait for "
                    "it, stop it, or name another --run_dir"
                ) from None
            except OSError as error:  # as on some network file systems
                print(
                    f"warning: {self.folder} cannot be locked ({error.strerror}); see to "
                    "it that no other process trains this run",
                    file=sys.stderr,
                )
            yield

    def is_locked(self) -> bool:
        """Returns whether a process trains this run, as far as the file system tells."""
        if not self.folder.is_dir():
            return False
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError)
        finally:
            os.close(descriptor)
        return False

    def read(self) -> RunConfig:
        """Returns what config.json holds; RunError where it is missing or damaged."""
        return config_file.read(self.config_file)

    def read_config(self) -> Config:
        return self.read().config

    def write_config(self, content: RunConfig) -> None:
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            content.write(self.config_file)
        self.__dict__["run_id"] = content.run_id  # which stays, should the file be lost

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Names the flag in the error of a folder that refuses to be written."""
        try:
            yield
        except OSError as error:
            raise errors.UsageError(
                f"--run_dir={self.folder}: not writable ({errors.first_line(error)}); name "
                "another"
            ) from error

    def newest_checkpoint(self, *, warn: bool = True) -> manifest.CheckpointInfo | None:
        """Returns the newest intact checkpoint; None if the run has not saved any yet.

        Says on stderr which newer ones are damaged; RunError if all are.
        """
        while True:
            folders = self.checkpoint_folders()
            newest = next((info for info in self.saved() if info.is_intact()), None)
            # A run in progress may have replaced what was being read: look again.
            if newest or folders == self.checkpoint_folders():
                break
        if folders and not newest:
            raise errors.RunError(
                f"every checkpoint in {self.checkpoints} is damaged or of another run; put "
                f"back its own, or name another folder than {self.folder} to start over"
            )
        for folder in folders if warn else ():
            if manifest.step_of(folder) > newest.step and folder.exists():
                print(
                    f"warning: checkpoint {folder} is damaged or of another run: passed "
                    "over",
                    file=sys.stderr,
                )
        return newest

    def best_checkpoint(self) -> manifest.CheckpointInfo | None:
        """Returns the newest intact checkpoint that was the best when it was evaluated."""
        best = (i for i in self.saved() if manifest.kind_of(i.folder) == manifest.BEST)
        return next((info for info in best if info.is_intact()), None)

    def what_is_left(self) -> str:
        """Says what a run that failed can go on from, as it stands on the disk."""
        newest = next((info for info in self.saved() if info.is_intact()), None)
        if newest:
            return f"the same command goes on from its checkpoint of step {newest.step:,}"
        if self.checkpoint_folders():
            return "its checkpoints are damaged"
        return "it has no checkpoint: the same command begins it anew"

    def checkpoint_folders(self) -> list[pathlib.Path]:
        """Lists the folders of checkpoints, without those half written or removed."""
        if not self.checkpoints.is_dir():
            return []
        return sorted(
            p for p in self.checkpoints.iterdir() if manifest.NAME.fullmatch(p.name)
        )

    def remove_checkpoints(self, *, beyond: int) -> None:
        """Removes those of later steps: what is damaged, or will be trained once more."""
        for folder in self.checkpoint_folders():
            if manifest.step_of(folder) > beyond:
                atomic_files.remove_folder(folder)

    def saved(self) -> list[manifest.CheckpointInfo]:
        """Lists this run's checkpoints that have a sound manifest, the newest first."""
        run_id = self.run_id
        return [info for info in self._manifests() if info.run_id == run_id]

    def foreign_checkpoints(self) -> list[pathlib.Path]:
        """Lists the folders of those that another run saved, as a user copies them here."""
        run_id = self.run_id
        return [info.folder for info in self._manifests() if info.run_id != run_id]

    def _manifests(self) -> list[manifest.CheckpointInfo]:
        """Lists all checkpoints that have a sound manifest, the newest first.

        Of one step a best one comes last: its like is kept longer.
        """
        read = map(manifest.read, self.checkpoint_folders())
        return sorted(
            (info for info in read if info),
            key=lambda i: (-i.step, manifest.kind_of(i.folder) == manifest.BEST),
        )


def parent_checkpoint(parent: Parent) -> manifest.CheckpointInfo:
    """Returns the very checkpoint that a run began from; RunError if it is no more."""
    for info in Run(pathlib.Path(parent.run)).saved():
        if info.manifest_hash == parent.manifest_hash and info.is_intact():
            return info
    raise errors.RunError(
        f"{parent.run}: no longer has the checkpoint of step {parent.step:,} that the run "
        "began from, and the run has none of its own yet; name another --run_dir"
    )


def check_folder(folder: pathlib.Path) -> None:
    """UsageError unless a run is in `folder`, or could be: empty or absent, writable."""
    run = Run(folder)
    problem = None
    nearest = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if pattern := set(str(folder.absolute())) & set("[]*?\\"):
        problem = (
            f"has {' '.join(sorted(pattern))} in its path, which TensorFlow reads as a "
            "pattern: it could not read its checkpoints; name another"
        )
    elif not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        problem = f"{nearest} is not a folder that can be written; name another"
    elif folder.exists() and not run.exists():
        if run.checkpoint_folders():
            problem = (
                "holds checkpoints, but their config.json is missing; put it back, or name "
                "another folder"
            )
        elif any(not path.name.startswith(".") for path in folder.iterdir()):
            problem = "holds files, but no run; name an empty or a new folder"
    if problem:
        raise errors.UsageError(f"--run_dir={folder}: {problem}")
