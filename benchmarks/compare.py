"""Times this package beside its peers, side by side on this machine.

    python -m benchmarks.compare

Each contender is a process of its own; they do blocks of steps in turn, so that whatever
slows the machine slows all of them.  A ratio is that of two contenders' blocks of the same
turn; the one shown is the median of all turns.  Run it on a machine that does nothing else.
With --quick, fewer turns of fewer contenders, and exit status 1 if a ratio falls below its
floor.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from absl.flags import FlagValues

from benchmarks import data
from dcgan_tf.cli import flags
from dcgan_tf.support import atomic_files, errors, tf_setup

# As the user has it, before this package sets its own for TensorFlow.
ENVIRONMENT = dict(os.environ)

# Batch size, and who runs on the same networks and batch.
GROUPS = {
    "dcgan": (
        256,
        (
            "tutorial",
            "tutorial, mixed_bfloat16",
            "pytorch",
            "pytorch, bfloat16",
            "dcgan",
            "dcgan, float32",
            "dcgan, deterministic",
            "matmul, float32",
            "matmul, bfloat16",
        ),
    ),
    "acgan": (
        100,
        (
            "keras example",
            "acgan, its rule",
            "acgan, paired",
            "acgan, paired, float32",
        ),
    ),
    "cgan": (100, ("keras loop", "cgan")),
}
KERAS_ACGAN = ("--mode=acgan", "--architecture=keras_2018")
QUICK = ("tutorial", "dcgan", "dcgan, float32", "keras example", "acgan, its rule")

# (ours, peer): how many times as fast ours should be, on 2 cores with AMX;
# None: shown, not checked.
FLOORS = {
    ("dcgan", "tutorial"): 1.8,
    ("dcgan", "tutorial, mixed_bfloat16"): 1.0,
    ("dcgan", "pytorch"): 1.6,
    ("dcgan", "pytorch, bfloat16"): 1.6,
    ("dcgan, float32", "tutorial"): 1.1,
    ("dcgan, float32", "pytorch"): 1.0,
    ("dcgan, deterministic", "dcgan"): None,
    ("acgan, its rule", "keras example"): 1.3,
    ("acgan, paired", "keras example"): 2.8,  # another update rule
    ("cgan", "keras loop"): 2.0,
}

# Multiplications of one image, forwards, by the zeros of padding included: the generator,
# its part that needs no gradient by the inputs, the discriminator, and its first layer.
#   DCGAN: 100 x 12,544 + 49 x 25 x 256 x 128 + 49 x 25 x 128 x 64 + 196 x 25 x 64;
#          196 x 25 x 64 + 49 x 25 x 64 x 128 + 6,272.
#   ACGAN: 100 x 3,456 + 9 x 25 x 384 x 192 + 49 x 25 x 192 x 96 + 196 x 25 x 96;
#          196 x 9 x 32 + 196 x 9 x 32 x 64 + 49 x 9 x 64 x 128 + 49 x 9 x 128 x 256
#          + 12,544 x 11.
WORK = {
    "dcgan": (51_744_000, 1_254_400, 10_355_072, 313_600),
    "acgan, paired": (39_984_000, 0, 21_870_464, 56_448),
}
BATCHES = (32, 64, 128, 256, 512, 1024)
COMMANDS = ("main", "sample", "evaluate", "export")


def define_flags() -> FlagValues:
    return flags.new(
        quick=flags.switch(
            "fewer turns, of the most important contenders; exit status 1 if one is below "
            "its floor, where --precision=auto chooses bfloat16"
        ),
        sweep=flags.switch("also dcgan at batches of 32 to 1,024 on 1 and 2 threads"),
        turns=flags.integer(
            "blocks of steps of each contender.  Default: 8, with --quick 4"
        ),
        steps=flags.integer("steps in a block.  Default: 4"),
        output="file for all figures, as JSON.  Default: none",
    )


def main(values: FlagValues) -> None:
    output = output_file(values)
    tf_setup.start()
    turns, steps = values.turns or (4 if values.quick else 8), values.steps or 4
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "images.npz"
        dataset = data.write(path)
        results = {"machine": machine(), "data": dataset, "turns": turns, "steps": steps}
        results["contenders"] = {}
        for group, (batch_size, names) in GROUPS.items():
            chosen = [name for name in names if _wanted(name, values.quick)]
            print(f"{group}: {', '.join(chosen)}", file=sys.stderr, flush=True)
            measured = take_turns(chosen, path, batch_size, turns, steps)
            results["contenders"].update(measured)
        results["ratios"] = ratios(results["contenders"])
        if not values.quick:
            results["limits"] = limits(results["contenders"])
            results["commands"] = commands(pathlib.Path(folder))
        if values.sweep:
            results["sweep"] = sweep(path, steps)
    print(tables(results))
    write(results, output)
    if values.quick and tf_setup.auto_precision() == "bfloat16":
        low = [
            f"{r['ours']} / {r['peer']} is {r['median']:.2f}, not {r['floor']}"
            for r in results["ratios"]
            if r["floor"] and r["median"] < r["floor"]
        ]
        if low:
            raise errors.RunError(f"below the floor: {'; '.join(low)}")


def output_file(values: FlagValues) -> pathlib.Path | None:
    """What --output names, None for nothing; UsageError where it cannot be written."""
    output = pathlib.Path(values.output) if values.output else None
    if output and (output.is_dir() or not os.access(output.parent, os.W_OK)):
        raise errors.UsageError(
            f"--output={output}: must be a file in a folder that exists and can be written"
        )
    return output


def write(results: dict, output: pathlib.Path | None) -> None:
    """All figures as JSON, into no half-written file."""
    if output:
        with atomic_files.replacing(output) as temporary:
            temporary.write_text(json.dumps(results, indent=1), encoding="utf-8")


def _wanted(name: str, quick: bool) -> bool:
    if quick and name not in QUICK:
        return False
    if name.startswith("pytorch") and importlib.util.find_spec("torch") is None:
        print(f"{name}: not measured, PyTorch is not installed (the extra bench)")
        return False
    return True


class Contender:
    """A process of `benchmarks.contender`; `startup` is until its first step is done."""

    def __init__(
        self, name: str, path: pathlib.Path, batch_size: int, threads: int | None = None
    ):
        environment = dict(ENVIRONMENT)
        if threads:
            for kind in ("INTRAOP", "INTEROP"):
                environment[f"TF_NUM_{kind}_THREADS"] = str(threads)
        # TensorFlow says much as it starts.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contender", name, path, str(batch_size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        self._name = name
        self._answer()
        self.startup = time.perf_counter() - began

    def seconds(self, steps: int) -> float:
        """Seconds a step, of so many."""
        with contextlib.suppress(BrokenPipeError):  # then the answer tells why
            self._process.stdin.write(f"{steps}\n")
            self._process.stdin.flush()
        return float(self._answer()) / steps

    def end(self) -> dict[str, float]:
        self._process.stdin.close()
        report = json.loads(self._answer())
        self._process.wait()
        return report

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._errors.seek(0)
            last = self._errors.read().splitlines()[-1:]
            raise errors.RunError(f"{self._name}: ended with {status}: {' '.join(last)}")
        return line


def take_turns(
    names: list[str], path: pathlib.Path, batch_size: int, turns: int, steps: int
) -> dict[str, dict]:
    """Seconds a step of each, a list by turn, and what each took."""
    with contextlib.ExitStack() as stack:
        running = {}
        for name in names:
            running[name] = Contender(name, path, batch_size)
            stack.callback(running[name].kill)
            running[name].seconds(2 * steps)  # warm-up
        seconds = {name: [] for name in names}
        for turn in range(turns):
            for name, contender in running.items():
                seconds[name].append(contender.seconds(steps))
            print(f"turn {turn + 1}/{turns}", file=sys.stderr, flush=True)
        return {
            name: {
                "batch_size": batch_size,
                "seconds": seconds[name],
                "startup_seconds": contender.startup,
                **contender.end(),
            }
            for name, contender in running.items()
        }


def ratios(measured: dict[str, dict]) -> list[dict]:
    found = []
    for (ours, peer), floor in FLOORS.items():
        if {ours, peer} <= measured.keys():
            pairs = [
                p / o
                for p, o in zip(
                    measured[peer]["seconds"], measured[ours]["seconds"], strict=True
                )
            ]
            found.append(
                {
                    "ours": ours,
                    "peer": peer,
                    "median": statistics.median(pairs),
                    "lowest": min(pairs),
                    "highest": max(pairs),
                    "floor": floor,
                }
            )
    return found


def work(name: str, batch_size: int) -> float:
    """Floating-point operations of one paired step: a multiplication counts two.

    Forwards once; backwards by the weights once, and by the inputs where these have any
    use.  The discriminator goes forwards on real and fake images, back for its own loss
    on both, and once more, by the inputs alone, for the generator's.
    """
    generator, unneeded, discriminator, first = WORK[name]
    multiplications = (
        3 * generator - unneeded + 2 * (3 * discriminator - first) + discriminator
    )
    return 2 * multiplications * batch_size


def limits(measured: dict[str, dict]) -> list[dict]:
    """How near the steps come to a product of large matrices in the same run."""
    found = []
    for name, one in measured.items():
        network = name.removesuffix(", float32")
        if network not in WORK:
            continue
        precision = "float32" if name != network else tf_setup.auto_precision()
        matmul = measured[f"matmul, {precision}"]["seconds"]
        seconds = statistics.median(one["seconds"])
        done = work(network, one["batch_size"])
        found.append(
            {
                "name": name,
                "gflop a step": done / 1e9,
                "gflop/s": done / seconds / 1e9,
                "matmul's gflop/s": 2 * 2048**3 / statistics.median(matmul) / 1e9,
                "at best": 2 * 2048**3 / min(matmul) / 1e9,
                "outside": (one["batch_seconds"] + one["call_seconds"]) / seconds,
            }
        )
    return found


def commands(folder: pathlib.Path) -> dict[str, float]:
    """Seconds from a command to what its user waits for: medians of three."""
    found: dict[str, list[float]] = {}

    def run(name: str, *arguments: str) -> None:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", *arguments], check=True, stdout=subprocess.DEVNULL
        )
        found.setdefault(name, []).append(time.perf_counter() - began)

    def train(run_dir: str) -> None:
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "dcgan_tf.main", *KERAS_ACGAN, run_dir],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stdout:
                if "first step done" in line:
                    seconds = time.perf_counter() - began
                    found.setdefault("main, to its first step", []).append(seconds)
                    process.send_signal(signal.SIGTERM)
        if process.returncode != 128 + signal.SIGTERM:
            raise errors.RunError(f"dcgan_tf.main ended with {process.returncode}")

    for attempt in range(3):
        for name in COMMANDS:
            run(f"{name} --help", f"dcgan_tf.{name}", "--help")
        folder_of_run = folder / f"run_{attempt}"
        train(f"--run_dir={folder_of_run}")
        given = (f"--run={folder_of_run}", "--digits=2026", f"--output={folder / 's.png'}")
        run("sample", "dcgan_tf.sample", *given)
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def sweep(path: pathlib.Path, steps: int) -> list[dict]:
    found = []
    for threads in (1, 2):
        for batch_size in BATCHES:
            with contextlib.ExitStack() as stack:
                contender = Contender("dcgan", path, batch_size, threads)
                stack.callback(contender.kill)
                contender.seconds(2)
                seconds = [contender.seconds(steps) for _ in range(3)]
                peak = contender.end()["peak_memory_kb"]
            found.append(
                {
                    "threads": threads,
                    "batch_size": batch_size,
                    "seconds": statistics.median(seconds),
                    "peak_memory_kb": peak,
                }
            )
            print(f"batch {batch_size}, {threads} threads", file=sys.stderr, flush=True)
    return found


def machine() -> dict[str, object]:
    text = pathlib.Path("/proc/cpuinfo")
    lines = text.read_text(encoding="utf-8").splitlines() if text.exists() else []
    models = [line.split(": ")[1] for line in lines if line.startswith("model name")]
    versions = {}
    for name in ("tensorflow", "keras", "numpy", "torch"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "precision": tf_setup.auto_precision(),
        "python": platform.python_version(),
        **versions,
    }


def tables(results: dict) -> str:
    """The figures as Markdown."""
    lines = [", ".join(f"{name} {value}" for name, value in results["machine"].items())]

    def table(*rows):
        head, *body = ([str(cell) for cell in row] for row in rows)
        lines.append("")
        for row in (head, ["---"] * len(head), *body):
            lines.append(f"| {' | '.join(row)} |")

    table(
        ("contender", "batch", "ms a step", "lowest, highest", "MB", "s to a first step"),
        *(
            (
                name,
                one["batch_size"],
                f"{1e3 * statistics.median(one['seconds']):.0f}",
                f"{1e3 * min(one['seconds']):.0f}, {1e3 * max(one['seconds']):.0f}",
                f"{one['peak_memory_kb'] / 1e3:.0f}",
                f"{one['startup_seconds']:.1f}",
            )
            for name, one in results["contenders"].items()
        ),
    )
    table(
        ("ours", "peer", "times as fast", "lowest, highest", "floor"),
        *(
            (
                one["ours"],
                one["peer"],
                f"{one['median']:.2f}",
                f"{one['lowest']:.2f}, {one['highest']:.2f}",
                one["floor"] or "",
            )
            for one in results["ratios"]
        ),
    )
    for name in ("limits", "sweep"):
        if name in results:
            rows = results[name]
            table(rows[0], *([_short(cell) for cell in row.values()] for row in rows))
    if "commands" in results:
        seconds = results["commands"].items()
        table(("command", "seconds"), *((name, _short(cell)) for name, cell in seconds))
    return "\n".join(lines)


def _short(cell: object) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
