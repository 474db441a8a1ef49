"""What a run's folder holds, and what is missing or damaged: the one reader of a run."""

import contextlib
import dataclasses
import functools
import itertools
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from dcgan_tf.config import schema
from dcgan_tf.config.schema import Config
from dcgan_tf.metrics import mode_collapse
from dcgan_tf.metrics.figures import QUALITY, REAL
from dcgan_tf.reporting import log
from dcgan_tf.runs.folder import Run, RunConfig
from dcgan_tf.support import atomic_files

SCRIPT, BEGINS, ENDS = "live.js", "show(", ");\n"  # what makes JSON a script


class Evaluation(pydantic.BaseModel):
    """What pages need of an evaluation.json, which `metrics.evaluator` makes."""

    of: dict[str, Any]
    figures: dict[str, dict[str, Any]]  # by the names of the images, then by key
    nearest_training_images: dict[str, Any]
    protocol: dict[str, Any]
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
        data, images = self.protocol["dataset"], self.protocol["images"]["generated"]
        sampling = self.of.get("truncation", 1.0), self.of.get("redraw", 0.0)
        return data, self.protocol["test_images"], images, self.of.get("ema"), *sampling


@dataclasses.dataclass(frozen=True)
class Record:
    """A run as pages and tables show it."""

    run: Run
    name: str  # what tells it from the others
    content: RunConfig
    entries: list[dict[str, float]]  # of metrics.jsonl, with finite values alone
    evaluation: Evaluation | None
    missing: list[str]  # a line for each thing that is missing or damaged

    @property
    def config(self) -> Config:
        return self.content.config

    @functools.cached_property
    def settings(self) -> dict[str, object]:
        parent, data = self.content.parent, self.content.data
        images = data and f"{data['images']:,} ({_fingerprint(data)[:6]})"
        more = {"init_from": parent and str(parent), "training_images": images}
        return self.config.model_dump() | more

    @property
    def repeated(self) -> str:
        """Returns what decides the weights but for the seed; repeats of a run share it."""
        data, parent = self.content.data, self.content.parent
        decides = self.config.model_dump(include=schema.WEIGHTS - {"seed"})
        decides["dataset"] = _fingerprint(data) if data else self.config.dataset
        return str((decides, parent and parent.manifest_hash))

    @functools.cached_property
    def seconds(self) -> float:
        """Returns the seconds of training alone, as the log has them."""
        return sum(entry.get("seconds", 0.0) for entry in self.entries)

    @functools.cached_property
    def measured(self) -> tuple[int | None, dict[str, Any], tuple | None]:
        """Returns step, figures and conditions of the evaluation or a newer log entry."""
        minutes = {"training_minutes": self.seconds / 60} if self.entries else {}
        evaluated = [e for e in self.entries if any(k.startswith(QUALITY) for k in e)]
        logged, evaluation = (evaluated or [{}])[-1], self.evaluation
        if evaluation and evaluation.of["step"] >= logged.get("step", 0):
            figures = evaluation.generated | minutes
            figures["images"] = evaluation.protocol["images"]["generated"]
            return evaluation.of["step"], figures, evaluation.conditions
        quality = {k.removeprefix(QUALITY): v for k, v in logged.items() if QUALITY in k}
        images, ema = quality.get("images"), self.config.ema_half_life > 0
        conditions = (self.config.dataset, images, images, ema, 1.0, 0.0)
        step = int(logged["step"]) if logged else None
        return step, quality | minutes, conditions if logged else None

    @functools.cached_property
    def step(self) -> int:
        """Returns the newest step that the folder tells of."""
        if self.run.exported.exists():
            return self.run.exported_parent().step
        steps = [entry["step"] for entry in self.entries[-1:]]
        steps += [info.step for info in self.run.saved()[:1]]
        return int(max(steps, default=0))

    @property
    def state(self) -> str:
        """Returns "complete", "still training" or "stopped after 3 of 8 epochs: ..."."""
        config, data, done = self.config, self.content.data, self.step
        end, unit = config.steps or config.epochs, f"{config.unit}s"
        if unit == "epochs":
            done = done // (data["images"] // config.batch_size) if data else 0
        if atomic_files.is_locked(self.run.folder):
            return f"still training: {done:,} of {end:,} {unit} so far"
        if self.run.exported.exists():
            return f"an exported generator, of step {self.step:,}"
        if done >= end:
            return f"complete: {end:,} {unit}"
        message = live(self.run).get("live", {}).get("message")
        return f"stopped after {done:,} of {end:,} {unit}" + f": {message}" * bool(message)

    def warnings(self) -> list[str]:
        """Returns the signs of collapse in the log, and what changed at a resume."""
        lines, unit = [], self.config.unit
        for sign, meaning in mode_collapse.SIGNS.items():
            seen = [e for e in self.entries if sign in mode_collapse.of_entry(e)]
            if places := [entry.get(unit, 0) for entry in seen]:
                span = f"{unit}s {places[0]:,} to {places[-1]:,}"
                lines.append(f"Seen {len(places)} x, {span}: {meaning}")
        changed = self.content.changed_conditions
        starts = (changed(s["machine"], s["versions"]) for s in self.content.starts)
        if changes := dict.fromkeys(itertools.chain(*starts)):
            lines.append(f"Resumed under other conditions: {', '.join(changes)}")
        return lines


def _fingerprint(data: Mapping[str, Any]) -> str:
    return data.get("files_hash") or data["sha256"]


def read(run: Run, name: str = "") -> Record:
    """Reads a run's folder.  name: "" stands for the last part of the run's path."""
    (own_entries, missing), (evaluation, line) = entries(run), _evaluation(run)
    name = name or run.folder.absolute().name
    return Record(run, name, run.read(), own_entries, evaluation, missing + line)


def read_all(folders: Sequence[str]) -> list[Record]:
    """Reads the runs that a user names, each once; paths tell equal names apart."""
    runs = {run.folder.resolve(): run for run in map(Run.existing, folders)}
    alike = len({folder.name for folder in runs}) < len(runs)
    return [read(run, str(run.folder) if alike else "") for run in runs.values()]


def differing(records: Sequence[Record]) -> list[str]:
    """Returns the names of the settings in which runs differ."""
    first, *others = (record.settings for record in records)
    compared = [name for name in first if name != "class_names"]  # which are long
    return [name for name in compared if any(o[name] != first[name] for o in others)]


def live(run: Run) -> dict[str, Any]:
    """Returns what live.js holds; {} where there is none that can be read."""
    path = run.folder / SCRIPT
    text = path.read_text(encoding="utf-8") if path.exists() else "{}"
    with contextlib.suppress(ValueError):  # it is damaged
        return json.loads(text.removeprefix(BEGINS).removesuffix(ENDS))
    return {}


def entries(run: Run) -> tuple[list[dict[str, float]], list[str]]:
    """Returns the log entries, with finite values alone, and what is missing of them."""
    if not run.metrics.is_file():
        why = "no curves, no time of training (an export has none)"
        return [], [f"metrics.jsonl is missing: {why}"]
    sound = log.entries(run.metrics)
    finite = [{k: v for k, v in entry.items() if math.isfinite(v)} for entry in sound]
    damaged = run.metrics.read_bytes().count(b"\n") - len(sound)
    infinite = sum(map(len, sound)) - sum(map(len, finite))
    left_out = {"damaged lines": damaged, "values that are no finite numbers": infinite}
    lines = [
        f"metrics.jsonl has {what}, left out: {n:,}" for what, n in left_out.items() if n
    ]
    return finite, lines


def _evaluation(run: Run) -> tuple[Evaluation | None, list[str]]:
    path = run.folder / "evaluation.json"
    command = shlex.join(["dcgan-tf", "evaluate", f"--run={run.folder}"])
    try:
        evaluation = Evaluation.model_validate_json(path.read_text(encoding="utf-8"))
        if "samples" not in evaluation.of:
            return evaluation, []
        problem = f"is of the images in {evaluation.of['samples']}, not of the run"
    except FileNotFoundError:
        what = "table of figures, confusion matrix and nearest training images"
        problem = f"is missing: no {what}"
    except (OSError, ValueError):  # pydantic's is a ValueError
        problem = "is damaged"
    return None, [f"evaluation.json {problem}; {command} writes it"]
