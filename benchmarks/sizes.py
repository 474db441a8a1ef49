"""Time and memory of training by the size of the images and by their number.

    python -m benchmarks.sizes

The default cgan in ten classes, on random images, in processes of their own: milliseconds a
step (the median of 5 calls of 10 steps, half of the images augmented where few are), the
minutes of a default run, and the memory that a process has of its own (RssAnon) and that of
mapped files (RssFile), in MB, after them.  Nothing should run beside.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

SIZES = ((28, 1), (32, 3), (64, 3), (128, 3))
COUNTS = (1_000, 10_000, 100_000, 1_000_000, 2_000_000)  # of 32x32x3
FEW = 1_000
CALLS, STEPS = 5, 10


def measure(size: int, channels: int, count: int) -> str:
    """A row of the table, measured in this process."""
    from dcgan_tf.support import tf_setup

    tf_setup.start()
    import tensorflow as tf

    from dcgan_tf.config import resolve
    from dcgan_tf.data import pipeline
    from dcgan_tf.data.pipeline import Batches
    from dcgan_tf.training.steps import make_train_steps
    from dcgan_tf.training.train_state import TrainState

    config = resolve.new(
        {"mode": "cgan", "precision": tf_setup.auto_precision()},
        images=count,
        dataset="random.npz",
        classes=10,
        class_names=None,
        height=size,
        width=size,
        channels=channels,
    )
    with tempfile.TemporaryDirectory() as folder:
        images = written(pathlib.Path(folder) / "images.bin", (count, size, size, channels))
        if images.nbytes <= pipeline.MOST_IN_MEMORY:
            images = tf.constant(images)
        split = pipeline.Split(images, tf.range(count) % 10)
        state = TrainState.create(config)
        if config.augment_target:
            state.augment_probability.assign(0.5)
        batches = Batches(
            split, config.batch_size, seed=0, max_translation=config.max_translation
        )
        stream = iter(batches.stream())
        steps = make_train_steps(state, config)
        int(steps(stream, tf.constant(2)))
        times = []
        for _ in range(CALLS):
            began = time.perf_counter()
            int(steps(stream, tf.constant(STEPS)))
            times.append(1000 * (time.perf_counter() - began) / STEPS)
        status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    values = dict(line.split(":", 1) for line in status.splitlines())
    memory = (int(values[name].split()[0]) / 1000 for name in ("RssAnon", "RssFile"))
    own, mapped = (f"{value:,.0f}" for value in memory)
    step = statistics.median(times)
    steps_of_run = config.steps or config.epochs * batches.per_epoch
    return (
        f"| {size}x{size}x{channels} | {count:,} | {config.precision} | {step:.0f} | "
        f"{steps_of_run * step / 60_000:.0f} | {own} | {mapped} |"
    )


def written(path: pathlib.Path, shape: tuple[int, ...]) -> np.ndarray:
    """Random images, uint8, mapped from a file that they were written to."""
    block = np.random.default_rng(0).integers(0, 256, (1000, *shape[1:]), np.uint8)
    with path.open("wb") as file:
        for _ in range(shape[0] // len(block)):
            file.write(block.tobytes())
    return np.memmap(path, np.uint8, "r", shape=shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", nargs="*", type=int, help="size, channels and count")
    given = parser.parse_args().row
    if given:
        print(measure(*given))
        return
    print("| images | number | precision | ms a step | minutes | own MB | mapped MB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    rows = [(*size, FEW) for size in SIZES] + [(32, 3, count) for count in COUNTS[1:]]
    for row in rows:
        command = [sys.executable, "-m", "benchmarks.sizes", *map(str, row)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
