"""The folder of a run that was never trained, with all that a page shows."""

import numpy as np

from dcgan_tf.cli import evaluation
from dcgan_tf.reporting import frames, grids, log
from dcgan_tf.reporting.grids import Layout
from dcgan_tf.runs.folder import Run, RunConfig

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), np.uint8)
DATA = {"images": 48, "shape": [48, 28, 28, 1], "sha256": "0", "content_hash": "0"}


def entry(epoch, **more):
    """A log entry of a run with three steps an epoch."""
    return dict(epoch=epoch, step=3 * epoch, seconds=30.0, images_per_second=1.6) | {
        "generator/loss": 1 / epoch,
        "generator/class_accuracy": 0.5,
        "discriminator/loss": 2.5,
        "discriminator/adversarial_accuracy_real": 0.75,
        "discriminator/r1_penalty": 0.01,
        "quality/frechet_classifier_distance": 100.0 / epoch**4,
        **more,
    }


def add(run, epoch, **more):
    """Writes a frame and, but for epoch 0, a log entry, which it returns."""
    path = frames.path_of(run.samples, "epoch", epoch)
    columns = Layout.of_preview(run.read_config()).columns
    images = np.tile(PIXELS, (columns // 2, 1, 1, 1)) + epoch
    grids.write_png(path, grids.grid(images, columns))
    if epoch:
        log.append(run.metrics, entry(epoch, **more))
    return epoch and entry(epoch, **more)


def write_evaluation(folder, accuracy=0.875, classes=10):
    figures = {"recall": 0.5, "frechet_classifier_distance": 12.5, "kid": None}
    figures["class_accuracy_by_class"] = [accuracy] * (classes - 1) + [None]
    figures["confusion_matrix"] = (9 * np.eye(classes) + np.eye(classes, k=1)).tolist()
    report = {
        "of": {"run": "run", "step": 6, "ema": True, "seed": 0},
        "class_names": [str(number) for number in range(10)],
        "figures": {
            "generated": {"class_accuracy": accuracy, **figures},
            "real training images": {"class_accuracy": 0.96875, **figures},
        },
        "nearest_training_images": {
            "pairs": PIXELS,
            "classes": list(range(10)),
            "distances": np.arange(10.25, 20).tolist(),
            "near_copies": 0.01,
            "near_copy_distance": 9.5,
        },
        "protocol": {"dataset": "digits", "test_images": 297, "images": {"generated": 297}},
        "notes": ["a note of <the> evaluation"],
    }
    evaluation.write(folder, report)


def make(folder, config):
    """A run of `config` that stands after two epochs, evaluated."""
    run = Run(folder)
    run.write_config(RunConfig(config, data=DATA).started({"threads": 2}))
    run.samples.mkdir()
    for epoch in range(3):
        add(run, epoch)
    write_evaluation(run.folder, classes=config.classes)
    return run


def of_pets(config):
    """The config with 37 classes that have names; a frame shows 20 of them."""
    names = [f"some_long_haired_dog_{number}" for number in range(37)]
    return config.model_copy(update={"classes": 37, "class_names": names})


def wait_until(tab, condition):
    """Playwright's own takes `eval` for it, which the policy of a page forbids."""
    tab.evaluate(
        f"""async () => {{
            const end = Date.now() + 30_000;
            while (!({condition})) {{
                if (Date.now() > end) throw new Error("never");
                await new Promise(requestAnimationFrame);
            }}
        }}"""
    )
