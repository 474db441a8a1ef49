"""Trains stretches of a run once more, and compares them with what the run recorded."""

import dataclasses
import random
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from absl.flags import FlagValues

from dcgan_tf.cli import evaluation, launch
from dcgan_tf.cli.plan import Plan
from dcgan_tf.config.intervals import WITNESSED, Intervals
from dcgan_tf.reporting import frames, log
from dcgan_tf.runs import checkpoint
from dcgan_tf.runs.folder import Run
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.loop import Observer

STRETCHES = 5  # of the last of WITNESSED steps, or of the first where bits may differ
CALL = 20  # steps between two looks at Ctrl-C
CLOCKS = {"time", "seconds", "images_per_second"}
# Where bits may differ: of a term, relative above 1, and of a frame's mean pixel.  Terms of
# acgan differed, by one thread or AVX2 alone, by 4e-5 in float32 and 2e-3 in bfloat16.
TOLERANCE, LEVELS = 0.01, 1.0
FORGED = """Steps not trained again may be anyone's; --all trains each, on a machine alike.
Who has this code and the images can forge a whole run: whose it is, no training tells."""


class Verifier:
    """Trains a run's steps as `train` does, and compares what they leave with the records.

    exact: whether bits must be the same
    """

    def __init__(self, run: Run, values: FlagValues):
        content, dataset, here = run.read(), evaluation.dataset_of(run, values), Workers()
        starts = [dataclasses.replace(content, starts=(start,)) for start in content.starts]
        machine = launch.conditions(here)
        changed = {line for start in starts for line in start.changed_conditions(machine)}
        self.exact, self._evaluates = not changed, values.all and not changed
        if changed:
            print(
                f"{', '.join(sorted(changed))}: bits may differ; compared are terms, within"
            )
            print(
                f"{TOLERANCE} over {WITNESSED[0]} steps, and frames, within {LEVELS} level"
            )
        update = {"dataset": dataset.name} | (
            {} if self._evaluates else {"evaluate_every": 0}
        )
        config = content.config.model_copy(update=update)
        content = dataclasses.replace(content, config=config)
        plan, self.state = launch.build(Plan(content, run, dataset, None), here, False)
        plan, split, test = launch.load(plan, here)
        self._observer = Observer(plan.config, self.state.gan, split, test)
        self._batches, self._train_steps = launch.course(plan.content, self.state, split)
        self._intervals = Intervals.of(plan.config, self._batches.per_epoch)
        witnesses, files = log.entries(run.witnesses, str), frames.paths(run.samples)
        self.records: dict[tuple[str, int], Any] = {
            **{("entry", entry["step"]): entry for entry in log.entries(run.metrics)},
            **{("witness", witness["step"]): witness for witness in witnesses},
            **{("frame", n * self._intervals.per_unit): files[n] for n in files},
        }
        self._hashes = {witness["step"]: witness["sha256"] for witness in witnesses}
        self.compared: set[tuple[str, int]] = set()
        self.wrong: list[str] = []

    def train(self, steps: list[int]) -> None:
        """Trains to each of the rising `steps`, and compares there."""
        batches = iter(self._batches.stream(int(self.state.step)))
        for step in steps:
            while missing := step - int(self.state.step):
                self._train_steps(batches, tf.constant(min(CALL, missing)))
            self.state.epoch.assign(step // self._batches.per_epoch)
            if entry := self.records.get(("entry", step)):
                evaluated = self._evaluates and any("quality/" in name for name in entry)
                means = self.state.take_means()
                figures, *_ = self._observer.observe(means, step, evaluated)
                self._compare("entry", self._intervals.place(step) | figures)
            witness = {"step": step, "sha256": self.state.sha256(), **self.state.means()}
            if self.exact:
                self._hashes[step] = witness["sha256"]
            self._compare("witness", witness)
            self.compare_frame(step)

    def _compare(self, kind: str, made: Mapping) -> None:
        if recorded := self.records.get((kind, made["step"])):
            left_out = {n for n in recorded if "quality/" in n and not self._evaluates}
            kept = {n: recorded[n] for n in recorded.keys() - left_out - CLOCKS}
            shared = (made.keys() & kept.keys()) - {"sha256"}
            near = all(
                abs(made[n] - kept[n]) <= TOLERANCE * max(1, abs(kept[n]))
                for n in shared
                if "accuracy" not in n  # of which a single image is more
            )
            self._note(kind, made["step"], made == kept if self.exact else near)

    def compare_checkpoint(self, info) -> None:
        """Restores a checkpoint, and compares it and what it generates."""
        checkpoint.restore(self.state.checkpoint(), info)
        if known := self._hashes.get(info.step):
            self._note("checkpoint", info.step, known == self.state.sha256())
        self.compare_frame(info.step)

    def compare_frame(self, step: int) -> None:
        if path := self.records.get(("frame", step)):
            frame, grid = frames.read(path), self._observer.grid().astype(float)
            same = frame is not None and frame.shape == grid.shape
            same = same and abs(frame - grid).mean() <= LEVELS * (not self.exact)
            self._note("frame", step, same)

    def _note(self, kind: str, step: int, same: bool) -> None:
        self.compared.add((kind, step))
        self.wrong += [] if same else [f"{kind} of step {step:,}"]


def verify(run: Run, values: FlagValues) -> bool:
    """Prints a line for each part of a run, and what follows; returns whether all is so."""
    verifier = Verifier(run, values)
    infos = [info for info in run.saved()[::-1] if info.is_intact()]
    odd = {*run.checkpoint_folders()} - {info.folder for info in infos}
    verifier.wrong += [f"{folder.name}, damaged or foreign" for folder in odd]
    places = sorted({0, *(info.step for info in infos)})
    steps = sorted({step for _, step in verifier.records} | {*places})
    begins = {*random.SystemRandom().sample(places, min(STRETCHES, len(places)))}
    most = WITNESSED[-1 if verifier.exact else 0]
    if values.all and verifier.exact:
        begins, most = {0}, steps[-1]
    trained: set[int] = set()
    for info in (None, *infos):
        begin, title = (info.step, info.folder.name) if info else (0, "the beginning")
        compared, wrong = len(verifier.compared), len(verifier.wrong)
        verifier.compare_checkpoint(info) if info else verifier.compare_frame(0)
        if stops := [s for s in steps if begin in begins and begin < s <= begin + most]:
            begins.remove(begin)
            verifier.train(stops)
            trained |= {*range(begin, stops[-1])}
            title += f", and on to step {stops[-1]:,}"
        agree = f"{len(verifier.compared) - compared} records agree"
        differing = ", ".join(verifier.wrong[wrong:][:4])
        line = f"DIFFERENT: {differing}" if differing else agree
        print(f"{title}: {line}", flush=True)
    if values.all and verifier.exact:
        left = sorted(verifier.records.keys() - verifier.compared)
        verifier.wrong += [
            f"{kind} of step {step:,}, of no training" for kind, step in left
        ]
    follows = f"no record lies within {most} steps, so nothing is shown: take --all"
    if verifier.wrong:
        follows = "NOT what config.json and images make: " + ", ".join(verifier.wrong[:4])
    elif trained:
        follows = "what was compared is what config.json and images make"
    share = (
        f"{len(trained):,} of {steps[-1]:,} steps ({len(trained) / max(1, steps[-1]):.1%})"
    )
    print(f"{share} trained again: {follows}", FORGED, sep="\n")
    return bool(trained) and not verifier.wrong
