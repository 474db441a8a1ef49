"""What a run's folder holds: the one reader for `compare`, `report` and the experiments.

A record names what is missing or damaged, and has the rest.
"""

import dataclasses
import functools
import math
import shlex
from collections.abc import Sequence
from typing import Any

import pydantic

from dcgan_tf.config.schema import Config
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.metrics.figures import QUALITY, REAL
from dcgan_tf.pages import live
from dcgan_tf.reporting import metrics_log
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run

HIDDEN = {"class_names"}  # settings that follow from the data set, and are long
Entry = dict[str, float]


class Of(pydantic.BaseModel):
    """samples: the file of images that was measured in place of the run"""

    step: int = 0
    ema: bool | None = None
    samples: str | None = None


class Protocol(pydantic.BaseModel):
    dataset: str
    test_images: int
    images: dict[str, int]


class Nearest(pydantic.BaseModel):
    """The samples that are nearest to a training image; see `metrics.evaluator`."""

    distances: list[float]
    classes: list[int] | None = None
    near_copies: float | None = None
    near_copy_distance: float | None = None


class Evaluation(pydantic.BaseModel):
    """What pages need of an evaluation.json; earlier versions wrote less.

    figures: of generated and of real images, by their names, and in them by key
    """

    of: Of
    class_names: list[str] | None = None
    figures: dict[str, dict[str, Any]]
    nearest_training_images: Nearest
    protocol: Protocol
    notes: list[str] = []

    @property
    def generated(self) -> dict[str, Any]:
        return self.figures["generated"]

    @property
    def real(self) -> dict[str, Any]:
        return self.figures.get(REAL, {})

    @property
    def conditions(self) -> tuple:
        """Returns what must be alike for figures to be comparable."""
        images = self.protocol.images.get("generated")
        return self.protocol.dataset, self.protocol.test_images, images, self.of.ema

    @property
    def names(self) -> list[str]:
        """Returns the names of the classes; their numbers where there are no names."""
        matrix = self.generated.get("confusion_matrix") or []
        return self.class_names or [str(number) for number in range(len(matrix))]


@dataclasses.dataclass(frozen=True)
class Record:
    """A run as pages and tables show it.

    name:     what tells it from the others
    entries:  of metrics.jsonl, with finite values alone
    missing:  a line for each thing that is missing or damaged
    """

    run: Run
    name: str
    content: RunConfig
    entries: list[Entry]
    evaluation: Evaluation | None
    missing: list[str]

    @property
    def config(self) -> Config:
        return self.content.config

    @functools.cached_property
    def settings(self) -> dict[str, object]:
        parent = self.content.parent
        return {**self.config.model_dump(), "init_from": parent and str(parent)}

    @functools.cached_property
    def seconds(self) -> float:
        """Returns the seconds of training alone, as the log has them."""
        return sum(entry.get("seconds", 0.0) for entry in self.entries)

    @functools.cached_property
    def measured(self) -> tuple[int | None, dict[str, Any]]:
        """Returns step and figures of the evaluation, or else the last ones of the log."""
        if self.evaluation:
            return self.evaluation.of.step, self.evaluation.generated
        for entry in reversed(self.entries):
            if keys := [key for key in entry if key.startswith(QUALITY)]:
                return int(entry["step"]), {k.removeprefix(QUALITY): entry[k] for k in keys}
        return None, {}

    @functools.cached_property
    def step(self) -> int:
        """Returns the newest step that the folder tells of."""
        if self.run.exported.exists():
            return self.run.exported_parent().step
        steps = [entry["step"] for entry in self.entries[-1:]]
        steps += [info.step for info in self.run.saved()[:1]]
        steps += [self.evaluation.of.step] if self.evaluation else []
        return int(max(steps, default=0))

    @functools.cached_property
    def state(self) -> str:
        """Returns "complete", "still training" or "stopped after 3 of 8 epochs: ..."."""
        config, data, done = self.config, self.content.data, self.step
        end, unit = (config.steps, "steps") if config.steps else (config.epochs, "epochs")
        if unit == "epochs":
            done = done // (data["images"] // config.batch_size) if data else 0
        if self.run.is_locked():
            return f"still training: {done:,} of {end:,} {unit} so far"
        if self.run.exported.exists():
            return f"an exported generator, of step {self.step:,}"
        if done >= end:
            return f"complete: {end:,} {unit}"
        message = live.read(self.run).get("live", {}).get("message")
        why = f": {message}" if message else ""
        return f"stopped after {done:,} of {end:,} {unit}{why}"

    def warnings(self) -> list[str]:
        """Returns the signs of collapse in the log, and what changed at a resume."""
        seen: dict[str, list[float]] = {}
        for entry in self.entries:
            for sign in mode_collapse.of_entry(entry):
                seen.setdefault(sign, []).append(entry.get("epoch", 0))
        starts = [start["versions"] | start["machine"] for start in self.content.starts]
        changes = {
            f"{name} {value} ({starts[0][name]} at first)": None
            for start in starts
            for name, value in start.items()
            if starts[0].get(name, value) != value
        }
        return [
            f"Seen {len(epochs)} x, epochs {epochs[0]:g} to {epochs[-1]:g}: "
            f"{mode_collapse.SIGNS[sign]}"
            for sign, epochs in seen.items()
        ] + ([f"Resumed under other conditions: {', '.join(changes)}"] if changes else [])


def read(run: Run, name: str = "") -> Record:
    """Reads a run's folder; RunError if nothing tells the run's settings.

    name: "" stands for the last part of the run's path
    """
    missing: list[str] = []
    parts = run.read(), _entries(run, missing), _evaluation(run, missing)
    return Record(run, name or run.folder.absolute().name, *parts, missing)


def read_all(folders: Sequence[str]) -> list[Record]:
    """Reads the runs that a user names, each once.

    A run's name is the last part of its path, or the path where two parts are the same.
    """
    runs = {run.folder.resolve(): run for run in map(Run.existing, folders)}
    alike = len({folder.name for folder in runs}) < len(runs)
    return [read(run, str(run.folder) if alike else "") for run in runs.values()]


def differing(records: Sequence[Record]) -> dict[str, list[object]]:
    """Returns the settings in which runs differ, each with its value in every run."""
    columns = {
        name: [record.settings[name] for record in records] for name in records[0].settings
    }
    return {
        name: values
        for name, values in columns.items()
        if name not in HIDDEN and any(value != values[0] for value in values)
    }


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number > 1)}"


def _entries(run: Run, missing: list[str]) -> list[Entry]:
    if not run.metrics.is_file():
        missing.append(
            "metrics.jsonl is missing: no curves, no time of training (an export has none)"
        )
        return []
    entries = metrics_log.entries(run.metrics)
    finite = [{k: v for k, v in entry.items() if math.isfinite(v)} for entry in entries]
    if damaged := run.metrics.read_bytes().count(b"\n") - len(entries):
        missing.append(f"metrics.jsonl has {count(damaged, 'damaged line')}, left out")
    if lost := sum(map(len, entries)) - sum(map(len, finite)):
        missing.append(
            f"metrics.jsonl has {count(lost, 'undefined value')} (NaN), left out"
        )
    return finite


def _evaluation(run: Run, missing: list[str]) -> Evaluation | None:
    path = run.folder / "evaluation.json"
    command = shlex.join(["dcgan-tf", "evaluate", f"--run={run.folder}"])
    if not path.exists():
        missing.append(
            "evaluation.json is missing: no table of figures, confusion matrix and nearest "
            f"training images; {command} makes them"
        )
        return None
    try:
        evaluation = Evaluation.model_validate_json(path.read_text(encoding="utf-8"))
        if "generated" not in evaluation.figures:
            raise ValueError("has no figures of generated images")
    except (OSError, ValueError):  # pydantic's is a ValueError
        missing.append(f"evaluation.json is damaged; {command} mends it")
        return None
    if evaluation.of.samples is None:
        return evaluation
    missing.append(
        f"evaluation.json is of the images in {evaluation.of.samples}, not of the run; "
        f"{command} measures the run"
    )
    return None
