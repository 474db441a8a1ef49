"""Images a second by devices and workers, each as a user would start it, in turns.

    python -m benchmarks.devices            # the three default presets on random images
    python -m benchmarks.devices --mode=acgan --flags=--batch_size=256

One process with one device; with each power of two of this machine's GPUs (two logical
devices, where there is none); and, on a CPU, two workers with half of the cores each.
A run's first log entry, in which it compiles, does not count.  Where there is nvidia-smi,
the share of time that the first GPU was busy stands beside it.  Nothing should run beside.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

MODES = ("dcgan", "cgan", "acgan")
ENTRIES, STEPS = 4, 50  # log entries of a run, and steps in each
GPU = ("nvidia-smi", "--format=csv,noheader,nounits", "--query-gpu")


def configurations() -> dict[str, list[tuple[str, ...]]]:
    """What is compared: for each process its cores ("" for all) and its flags."""
    gpus = 0
    if shutil.which(GPU[0]):
        gpus = len(subprocess.check_output([*GPU[:2], f"{GPU[2]}=name"]).splitlines())
    powers = [n for n in (1, 2, 4, 8) if n <= (gpus or 2)]
    found = {f"--devices={n}": [("", f"--devices={n}")] for n in powers}
    if not gpus:
        cores = sorted(os.sched_getaffinity(0))
        halves = cores[: len(cores) // 2], cores[len(cores) // 2 :]
        found["2 workers"] = [(",".join(map(str, half)),) for half in halves]
    return found


def images_per_second(folder, flags, processes) -> tuple[float, list[float]]:
    """The median of a run's log entries but the first, and samples of the GPU's use."""
    sockets = [socket.create_server(("localhost", 0)) for _ in processes]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    started = []
    for index, (cores, *own) in enumerate(processes):
        environment = dict(os.environ)
        if len(processes) > 1:
            task = {"type": "worker", "index": index}
            cluster = {"cluster": {"worker": addresses}, "task": task}
            environment["TF_CONFIG"] = json.dumps(cluster)
        command = [sys.executable, "-m", "dcgan_tf.main", f"--run_dir={folder}/run"]
        pinned = ["taskset", "-c", cores] if cores else []
        started.append(
            subprocess.Popen(
                [*pinned, *command, *flags, *own],
                env=environment,
                stdout=subprocess.DEVNULL,
            )
        )
    busy, log = [], pathlib.Path(folder, "run/metrics.jsonl")
    while None in (statuses := [process.poll() for process in started]):
        if any(statuses):
            break  # the others would wait for it
        if log.exists() and shutil.which(GPU[0]):
            used = subprocess.check_output([*GPU[:2], f"{GPU[2]}=utilization.gpu"])
            busy.append(float(used.splitlines()[0]))
        time.sleep(0.5)
    for process in started:
        process.terminate()  # does nothing to one that has ended
    if any(process.wait() for process in started):
        raise SystemExit("a run failed; its error stands above")
    return median_speed(log), busy


def median_speed(log: pathlib.Path) -> float:
    """Images a second of a run's metrics.jsonl, without its first entry."""
    entries = log.read_text(encoding="utf-8").splitlines()
    speeds = [json.loads(entry)["images_per_second"] for entry in entries]
    return statistics.median(speeds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--flags", default="", help="more flags of each run")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    print(
        "| run | devices | images/s, median (lowest, highest) | times as fast | GPU busy |"
    )
    print("|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        images = np.random.default_rng(0).integers(0, 256, (20_000, 28, 28), np.uint8)
        data = pathlib.Path(folder, "random.npz")
        np.savez(data, images=images, labels=np.arange(len(images)) % 10)
        for mode in given.mode or MODES:
            flags = [
                *(f"--mode={mode}", f"--dataset={data}", f"--steps={ENTRIES * STEPS}"),
                *(f"--log_every_steps={STEPS}", "--checkpoint_every_steps=1000000"),
                *(f"--cache_dir={folder}/cache", *shlex.split(given.flags)),
            ]
            compare(mode, flags, given.turns)


def compare(mode: str, flags: list[str], turns: int) -> None:
    """Prints a row for each configuration, of runs that were started in turns."""
    speeds = {name: [] for name in configurations()}
    busy = {name: [] for name in speeds}
    for _ in range(turns):
        for name, processes in configurations().items():
            with tempfile.TemporaryDirectory() as folder:
                speed, used = images_per_second(folder, flags, processes)
            speeds[name].append(speed)
            busy[name] += used
    first = next(iter(speeds.values()))
    for name, found in speeds.items():
        ratio = statistics.median(a / b for a, b in zip(found, first, strict=True))
        share = f"{statistics.median(busy[name]):.0f} %" if busy[name] else ""
        print(
            f"| {mode} | {name} | {statistics.median(found):,.0f} ({min(found):,.0f}, "
            f"{max(found):,.0f}) | {ratio:.2f} | {share} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
