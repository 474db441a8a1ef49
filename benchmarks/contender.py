"""One contender in a process of its own: does the steps that stdin asks for.

    python -m benchmarks.contender tutorial FILE 256

FILE is one of `data.write`, 256 the batch.  A line on stdin is a number of steps; the
answer on stdout is their seconds.  The first answer comes unasked when the first step is
done; the last, at stdin's end, tells the peak memory, and of this package what its data
and its calls cost.
"""

import dataclasses
import json
import os
import pathlib
import re
import sys
import time
from collections.abc import Callable

Steps = Callable[[int], None]  # does so many steps, and waits for the last one's end


def keras_peer(name: str, *arguments: str) -> Callable[[str, int], Steps]:
    def make(path: str, batch_size: int) -> Steps:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # all that a peer needs to set
        from benchmarks import keras_peers

        step = getattr(keras_peers, name)(path, batch_size, *arguments)

        def steps(count: int) -> None:
            for _ in range(count):
                done = step()
            done.numpy()

        return steps

    return make


def torch_peer(precision: str) -> Callable[[str, int], Steps]:
    def make(path: str, batch_size: int) -> Steps:
        from benchmarks import torch_peer

        step = torch_peer.dcgan(path, batch_size, precision)

        def steps(count: int) -> None:
            for _ in range(count):
                step()

        return steps

    return make


def ours(
    flagfile: str,
    precision: str = "auto",
    update_rule: str | None = None,
    deterministic: bool = False,
) -> Callable[[str, int], Steps]:
    """The data and the steps of a published flagfile, `count` steps in one call."""

    def make(path: str, batch_size: int) -> Steps:
        from dcgan_tf.support import tf_setup

        tf_setup.start()
        import tensorflow as tf

        from benchmarks import data
        from dcgan_tf import main
        from dcgan_tf.cli import flags
        from dcgan_tf.config import presets, resolve
        from dcgan_tf.data.pipeline import Batches, Split
        from dcgan_tf.datasets.spec import MNIST
        from dcgan_tf.training.steps import make_train_steps
        from dcgan_tf.training.train_state import TrainState

        values = main.define_flags()
        values(["", f"--flagfile={presets.FLAGFILES[flagfile]}"])
        computing_in = tf_setup.auto_precision() if precision == "auto" else precision
        overrides = {
            **flags.overrides(values),
            "batch_size": batch_size,
            "precision": computing_in,
        }
        if update_rule == "paired":  # in place of all that goes with the flagfile's own
            for name in presets.UPDATE_RULES["alternating"]:
                del overrides[name]
            overrides["update_rule"] = update_rule
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        spec = dataclasses.asdict(MNIST)
        config = resolve.new(overrides, dataset="mnist", **spec)
        split = Split(*(tf.constant(part) for part in data.load(path)))
        stream = iter(Batches(split, batch_size, seed=config.seed).stream())
        train_steps = make_train_steps(TrainState.create(config), config)

        def steps(count: int) -> None:
            int(train_steps(stream, tf.constant(count)))

        steps.stream = stream
        return steps

    return make


def matmul(precision: str) -> Callable[[str, int], Steps]:
    """A step is a product of two matrices of 2048 x 2048: what the processor can do."""

    def make(path: str, batch_size: int) -> Steps:
        del path, batch_size
        from dcgan_tf.support import tf_setup

        tf_setup.start()
        import tensorflow as tf

        matrix = tf.cast(tf.random.stateless_normal([2048, 2048], [0, 0]), precision)
        multiply = tf.function(lambda: tf.matmul(matrix, matrix)[0, 0])

        def steps(count: int) -> None:
            for _ in range(count):
                multiply().numpy()

        return steps

    return make


CONTENDERS = {
    "tutorial": keras_peer("dcgan_tutorial"),
    "tutorial, mixed_bfloat16": keras_peer("dcgan_tutorial", "mixed_bfloat16"),
    "pytorch": torch_peer("float32"),
    "pytorch, bfloat16": torch_peer("bfloat16"),
    "dcgan": ours("dcgan_tutorial"),
    "dcgan, float32": ours("dcgan_tutorial", "float32"),
    "dcgan, deterministic": ours("dcgan_tutorial", deterministic=True),
    "matmul, float32": matmul("float32"),
    "matmul, bfloat16": matmul("bfloat16"),
    "keras example": keras_peer("acgan_keras"),
    "acgan, its rule": ours("acgan_keras"),
    "acgan, paired": ours("acgan_keras", update_rule="paired"),
    "acgan, paired, float32": ours("acgan_keras", "float32", "paired"),
    "keras loop": keras_peer("cgan_maxout"),
    "cgan": ours("cgan_maxout", "float32"),
}


def outside(steps: Steps) -> dict[str, float]:
    """Seconds for a batch from the stream alone, and for a call of no step at all."""

    def median(action: Callable[[], object], times: int) -> float:
        found = []
        for _ in range(times):
            began = time.perf_counter()
            action()
            found.append(time.perf_counter() - began)
        return sorted(found)[times // 2]

    return {
        "batch_seconds": median(lambda: next(steps.stream), 50),
        "call_seconds": median(lambda: steps(0), 20),
    }


def main(name: str, path: str, batch_size: str) -> None:
    steps = CONTENDERS[name](path, int(batch_size))
    steps(1)
    print("first step done", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        steps(int(line))
        print(time.perf_counter() - began, flush=True)
    # Not getrusage's maximum, which a process inherits from the one that started it.
    status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    peak = {"peak_memory_kb": int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])}
    print(json.dumps(peak | (outside(steps) if hasattr(steps, "stream") else {})))


if __name__ == "__main__":
    main(*sys.argv[1:])
