"""Runs and their figures, and which of them differ in nothing but the seed."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence

from dcgan_tf.metrics.figures import DOWN, FIGURES, QUALITY, Figure
from dcgan_tf.reporting import metrics_log
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors

MINUTES = Figure("training_minutes", "minutes of training", DOWN, "{:.1f}")
COMPARED = (*(one for one in FIGURES if one.key != "selection_score"), MINUTES)
MOST_BYTES = 10_000_000  # of evaluation.json, which has 1,000 classes at most


@dataclasses.dataclass(frozen=True)
class Measured:
    """A run and what is known of it.

    settings: by name, the seed apart
    step:     at which it was measured; None: it was not
    protocol: what must be alike for figures to be comparable; None where it is not known
    figures:  by key, those of COMPARED that are known
    """

    run: Run
    seed: int
    settings: Mapping[str, object]
    step: int | None
    protocol: tuple | None
    figures: Mapping[str, float]


def read(run: Run) -> Measured:
    """A run with the figures of its evaluation.json, or else the last ones of its log.

    RunError where a file is damaged.
    """
    content = run.read()
    settings = content.config.model_dump()
    seed = settings.pop("seed")
    settings["init_from"] = content.parent and str(content.parent)
    entries = list(metrics_log.entries(run.metrics))
    step, protocol, figures = _evaluated(run) or _logged(entries)
    if entries:
        minutes = sum(entry.get("seconds", 0.0) for entry in entries) / 60
        figures = {**figures, MINUTES.key: minutes}
    return Measured(run, seed, settings, step, protocol, _known(figures))


def _evaluated(run: Run) -> tuple[int, tuple, Mapping] | None:
    """What evaluation.json says of the run; None where it is absent, or of --samples."""
    path = run.folder / "evaluation.json"
    if not path.exists():
        return None
    try:
        report = json.loads(atomic_files.read_text(path, MOST_BYTES))
        of, protocol = report["of"], report["protocol"]
        if "samples" in of:
            return None
        alike = protocol["dataset"], protocol["images"]["generated"], of["ema"]
        return int(of["step"]), alike, dict(report["figures"]["generated"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise errors.RunError(
            f"{path}: is damaged; dcgan-tf evaluate --run={run.folder} makes it anew"
        ) from None


def _logged(entries: Sequence[Mapping]) -> tuple[int | None, None, Mapping]:
    """The same of the last entry that has figures of quality."""
    for entry in reversed(entries):
        figures = {
            key.removeprefix(QUALITY): value
            for key, value in entry.items()
            if key.startswith(QUALITY)
        }
        if figures:
            return entry["step"], None, figures
    return None, None, {}


def _known(figures: Mapping[str, object]) -> dict[str, float]:
    found = {one.key: figures.get(one.key) for one in COMPARED}
    return {
        key: value
        for key, value in found.items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def differing(runs: Sequence[Measured]) -> list[str]:
    """The names of the settings that are not the same in all, but for the seed."""
    names = dict.fromkeys(name for one in runs for name in one.settings)
    return [n for n in names if any(o.settings[n] != runs[0].settings[n] for o in runs)]


def groups(runs: Sequence[Measured]) -> list[list[Measured]]:
    """The runs that differ in nothing but the seed, together; in the order of the first."""
    found: list[list[Measured]] = []
    for one in runs:
        group = next((g for g in found if g[0].settings == one.settings), None)
        if group is None:
            found.append([one])
        else:
            group.append(one)
    return found
