"""The default acgan alone on one GPU, by precision, batch and compiler, beside PyTorch.

    python -m benchmarks.gpu --output=gpu.json      # at most ten minutes
    python -m benchmarks.gpu --cpu                  # tries this script without a GPU

Each program is a process of its own: the whole command; benchmarks.torch_compact with its
images on the GPU, step by step, and as one CUDA graph of `r1_interval` steps.  Speeds are
medians of four blocks but the first.  float32 has TF32 in products and convolutions.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks import data, devices

BEGINS = 480  # seconds after which no program is started any more
EAGER, GRAPH = "PyTorch, eager", "PyTorch, CUDA graph"
JIT, STRATEGY = "--jit_compile", "MultiWorkerMirroredStrategy of one"
COMMANDS = {"default": [], JIT: [JIT], STRATEGY: []}
COLUMNS = "program", "precision", "batch", "images/s ↑", "ms a step ↓", "GPU busy, %"
WRITE = "import sys, benchmarks.data as d; print(d.write(d.pathlib.Path(sys.argv[1])))"
ONE = '{"cluster": {"worker": ["localhost:2222"]}, "task": {"type": "worker", "index": 0}}'


def command(program: str, flags: list[str], steps: int) -> tuple[float, float | None]:
    """Returns images a second of the whole command, and the GPU's use in per cent."""
    os.environ["TF_CONFIG"] = ONE if program == STRATEGY else ""
    flags = [*flags, *COMMANDS[program], "--mode=acgan", f"--steps={4 * steps}"]
    flags += [f"--log_every_steps={steps}", "--checkpoint_every_steps=1000000"]
    with tempfile.TemporaryDirectory() as folder:
        speed, busy = devices.images_per_second(folder, flags, [("",)])
    return speed, sorted(busy)[len(busy) // 2] if busy else None


def pytorch(program, precision, batch, steps, dataset, path) -> float:
    """Returns images a second.  A CUDA graph keeps the rates of its capture."""
    import torch

    from benchmarks import torch_compact

    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = torch_compact.recipe("acgan", dataset)
    config = config.model_copy(update={"batch_size": int(batch)})
    model = torch_compact.Program(config, precision, device)
    stream = torch_compact.batches(*data.load(path), config, device)
    inputs = [next(stream) for _ in range(config.r1_interval)]

    def unit():
        if program != GRAPH:
            return [model.step(*next(stream)) for _ in inputs][-1]
        for static, image_and_label in zip(inputs, stream, strict=False):
            for own, new in zip(static, image_and_label, strict=True):
                own.detach().copy_(new)
        graph.replay()
        return losses[-1]

    if program == GRAPH:
        stream_of_graph = torch.cuda.Stream()
        stream_of_graph.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream_of_graph):  # a capture wants warm optimizers
            float([model.step(*one) for _ in range(3) for one in inputs][-1])
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            losses = [model.step(*one) for one in inputs]
    units, images = -(-int(steps) // len(inputs)), len(inputs) * config.batch_size
    return torch_compact.images_per_second(unit, units, images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="a few steps on the CPU")
    parser.add_argument("--output", default="gpu.json", help="file for all figures")
    parser.add_argument("--pytorch", nargs=6, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.pytorch:
        return print(pytorch(*given.pytorch))
    if not given.cpu and not shutil.which(devices.GPU[0]):
        sys.exit("there is no NVIDIA GPU here; --cpu tries this script without one")
    choices = ("64", "256"), ("float32", "bfloat16"), (*COMMANDS, EAGER, GRAPH)
    no_gpu = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if given.cpu:
        choices = ("16",), ("float32",), (*COMMANDS, EAGER)
        os.environ.update(no_gpu)
    machine = ["uname", "-a"] if given.cpu else [devices.GPU[0], "-L"]
    machine = subprocess.check_output(machine, text=True).strip()
    rows, began, steps = [], time.monotonic(), 8 if given.cpu else 500
    print(machine, f"\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        write = sys.executable, "-c", WRITE, (path := f"{folder}/images.npz")
        name = subprocess.check_output(write, env=no_gpu, text=True).split()[-1]
        for batch, precision, program in itertools.product(*choices):
            if time.monotonic() - began > BEGINS:
                sys.exit("the rest was left out: ten minutes are nearly over")
            speed = busy = None  # of a program that failed; its error stands above
            flags = [f"--batch_size={batch}", f"--precision={precision}"]
            run = [sys.executable, "-m", "benchmarks.gpu", "--pytorch", program, precision]
            run += [batch, str(steps), name, path]
            with contextlib.suppress(SystemExit, subprocess.CalledProcessError):
                if program in COMMANDS:
                    speed, busy = command(program, [*flags, f"--dataset={name}"], steps)
                else:
                    speed = float(subprocess.check_output(run, text=True))
            step = speed and round(1e3 * int(batch) / speed, 3)
            row = program, precision, int(batch), speed and round(speed), step, busy
            print(f"| {' | '.join('' if x is None else str(x) for x in row)} |", flush=True)
            rows.append(dict(zip(COLUMNS, row, strict=True)))
            results = {"machine": machine, "dataset": name, "rows": rows}
            pathlib.Path(given.output).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
