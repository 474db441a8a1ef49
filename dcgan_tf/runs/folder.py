"""A run's folder: what lies where, and the checking of everything read from it.

checkpoints/<run>/config.json    the Config, the parent, and how the run was started
                  checkpoints/   a folder for each checkpoint, with a manifest and a copy
                                 of config.json
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
        """TensorBoard's, which names a run by the folder that they lie in."""
        return sorted(self.folder.glob("events.out.tfevents.*"))

    def exported_parent(self) -> Parent:
        """The exported generator as what a run begins with; RunError if it is damaged."""
        try:
            held = arrays.read(self.exported, lambda name: name == "step")
            step, digest = int(held["step"]), atomic_files.sha256(self.exported)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise errors.RunError(
                f"{self.exported}: is no exported generator ({errors.first_line(error)})"
            ) from None
        return Parent(str(self.folder.resolve()), step, digest)

    def exists(self) -> bool:
        return self.config_file.exists() or any(self._copies())

    @functools.cached_property
    def run_id(self) -> str:
        """What tells this run from every other; "" where there is no config.json."""
        return self.read().run_id if self.exists() else ""

    @classmethod
    def existing(cls, folder: str | os.PathLike | None, flag: str = "run") -> "Run":
        """The run in `folder`; UsageError where there is none."""
        if folder is None:
            raise errors.UsageError(
                f"--{flag}: name the folder of a run, as checkpoints/acgan"
            )
        run = cls(errors.user_path(folder, f"--{flag}"))
        if not run.exists():
            raise errors.UsageError(
                f"--{flag}={run.folder}: holds no run; name the folder of one, as "
                "checkpoints/acgan is after dcgan-tf train --mode=acgan"
            )
        return run

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other process from training this run; UsageError if one does.

        The lock is the system's, on the folder: it ends with the process, however it ends.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.UsageError(
                f"--run_dir={self.folder}: another process trains this run; wait for it, "
                "stop it, or name another --run_dir"
            ) from None
        except OSError as error:  # as on some network file systems
            print(
                f"warning: {self.folder} cannot be locked ({error.strerror}); see to it "
                "that no other process trains this run",
                file=sys.stderr,
            )

    def is_locked(self) -> bool:
        """Whether a process trains this run, as far as the file system tells."""
        try:
            descriptor = os.open(self.folder, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError)
        finally:
            os.close(descriptor)
        return False

    def read(self) -> RunConfig:
        """What config.json holds; where it is missing or damaged, what its copy does.

        RunError if there is neither, or it is of another format.
        """
        try:
            return config_file.read(self.config_file)
        except config_file.DamagedError:
            copies = self._copies()
            if not copies:
                raise
        if len({info.run_id for info in copies}) > 1:
            raise errors.RunError(
                f"{self.config_file} is missing or damaged, and {self.checkpoints} holds "
                "checkpoints of several runs; put it back, or move away those of others"
            )
        _warn_once(
            f"{self.config_file} is missing or damaged: its copy in {copies[0].folder} is "
            "taken"
        )
        return config_file.read(copies[0].folder / manifest.CONFIG)

    def _copies(self) -> list[manifest.CheckpointInfo]:
        """The checkpoints that hold an intact copy of config.json, the newest first."""
        return [info for info in self._manifests() if info.holds(manifest.CONFIG)]

    def repair_config(self) -> None:
        """Writes config.json again, from its copy, if it is missing or damaged.

        What is damaged, perhaps by a user's own hand, stays as config.damaged.json.
        """
        try:
            config_file.read(self.config_file)
        except config_file.DamagedError:
            content = self.read()
            if self.config_file.exists():
                self.config_file.replace(self.folder / "config.damaged.json")
            self.write_config(content)

    def read_config(self) -> Config:
        return self.read().config

    def write_config(self, content: RunConfig) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            content.write(self.config_file)
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> errors.UsageError:
        return errors.UsageError(
            f"--run_dir={self.folder}: not writable ({errors.first_line(error)}); name "
            "another"
        )

    def newest_checkpoint(self, *, warn: bool = True) -> manifest.CheckpointInfo | None:
        """The newest intact checkpoint; None if the run has not saved any yet.

        Says on stderr which newer ones are damaged; RunError if all are.
        """
        while True:
            folders = self.checkpoint_folders()
            newest = next((one for one in self.saved() if one.is_intact()), None)
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
        """The newest intact one that was the best when it was evaluated, if any."""
        found = (one for one in self.saved() if manifest.is_best(one.folder))
        return next((one for one in found if one.is_intact()), None)

    def what_is_left(self) -> str:
        """What a run that failed can go on from, as it stands on the disk."""
        found = next((one for one in self.saved() if one.is_intact()), None)
        if found:
            return f"the same command goes on from its checkpoint of step {found.step:,}"
        if self.checkpoint_folders():
            return "its checkpoints are damaged"
        return "it has no checkpoint: the same command begins it anew"

    def checkpoint_folders(self) -> list[pathlib.Path]:
        """The folders of checkpoints; those half written or removed are not among them."""
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
        """This run's checkpoints that have a sound manifest, the newest first."""
        return [info for info in self._manifests() if info.run_id == self.run_id]

    def foreign_checkpoints(self) -> list[pathlib.Path]:
        """The folders of those that another run saved, as a user copies them here."""
        return [info.folder for info in self._manifests() if info.run_id != self.run_id]

    def _manifests(self) -> list[manifest.CheckpointInfo]:
        """All checkpoints that have a sound manifest, the newest first."""
        found = []
        for folder in self.checkpoint_folders():
            with contextlib.suppress(*manifest.UNREADABLE):
                found.append(manifest.read(folder))
        return sorted(found, key=lambda one: (-one.step, manifest.is_best(one.folder)))


@functools.cache
def _warn_once(text: str) -> None:
    """On stderr; once in a process, which may read a config.json many times."""
    print(f"warning: {text}", file=sys.stderr)


def parent_checkpoint(parent: Parent) -> manifest.CheckpointInfo:
    """The very checkpoint that a run began from; RunError if it is no more."""
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
    if pattern := set(str(folder.absolute())) & set("[]*?\\"):
        raise errors.UsageError(
            f"--run_dir={folder}: has {' '.join(sorted(pattern))} in its path, which "
            "TensorFlow reads as a pattern: it could not read its checkpoints; name another"
        )
    for part in (run.config_file, run.checkpoints, run.metrics, run.samples):
        if part.is_symlink():
            raise errors.UsageError(
                f"--run_dir={folder}: {part.name} is a symbolic link, through which a run "
                "would write elsewhere; replace it, or name another folder"
            )
    try:
        if folder.exists() and not folder.is_dir():
            raise errors.UsageError(f"--run_dir={folder}: is a file; name a folder")
        foreign = (
            folder.is_dir()
            and not Run(folder).exists()
            and any(not path.name.startswith(".") for path in folder.iterdir())
        )
        above = (folder, *folder.absolute().parents)
        nearest = next(p for p in above if p.exists() or p.is_symlink())
    except OSError as error:
        raise errors.UsageError(f"--run_dir={folder}: {error.strerror}") from None
    if foreign and run.checkpoint_folders():
        raise errors.UsageError(
            f"--run_dir={folder}: holds checkpoints, but their config.json is missing; put "
            "it back, or name another folder"
        )
    if foreign:
        raise errors.UsageError(
            f"--run_dir={folder}: holds files, but no run; name an empty or a new folder"
        )
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise errors.UsageError(
            f"--run_dir={folder}: {nearest} is not a folder that can be written; "
            "name another"
        )
