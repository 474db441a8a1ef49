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
import fcntl
import importlib.metadata
import json
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping

import dcgan_tf
from dcgan_tf import config, errors, files, saves, settings

FORMAT = 2  # of config.json
MOST_BYTES = 1_000_000  # of config.json


@dataclasses.dataclass(frozen=True)
class Ancestor:
    """The checkpoint from whose weights a run started."""

    run: str
    step: int
    identity: str  # see Saved

    def __str__(self) -> str:
        return f"{self.run} at step {self.step:,}"

    def checkpoint(self) -> saves.Saved:
        """That very one; RunError if it is no more."""
        for saved in Run(pathlib.Path(self.run)).saved():
            if saved.identity == self.identity and saved.whole():
                return saved
        raise errors.RunError(
            f"{self.run}: has no longer the checkpoint of step {self.step:,} that the run "
            "started from, and the run has none of its own yet; name another --run_dir"
        )


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
        """The generator alone, in a folder that is no run any more but for drawing."""
        return self.folder / "generator.npz"

    @property
    def events(self) -> pathlib.Path:
        return self.folder / "events"

    def exists(self) -> bool:
        return self.config_file.exists()

    @classmethod
    def existing(cls, folder: str | os.PathLike | None, flag: str = "run") -> "Run":
        """The run in `folder`; UsageError where there is none."""
        if folder is None:
            raise errors.UsageError(
                f"--{flag}: name the folder of a run, as checkpoints/acgan"
            )
        run = cls(pathlib.Path(folder).expanduser())
        if not run.exists():
            raise errors.UsageError(
                f"--{flag}={run.folder}: holds no run; name the folder of one, as "
                "checkpoints/acgan is after python -m dcgan_tf.main --mode=acgan"
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

    def read_config(self) -> config.Config:
        """The run's Config; RunError if config.json is damaged or of another format."""
        return self._read()[0]

    def read_ancestor(self) -> Ancestor | None:
        return self._read()[1]

    def _read(self) -> tuple[config.Config, Ancestor | None]:
        try:
            content = json.loads(files.read_text(self.config_file, MOST_BYTES))
            if not isinstance(content, dict):
                raise ValueError("no object")
            if content.get("format") != FORMAT:
                raise errors.RunError(
                    f"{self.config_file}: was made by another version; name another folder"
                )
            return settings.from_json(content.get("config")), _ancestor(content)
        except OSError as error:
            raise errors.RunError(f"{self.config_file}: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise errors.RunError(
                f"{self.config_file} is damaged: {error}; put back a whole one, or name "
                "another folder"
            ) from None

    def write_config(self, value: config.Config, ancestor: Ancestor | None = None) -> None:
        packages = ("tensorflow", "keras", "numpy", "tensorflow-datasets")
        content = {
            "format": FORMAT,
            "config": dataclasses.asdict(value),
            "start_from": dataclasses.asdict(ancestor) if ancestor else None,
            "versions": {
                "dcgan_tf": dcgan_tf.__version__,
                **{name: importlib.metadata.version(name) for name in packages},
            },
            "command": [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]],
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with files.replacing(self.config_file) as path:
                path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> errors.UsageError:
        return errors.UsageError(
            f"--run_dir={self.folder}: not writable ({error.strerror}); name another"
        )

    def newest_checkpoint(self, *, warn: bool = True) -> saves.Saved | None:
        """The newest whole checkpoint; None if the run has not saved any yet.

        One that was saved as the best comes after all others, which a run goes on from.
        Says on stderr which newer ones are damaged; RunError if all are.
        """
        while True:
            folders = self.checkpoint_folders()
            newest = next((one for one in self.saved() if one.whole()), None)
            # A run in progress may have replaced what was being read: look again.
            if newest or folders == self.checkpoint_folders():
                break
        if folders and not newest:
            raise errors.RunError(
                f"every checkpoint in {self.checkpoints} is damaged; "
                f"delete {self.folder} to start over"
            )
        for folder in folders if warn else ():
            newer = saves.step_of(folder) > newest.step and not saves.is_best(folder)
            if newer and folder.exists():
                print(
                    f"warning: checkpoint {folder} is damaged: passed over", file=sys.stderr
                )
        return newest

    def best_checkpoint(self) -> saves.Saved | None:
        """The whole one that was the best so far when it was evaluated, if there is one."""
        found = (one for one in self.saved() if saves.is_best(one.folder))
        return next((one for one in found if one.whole()), None)

    def checkpoint_folders(self) -> list[pathlib.Path]:
        """The folders of checkpoints; those half written or removed are not among them."""
        if not self.checkpoints.is_dir():
            return []
        return sorted(p for p in self.checkpoints.iterdir() if saves.NAME.fullmatch(p.name))

    def remove_checkpoints(self, *, beyond: int) -> None:
        """Removes those of later steps: what is damaged, or will be trained once more."""
        for folder in self.checkpoint_folders():
            if saves.step_of(folder) > beyond:
                files.remove_folder(folder)

    def saved(self) -> list[saves.Saved]:
        """The checkpoints that have a sound manifest: the newest first, the best last."""
        found = []
        for folder in self.checkpoint_folders():
            with contextlib.suppress(*saves.UNREADABLE):
                found.append(saves.read(folder))
        return sorted(found, key=lambda one: (saves.is_best(one.folder), -one.step))


def _ancestor(content: Mapping[str, object]) -> Ancestor | None:
    held = content.get("start_from")
    if held is None:
        return None
    kinds = {"run": str, "step": int, "identity": str}
    if not isinstance(held, dict) or {k: type(v) for k, v in held.items()} != kinds:
        raise ValueError("start_from does not name a checkpoint")
    return Ancestor(**held)


def check_folder(folder: pathlib.Path) -> None:
    """UsageError unless a run is in `folder`, or could be: empty or absent, writable."""
    run = Run(folder)
    for part in (run.config_file, run.checkpoints, run.metrics, run.samples, run.events):
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
        ancestors = (folder, *folder.absolute().parents)
        nearest = next(p for p in ancestors if p.exists() or p.is_symlink())
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
