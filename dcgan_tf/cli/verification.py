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
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import errors, tf_setup
from dcgan_tf.training.devices import Workers
from dcgan_tf.training.loop import Observer

STRETCHES = 5  # of the last of WITNESSED steps, or of the first where bits may differ
CALL = 20  # steps between two looks at Ctrl-C
CLOCKS = {"time", "seconds", "images_per_second"}
MEASURED = ("quality/", "test/")  # by settings that a resume may change
# Where bits may differ: of a term, relative above 1, and of a frame's mean pixel.  Terms of
# acgan differed, by one thread or AVX2 alone, by 4e-5 in float32 and 2e-3 in bfloat16.
TOLERANCE, LEVELS = 0.01, 1.0
NEARLY = (
    f"bits may differ; terms are compared within {TOLERANCE} over {WITNESSED[0]} steps, "
    f"frames within {LEVELS} level"
)
FORGED = "Who has code and images can forge a run: whose it is, no training tells."


class Verifier:
    """Trains a run's steps as `train` does, and compares what they leave with the records.

    exact: whether bits must be the same
    records: what the run recorded, by its kind and step
    """

    def __init__(self, run: Run, values: FlagValues):
        content, dataset, here = run.read(), evaluation.dataset_of(run, values), Workers()
        starts = [dataclasses.replace(content, starts=(start,)) for start in content.starts]
        machine = launch.conditions(here)
        changed = {line for start in starts for line in start.changed_conditions(machine)}
        if tf_setup.gpu() and not content.config.deterministic:
            changed.add("a GPU without --deterministic")
        self.exact = not changed
        if changed:
            print(f"{', '.join(sorted(changed))}: {NEARLY}")
            if values.all:
                raise errors.UsageError("--all: compares bits, which may differ here")
        config = content.config.model_copy(update={"dataset": dataset.name})
        self._evaluates = values.all and bool(config.evaluate_every)
        if not self._evaluates:
            config = config.model_copy(update={"evaluate_every": 0})
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
            names = (made.keys() | recorded.keys()) - CLOCKS
            shared = made.keys() & recorded.keys()
            names -= {n for n in names - shared if n.startswith(MEASURED)}
            same = all(n in shared and made[n] == recorded[n] for n in names)
            if not self.exact:  # of an accuracy a single image is more
                same = all(
                    abs(made[n] - recorded[n]) <= TOLERANCE * max(1, abs(recorded[n]))
                    for n in shared - {"sha256"}
                    if "accuracy" not in n and n != "augment_probability"  # moved by them
                )
            self._note(kind, made["step"], same)

    def compare_checkpoint(self, info: CheckpointInfo) -> None:
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
    verifier, trained = Verifier(run, values), 0
    infos = [info for info in run.saved()[::-1] if info.is_intact()]
    foreign = {*run.checkpoint_folders()} - {info.folder for info in infos}
    verifier.wrong += [f"{folder.name}, damaged or foreign" for folder in foreign]
    starts = {0, *(info.step for info in infos)}
    steps = sorted({step for _, step in verifier.records} | starts)
    begins = sorted(starts - {steps[-1]})
    chosen = {*random.SystemRandom().sample(begins, min(STRETCHES, len(begins)))}
    length = WITNESSED[-1 if verifier.exact else 0]
    if values.all:
        chosen, length = {0}, steps[-1]
    for info in (None, *infos):
        begin, title = (info.step, info.folder.name) if info else (0, "the beginning")
        compared, wrong = len(verifier.compared), len(verifier.wrong)
        verifier.compare_checkpoint(info) if info else verifier.compare_frame(0)
        stops = [step for step in steps if begin < step <= begin + length]
        if begin in chosen and stops:
            chosen.remove(begin)
            verifier.train(stops)
            trained += stops[-1] - begin
            title += f", and on to step {stops[-1]:,}"
        agree = f"{len(verifier.compared) - compared} records agree"
        differing = ", ".join(verifier.wrong[wrong:][:4])
        print(f"{title}: {f'DIFFERENT: {differing}' if differing else agree}", flush=True)
    if values.all:
        left = sorted(verifier.records.keys() - verifier.compared)
        verifier.wrong += [f"{kind} of step {n:,}, of no training" for kind, n in left]
    follows = f"no record lies within {length} steps, so nothing is shown"
    if verifier.wrong:
        follows = "NOT what config.json and images make: " + ", ".join(verifier.wrong[:4])
    elif trained:
        follows = "what was compared is what config.json and images make"
    share = trained / max(1, steps[-1])
    print(f"{trained:,} of {steps[-1]:,} steps ({share:.1%}) trained again: {follows}")
    if trained < steps[-1]:
        print("The other steps may be anyone's; --all trains them too, on a machine alike.")
    print(FORGED)
    return bool(trained) and not verifier.wrong
