"""What a run's folder holds, read for a page; what is missing or damaged is named."""

import dataclasses
import functools
import itertools
import math
import pathlib
import shlex
from typing import Any

import numpy as np
import pydantic

from dcgan_tf.config.schema import Config
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.pages import live
from dcgan_tf.reporting import frames, grids, metrics_log
from dcgan_tf.runs import config_file
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors

MOST_BYTES = 20_000_000  # of evaluation.json
Counts = list[list[pydantic.NonNegativeInt]]


class Nearest(pydantic.BaseModel):
    """The samples that are nearest to a training image; see `metrics.evaluator`."""

    distances: list[float]
    classes: list[int] | None = None
    near_copies: float | None = None
    near_copy_distance: float | None = None


class Protocol(pydantic.BaseModel):
    dataset: str
    test_images: int
    images: dict[str, int]


class Of(pydantic.BaseModel):
    """samples: the file of images that was measured in place of the run"""

    step: int | None = None
    ema: bool | None = None
    samples: str | None = None


class Evaluation(pydantic.BaseModel):
    """What a page needs of an evaluation.json; those of earlier versions have less."""

    of: Of
    class_names: list[str] | None = None
    figures: dict[str, dict[str, float | Counts | list[float | None] | None]]
    nearest_training_images: Nearest
    protocol: Protocol
    notes: list[str] = []

    @pydantic.model_validator(mode="after")
    def _is_consistent(self):
        if "generated" not in self.figures:
            raise ValueError("has no figures of generated images")
        matrix = self.figures["generated"].get("confusion_matrix")
        if self.class_names is None and isinstance(matrix, list):
            self.class_names = [str(number) for number in range(len(matrix))]
        return self

    @property
    def confusion(self) -> list[list[int]] | None:
        """Rows: the requested classes; columns: those that the classifier saw."""
        matrix: Any = self.figures["generated"].get("confusion_matrix")
        names = self.class_names or []
        square = isinstance(matrix, list) and [len(names)] * len(names) == [
            len(row) if isinstance(row, list) else 0 for row in matrix
        ]
        return matrix if square else None


@dataclasses.dataclass(frozen=True)
class Record:
    """A run as a page shows it.

    name:       what tells it from the others of the page
    entries:    of metrics.jsonl, one a step, in their order, with finite values alone
    frames:     the files of the sound ones, by number
    exported:   the step of an exported generator; None where there is none
    evaluation: None where there is none
    pairs:      samples over their nearest training images, uint8 [H, W] or [H, W, 3]
    """

    run: Run
    name: str
    content: config_file.RunConfig
    entries: list[dict[str, float]]
    frames: dict[int, pathlib.Path]
    exported: int | None
    evaluation: Evaluation | None
    pairs: np.ndarray | None
    missing: list[str]

    @property
    def config(self) -> Config:
        return self.content.config

    @functools.cached_property
    def step(self) -> int:
        """An export's; else the newest of a log entry, a checkpoint or an evaluation."""
        if self.exported is not None:
            return self.exported
        steps = [entry["step"] for entry in self.entries[-1:]]
        steps += [info.step for info in self.run.saved()[:1]]
        if self.evaluation and not steps:
            steps.append(self.evaluation.of.step or 0)
        return int(max(steps, default=0))

    @functools.cached_property
    def state(self) -> str:
        """ "complete", "still training", "stopped after 3 of 8 epochs: ..." """
        config, data = self.config, self.content.data
        end, unit = (config.steps, "steps") if config.steps else (config.epochs, "epochs")
        done = self.step
        if not config.steps:
            entry = self.entries[-1] if self.entries else {}
            per_epoch = data["images"] // config.batch_size if data else 0
            done = self.step // per_epoch if per_epoch else int(entry.get("epoch", 0))
        if self.run.is_locked():
            return f"still training: {done:,} of {end:,} {unit} so far"
        if self.run.exported.exists():
            return f"an exported generator, of step {self.step:,}"
        if done >= end:
            return f"complete: {end:,} {unit}"
        message = live.read(self.run).get("message")
        why = f": {message}" if isinstance(message, str) and message else ""
        return f"stopped after {done:,} of {end:,} {unit}{why}"

    def warnings(self) -> list[str]:
        """What the run printed of it, and what its log and config.json show."""
        return [*self._signs(), *self._changes()]

    def _signs(self) -> list[str]:
        """Of each sign of mode collapse, between which epochs it was seen."""
        seen: dict[str, list[float]] = {}
        for entry in self.entries:
            for sign in mode_collapse.of_entry(entry):
                seen.setdefault(sign, []).append(entry.get("epoch", 0))
        return [
            f"Seen {len(epochs)} x, epochs {epochs[0]:g} to {epochs[-1]:g}: "
            f"{mode_collapse.SIGNS[sign]}"
            for sign, epochs in seen.items()
        ]

    def _changes(self) -> list[str]:
        """Conditions of later starts that were others than at first."""
        starts = [{**one["versions"], **one["machine"]} for one in self.content.starts]
        changes = {
            f"{name} {value} ({starts[0][name]} at first)": None
            for later in starts[1:]
            for name, value in later.items()
            if name in starts[0] and starts[0][name] != value
        }
        return [f"Resumed under other conditions: {', '.join(changes)}"] if changes else []


def read(run: Run, name: str) -> Record:
    """RunError if nothing tells the run's settings."""
    missing = []
    try:
        content = config_file.read(run.config_file)
    except config_file.DamagedError:
        content = run.read()
        missing.append("config.json is missing or damaged: shown is a checkpoint's copy")
    entries = _entries(run, missing)
    sound_frames = _frames(run, content.config, missing)
    exported = None
    if run.exported.exists():
        try:
            exported = run.exported_parent().step
        except errors.RunError as error:
            missing.append(str(error))
    evaluation = _evaluation(run, missing)
    pairs = None
    if evaluation:
        pairs = frames.read(run.folder / "evaluation.png")
        if pairs is None:
            missing.append(
                "evaluation.png is missing or damaged: no nearest training images"
            )
    return Record(
        run, name, content, entries, sound_frames, exported, evaluation, pairs, missing
    )


def _frames(run: Run, config: Config, missing: list[str]) -> dict[int, pathlib.Path]:
    """Those that can be read and are grids of the run."""
    layout = grids.Layout.of_preview(config)
    found = frames.paths(run.samples)
    sound = {}
    for number, path in found.items():
        pixels = frames.read(path)
        if pixels is not None and layout.split(pixels):
            sound[number] = path
    if not found:
        missing.append("samples/ holds no frame: there are no pictures of the training")
    elif damaged := len(found) - len(sound):
        missing.append(f"samples/ has {_count(damaged, 'damaged frame')}, left out")
    return sound


def _entries(run: Run, missing: list[str]) -> list[dict[str, float]]:
    if not run.metrics.is_file():
        missing.append(
            "metrics.jsonl is missing: no curves, no time of training (an export has none)"
        )
        return []
    found = list(metrics_log.entries(run.metrics))
    with run.metrics.open("rb") as file:
        damaged = sum(1 for _ in file) - len(found)
    if damaged:
        missing.append(f"metrics.jsonl has {_count(damaged, 'damaged line')}, left out")
    finite = [{k: v for k, v in one.items() if math.isfinite(v)} for one in found]
    if lost := sum(len(one) - len(kept) for one, kept in zip(found, finite, strict=True)):
        missing.append(
            f"metrics.jsonl has {_count(lost, 'undefined value')} (NaN), left out"
        )
    entries = sorted({entry["step"]: entry for entry in finite}.items())
    if gap := _gap([0, *(step for step, _ in entries)]):
        missing.append(
            f"metrics.jsonl has no entry between steps {gap[0]:,} and {gap[1]:,}: curves "
            "have a gap"
        )
    return [entry for _, entry in entries]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number > 1)}"


def _gap(steps: list[int]) -> tuple[int, int] | None:
    """Two that lie further apart than those before and after; the last may be nearer."""
    apart = [later - earlier for earlier, later in itertools.pairwise(steps)]
    usual = apart[:-1]
    for place, distance in enumerate(apart):
        beside = usual[max(place - 1, 0) : place] + usual[place + 1 : place + 2]
        if beside and distance > max(beside):
            return steps[place], steps[place + 1]
    return None


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
        found = Evaluation.model_validate_json(atomic_files.read_text(path, MOST_BYTES))
    except (OSError, ValueError):  # pydantic's is one
        missing.append(f"evaluation.json is damaged; {command} mends it")
        return None
    if found.of.samples is not None:
        missing.append(
            f"evaluation.json is of the images in {found.of.samples}, not of the run; "
            f"{command} measures the run"
        )
        return None
    return found


def names(folders: list[pathlib.Path]) -> list[str]:
    """Of runs: the last part of each path, or all of it where two are alike."""
    short = [folder.absolute().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def differing(configs: list[Config]) -> dict[str, list[object]]:
    """The settings in which runs differ, each with the value in every run."""
    dumped = [config.model_dump() for config in configs]
    return {
        name: [one[name] for one in dumped]
        for name in Config.model_fields
        if any(one[name] != dumped[0][name] for one in dumped)
    }


def settings(configs: list[Config]) -> list[tuple[str, str, list[object]]]:
    """(name, help, the value in each run) of the settings that one of them has."""
    dumped = [config.model_dump() for config in configs]
    return [
        (name, field.description, [one[name] for one in dumped])
        for name, field in Config.model_fields.items()
        if any(one[name] is not None for one in dumped)
    ]
