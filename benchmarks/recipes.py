"""The default recipe of every mode: images a second, beside another version and PyTorch.

    python -m benchmarks.recipes --against=../other_clone --output=recipes.json

Each contender is the whole command, as a user would start it, on the same images; PyTorch's
is benchmarks.torch_compact.  In a turn each runs once, one after the other, and a ratio is
that of two runs of the same turn.  In float32, and in bfloat16 where --precision=auto
chooses it.  Run it on a machine that does nothing else.
"""

import importlib.util
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable

from absl.flags import FlagValues

from benchmarks import compare, data, devices
from dcgan_tf.cli import flags
from dcgan_tf.support import errors, tf_setup

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODES = ("dcgan", "cgan", "acgan")
PRECISIONS = ("float32", "bfloat16")
OURS, OTHER, TORCH = "this package", "the other version", "PyTorch"
ENTRIES = 4  # log entries of a run, the first of which does not count
# What the flag that gives the steps from one to the next is called, or was once.
LOG_FLAGS = ("log_every_steps", "sample_every_steps")
HEAD = ("mode", "precision", "contender", "images/s ↑")


def define_flags() -> FlagValues:
    return flags.new(
        against="folder of a clone of another version.  Default: none",
        modes="which, separated by commas.  Default: dcgan,cgan,acgan",
        precision="float32 or bfloat16.  Default: float32, and what --precision=auto "
        "chooses",
        turns=flags.integer("runs of each contender.  Default: 4"),
        steps=flags.integer("steps in each of a run's four log entries.  Default: 50"),
        output="file for all figures, as JSON.  Default: none",
    )


def main(values: FlagValues) -> None:
    modes = (values.modes or ",".join(MODES)).split(",")
    other = pathlib.Path(values.against).resolve() if values.against else None
    output = compare.output_file(values)
    _check(modes, values.precision, other)
    tf_setup.start()
    auto = tf_setup.auto_precision()
    precisions = [values.precision] if values.precision else [auto]
    if not values.precision and auto != "float32":
        precisions.insert(0, "float32")
    turns, steps = values.turns or 4, values.steps or 50
    results = {"machine": compare.machine(), "turns": turns, "steps": steps, "recipes": []}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "images.npz"
        results["data"] = data.write(path)
        contenders = _contenders(other, results["data"], path, steps)
        for mode in modes:
            for precision in precisions:
                recipe = {"mode": mode, "precision": precision}
                speeds = take_turns(contenders, mode, precision, turns)
                results["recipes"].append({**recipe, "images_per_second": speeds})
    print(table(results["recipes"]))
    compare.write(results, output)


def _check(modes: list[str], precision: str | None, other: pathlib.Path | None) -> None:
    for mode in modes:
        if mode not in MODES:
            raise errors.UsageError(f"--modes={mode}: must be of {', '.join(MODES)}")
    if precision not in (None, *PRECISIONS):
        raise errors.UsageError(
            f"--precision={precision}: must be {' or '.join(PRECISIONS)}"
        )
    if other and not (other / "dcgan_tf" / "main.py").is_file():
        raise errors.UsageError(f"--against={other}: has no dcgan_tf/main.py")


Measure = Callable[[str, str], float]  # of a mode and a precision, images a second


def _contenders(other, dataset: str, path: pathlib.Path, steps: int) -> dict[str, Measure]:
    found = {OURS: version(ROOT, dataset, steps)}
    if other:
        found[OTHER] = version(other, dataset, steps)
    if importlib.util.find_spec("torch"):
        found[TORCH] = _torch(dataset, path, steps)
    else:
        print(f"{TORCH}: not measured, it is not installed (the extra bench)")
    return found


def version(root: pathlib.Path, dataset: str, steps: int) -> Measure:
    """Runs of the version in `root`, each in a folder that is gone afterwards."""
    try:
        told = _output(root, "dcgan_tf.main", "--helpfull")
    except errors.RunError:  # version 0.1, whose --help has every flag
        told = _output(root, "dcgan_tf.main", "--help")
    log_flag = next((name for name in LOG_FLAGS if f"--{name}" in told), None)
    if not log_flag:
        raise errors.UsageError(f"{root}: its main has no --{' or --'.join(LOG_FLAGS)}")

    def measure(mode: str, precision: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            _output(
                root,
                "dcgan_tf.main",
                *(f"--mode={mode}", f"--precision={precision}", f"--dataset={dataset}"),
                *(f"--steps={ENTRIES * steps}", f"--{log_flag}={steps}"),
                *("--checkpoint_every_steps=1000000", f"--run_dir={folder}/run"),
            )
            return devices.median_speed(pathlib.Path(folder, "run/metrics.jsonl"))

    return measure


def _torch(dataset: str, path: pathlib.Path, steps: int) -> Measure:
    def measure(mode: str, precision: str) -> float:
        given = (f"--steps={steps}", f"--data={path}", f"--dataset={dataset}")
        precise = f"--precision={precision}"
        return float(_output(ROOT, "benchmarks.torch_compact", mode, precise, *given))

    return measure


def _output(root: pathlib.Path, module: str, *arguments: str) -> str:
    """What a module prints that is run from the code in `root`, and from no other."""
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments],
        env={**compare.ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = " ".join(done.stderr.splitlines()[-1:])
        raise errors.RunError(f"{root}: {module} ended with {done.returncode}: {last}")
    return done.stdout


def take_turns(
    contenders: dict[str, Measure], mode: str, precision: str, turns: int
) -> dict[str, list[float]]:
    """Images a second of each contender, a list by turn."""
    speeds = {name: [] for name in contenders}
    for turn in range(turns):
        for name, measure in contenders.items():
            speeds[name].append(measure(mode, precision))
        text = f"{mode}, {precision}: turn {turn + 1}/{turns}"
        print(text, file=sys.stderr, flush=True)
    return speeds


def table(recipes: list[dict]) -> str:
    """Markdown, a row for each contender of each recipe: medians (lowest, highest).

    recipes: each with mode, precision and images_per_second, lists by turn of contenders
    """
    peers = [name for name in (OTHER, TORCH) if name in recipes[0]["images_per_second"]]
    rows = [(*HEAD, *(f"times as fast as {name} ↑" for name in peers))]
    rows.append(["---"] * len(rows[0]))
    for recipe in recipes:
        speeds = recipe["images_per_second"]
        for name, own in speeds.items():
            ratios = [_ratio(own, speeds[peer]) if peer != name else "" for peer in peers]
            spread = _spread(own, ",.0f")
            rows.append((recipe["mode"], recipe["precision"], name, spread, *ratios))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _ratio(own: list[float], peer: list[float]) -> str:
    return _spread([a / b for a, b in zip(own, peer, strict=True)], ".2f")


def _spread(found: list[float], form: str) -> str:
    middle, low, high = statistics.median(found), min(found), max(found)
    return f"{middle:{form}} ({low:{form}}, {high:{form}})"


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
