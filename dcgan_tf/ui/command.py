"""Opens a page in the browser: from a folder of pictures to a trained generator.

    dcgan-tf ui
    dcgan-tf ui --run_dir=checkpoints --port=8000

Only this machine reaches the page.  Trainings go on when it is closed or ended.
"""

import dataclasses
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
from collections.abc import Mapping

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.datasets import folder, spec
from dcgan_tf.pages import record
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import atomic_files, errors

OFF = ("GRADIO_ANALYTICS_ENABLED", "GRADIO_MCP_SERVER", "GRADIO_RUN_HISTORY")
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
    root = flags.output_path(place, "run_dir", folder=True, may_exist=True)
    runs = Runs(root, dict(os.environ))
    # Its own TensorFlow takes no GPU from the trainings.
    os.environ.update(dict.fromkeys(OFF, "False"), CUDA_VISIBLE_DEVICES="-1")
    with tempfile.TemporaryDirectory() as tempfile.tempdir:
        os.environ |= {"HF_HUB_OFFLINE": "1", "GRADIO_TEMP_DIR": tempfile.tempdir}
        try:
            from dcgan_tf.ui import page  # which imports Gradio, an extra

            page.serve(runs, values.port, not values.no_browser)
        except (ImportError, OSError) as error:
            line = f"{errors.first_line(error)}; it needs gradio, and a --port that is free"
            raise errors.UsageError(f"dcgan-tf ui: {line}") from None


def plain(name: str) -> str:
    """Returns a name of letters, digits, - and _ alone."""
    return re.sub(r"[^\w-]+", "_", name).strip("_") or "pictures"


@dataclasses.dataclass(frozen=True)
class Runs:
    """The runs in `root`, by the names of their folders.

    A training keeps its log locked while it lives, so that the next server finds it again.
    Its id lies beside the log until it is asked to stop.
    """

    root: pathlib.Path
    environment: Mapping[str, str]  # of the trainings

    def names(self) -> list[str]:
        """Lists the runs: first those that train, then the latest."""
        files = [*self.root.glob("[!.]*/config.json"), *self.root.glob(".ui/*.log")]
        files.sort(key=lambda file: -file.stat().st_mtime)
        names = dict.fromkeys(
            f.stem if f.suffix == ".log" else f.parent.name for f in files
        )
        known = [name for name in names if self.trains(name) or self.get(name).exists()]
        return [*sorted(known, key=lambda name: not self.trains(name)), SHIPPED]

    def get(self, name: str) -> Run:
        return Run(PRETRAINED if name == SHIPPED else self.root / name)

    def own(self, name: str) -> str:
        """Returns the name of a run that a command may write into."""
        if name == SHIPPED:
            raise errors.UsageError(f"Run: {name} is left as it is; choose one of your own")
        return name

    def log(self, name: str) -> pathlib.Path:
        return self.root / ".ui" / f"{name}.log"

    def trains(self, name: str) -> bool:
        if not self.log(name).exists():
            return False
        with atomic_files.lock(self.log(name), shared=True) as free:
            return free is False

    def start(self, name: str, argv: list[str] | None = None) -> None:
        """Trains a run, or goes on with it, in a process that outlives this one."""
        if self.trains(self.own(name)):
            raise errors.UsageError(f"{name}: trains already; wait until its process ends")
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        argv = argv or ["train", f"--run_dir={self.get(name).folder}"]
        with self.log(name).open("wb") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            options: dict = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            options |= {"env": self.environment, "start_new_session": True}
            process = subprocess.Popen([sys.executable, "-m", "dcgan_tf", *argv], **options)
        self.log(name).with_suffix(".id").write_text(str(process.pid))

    def stop(self, name: str) -> None:
        """Asks a training to save and stop, once: a second signal would end it at once."""
        own = self.log(name).with_suffix(".id")
        if not (self.trains(name) and own.exists()):
            raise errors.UsageError(f"{name}: is stopping, or this page did not start it")
        os.kill(int(own.rename(own.with_suffix(".stopped")).read_text()), signal.SIGINT)

    def state(self, name: str) -> str:
        try:
            run = self.get(name)
            return record.read(run).state if run.exists() else "has not begun"
        except (errors.RunError, OSError, ValueError) as error:
            return f"broken: {errors.first_line(error)}"

    def keep(self, paths: list[str]) -> str:
        """Copies files, and unpacks a .zip, into a folder of its own; returns it."""
        files = [pathlib.Path(path) for path in paths]
        key = spec.digest(*((file.name, atomic_files.sha256(file)) for file in files))[:8]
        kept = self.root / ".ui" / "pictures" / f"{plain(files[0].stem)}-{key}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        with atomic_files.replacing(kept, folder=True, overwrite=True) as made:
            for number, file in enumerate(files):
                if file.suffix.lower() != ".zip":
                    shutil.copyfile(file, made / f"{number}_{file.name}")
                    continue
                with zipfile.ZipFile(file) as archive:  # writes no links, nothing outside
                    size = sum(entry.file_size for entry in archive.infolist())
                    if len(archive.infolist()) > MOST_FILES or size > MOST_BYTES:
                        line = f"over {MOST_FILES:,} files or {MOST_BYTES:,} bytes"
                        raise errors.UsageError(f"{file.name}: {line}; unpack it yourself")
                    archive.extractall(made)
        inside = folder.visible(kept, set())
        # A .zip often holds one folder, which is no class.
        return str(inside[0] if len(inside) == 1 and inside[0].is_dir() else kept)
