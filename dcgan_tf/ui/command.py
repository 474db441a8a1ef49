"""Opens a page in the browser: from a folder of pictures to a trained generator.

    dcgan-tf ui --run_dir=checkpoints --port=8000

Only this machine reaches the page.  Trainings go on when it is closed or ended.
"""

import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.datasets import folder, spec
from dcgan_tf.pages import record
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import atomic_files, errors

SHIPPED = "the ACGAN that comes with the package"
MOST_FILES, MOST_BYTES = 100_000, 2_000_000_000  # of a .zip, unpacked


def define_flags() -> FlagValues:
    return flags.new(
        run_dir="folder in which the runs lie.  Default: checkpoints",
        port=flags.integer("of the page.  Default: 7860, or the next free one", 1, 65_535),
        no_browser=flags.switch("do not open a browser"),
    )


def main(values: FlagValues) -> None:
    place = values.run_dir or "checkpoints"
    runs = Runs(flags.output_path(place, "run_dir", folder=True, may_exist=True))
    # Its own TensorFlow takes no GPU from the trainings.
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as tempfile.tempdir:
        try:
            from dcgan_tf.ui import page  # which imports Gradio, an extra

            page.serve(runs, values.port, not values.no_browser)
        except (ImportError, OSError) as error:
            line = f"{errors.first_line(error)}; it needs gradio, and a --port that is free"
            raise errors.UsageError(f"dcgan-tf ui: {line}") from None


def plain(name: str | None) -> str:
    """Returns a name of letters, digits, - and _ alone."""
    return re.sub(r"[^\w-]+", "_", name or "").strip("_") or "pictures"


class Runs:
    """The runs in the folder `root`, by the names of their own folders.

    A process locks its log while it lives; its id lies there until it is asked to stop.
    """

    def __init__(self, root: pathlib.Path):
        self.root, self.environment = root, dict(os.environ)  # of the processes

    def names(self) -> list[str]:
        """Lists the runs, and starts that failed; first those that wrote last."""
        files = [*self.root.glob("[!.]*/config.json"), *self.root.glob("[!.]*/.ui.log")]
        files.sort(key=lambda file: -file.stat().st_mtime)
        return [*dict.fromkeys(file.parent.name for file in files), SHIPPED]

    def get(self, name: str) -> Run:
        return Run(PRETRAINED if name == SHIPPED else self.root / name)

    def log(self, name: str) -> pathlib.Path:
        return self.get(name).folder / ".ui.log"

    def is_busy(self, name: str) -> bool:
        """Says whether a process that a page started works on the run."""
        return self.log(name).exists() and atomic_files.is_locked(self.log(name))

    def start(self, name: str, argv: list[str]) -> None:
        """Starts a command that works on a run, in a process that outlives this one."""
        if name == SHIPPED or self.is_busy(name):
            raise errors.UsageError(f"{name}: is at work, or not yours; choose another run")
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # or another tab was first
            log.truncate(0)
            options: dict = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            options |= {"env": self.environment, "start_new_session": True}
            process = subprocess.Popen([sys.executable, "-m", "dcgan_tf", *argv], **options)
        self.log(name).with_suffix(".id").write_text(str(process.pid))

    def stop(self, name: str) -> None:
        """Asks a process to save and stop, once: a second signal would end it at once."""
        own = self.log(name).with_suffix(".id")
        if not (self.is_busy(name) and own.exists()):
            raise errors.UsageError(f"{name}: is stopping, or this page did not start it")
        os.kill(int(own.rename(own.with_suffix(".stopped")).read_text()), signal.SIGTERM)

    def state(self, name: str) -> str:
        try:
            run = self.get(name)
            if self.is_busy(name) and not atomic_files.is_locked(run.folder):
                return "at work"
            return record.read(run).state if run.exists() else "has not begun"
        except (errors.RunError, OSError, ValueError) as error:
            return f"broken: {errors.first_line(error)}"

    def keep(self, paths: list[str]) -> str:
        """Copies files, and unpacks a .zip, into a folder of its own; returns it."""
        name = f"{plain(pathlib.Path(paths[0]).stem)}-{spec.digest(*paths)[:8]}"
        kept = self.root / ".ui" / name
        with atomic_files.replacing(kept, folder=True, overwrite=True) as made:
            for number, file in enumerate(map(pathlib.Path, paths)):
                if file.suffix.lower() != ".zip":
                    shutil.copyfile(file, made / f"{number}_{file.name}")
                    continue
                with zipfile.ZipFile(file) as archive:  # writes no links, nothing outside
                    sizes = [entry.file_size for entry in archive.infolist()]
                    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
                        raise errors.UsageError(f"{file.name}: is too large; unpack it")
                    archive.extractall(made)
        inside = folder.visible(kept, set())  # often one folder, which is no class
        return str(inside[0] if len(inside) == 1 and inside[0].is_dir() else kept)
