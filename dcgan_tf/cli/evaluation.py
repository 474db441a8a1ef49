"""What `evaluate` is asked for, and how it reports."""

import dataclasses
import os
import pathlib

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.config.presets import AUTO
from dcgan_tf.data import sources
from dcgan_tf.reporting import images as grids
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import arrays, atomic_files, errors

LEAST_IMAGES = 200
MOST_IMAGES = 200_000

# key in the JSON, name and format in the table
ROWS = (
    ("class_accuracy", "class accuracy (GAN-test)", "{:.2%}"),
    ("frechet_classifier_distance", "Frechet distance", "{:.3f}"),
    ("kid", "kernel distance (KID)", "{:.5f}"),
    ("precision", "precision", "{:.3f}"),
    ("recall", "recall", "{:.3f}"),
    ("density", "density", "{:.3f}"),
    ("coverage", "coverage", "{:.3f}"),
    ("classifier_score", "classifier score", "{:.3f}"),
    ("intra_class_std", "intra-class std, of real", "{:.3f}"),
    ("classification_accuracy_score", "CAS (GAN-train)", "{:.2%}"),
)


@dataclasses.dataclass(frozen=True)
class Request:
    """The run or the samples to measure, one of them, and what they are compared with."""

    dataset: sources.Dataset
    run: Run | None
    samples: dict[str, np.ndarray] | None
    samples_path: str | None
    count: int | None
    seed: int
    cas: bool
    output: pathlib.Path | None


def request(values: FlagValues) -> Request:
    """What the flags ask for; UsageError unless it can be measured."""
    output = errors.user_path(values.output, "--output") if values.output else None
    if (values.run is None) == (values.samples is None):
        raise errors.UsageError("--run or --samples: name one of them")
    run = samples = None
    if values.samples is not None:
        for name in ("count", "seed", "which", "ema"):
            if values[name].present:
                raise errors.UsageError(f"--{name}: goes with --run, not with --samples")
        samples = read_samples(values.samples)
        labelled, name = "labels" in samples, values.dataset or AUTO
    else:
        run = Run.existing(values.run)
        config = run.read_config()
        labelled, name = config.conditional, config.dataset
        output = output or run.folder
        if values.dataset is not None:
            raise errors.UsageError(
                f"--dataset={values.dataset}: goes with --samples; a run is compared with "
                f"its own, {name}"
            )
    if output:
        check_output(output)
    if values.cas and not labelled:
        raise errors.UsageError(
            "--cas: the images have no labels, without which nothing can be trained"
        )
    dataset = sources.find(name, values.data_dir)
    if samples:
        _check_labels(samples, dataset.spec.classes, values.samples)
    seed = values.seed or 0
    return Request(
        dataset, run, samples, values.samples, values.count, seed, values.cas, output
    )


def check_output(output: pathlib.Path) -> None:
    """UsageError unless files can be written into the folder, which may have to be made."""
    nearest = next(path for path in (output, *output.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise errors.UsageError(
            f"--output={output}: {nearest} is no folder that can be written; name another"
        )


def read_samples(path: str) -> dict[str, np.ndarray]:
    """The arrays of a .npz; UsageError unless they can be measured."""

    def refuse(reason: str):
        return errors.UsageError(f"--samples={path}: {reason}")

    file = errors.user_path(path, "--samples")
    try:
        headers = arrays.headers(file)
    except ValueError as error:
        raise refuse(f"is no .npz of arrays ({error})") from None
    if "images" not in headers:
        raise refuse(
            f"has no array images, only {', '.join(headers) or 'nothing'}; name "
            "it by np.savez(path, images=..., labels=...)"
        )
    shape, dtype = headers["images"]
    if dtype != np.uint8:
        raise refuse(
            f"images are {dtype}; they must be uint8 from 0 to 255: from [-1, 1], "
            "np.rint((x + 1) * 127.5).astype(np.uint8)"
        )
    if shape[1:] not in ((28, 28, 1), (28, 28)):
        raise refuse(
            f"images have the shape {shape}; it must be [N, 28, 28, 1] or [N, 28, 28]"
        )
    if not LEAST_IMAGES <= shape[0] <= MOST_IMAGES:
        raise refuse(
            f"has {shape[0]:,} images; from fewer than {LEAST_IMAGES} these figures say "
            f"nothing, and more than {MOST_IMAGES:,} are not taken"
        )
    if "labels" in headers:
        label_shape, label_dtype = headers["labels"]
        if label_shape != shape[:1] or label_dtype.kind not in "iu":
            raise refuse(
                f"labels are {label_dtype} {label_shape}; they must be whole numbers, one "
                "for each image"
            )
    try:
        held = arrays.read(file)
    except ValueError as error:
        raise refuse(f"is damaged ({error})") from None
    found = {"images": held["images"].reshape(-1, 28, 28, 1)}
    if "labels" in headers:
        found["labels"] = held["labels"].astype(np.int64)
    return found


def _check_labels(samples: dict[str, np.ndarray], classes: int, path: str) -> None:
    labels = samples.get("labels")
    if labels is not None and not ((labels >= 0) & (labels < classes)).all():
        raise errors.UsageError(
            f"--samples={path}: labels reach from {labels.min()} to {labels.max()}; the "
            f"classes are 0 to {classes - 1}"
        )


def table(report: dict) -> str:
    """What was compared with what, and a line for each figure."""
    protocol, columns = report["protocol"], report["figures"]
    lines = [("", *columns)]
    for key, name, style in ROWS:
        values = [figures.get(key) for figures in columns.values()]
        if values[0] is not None:
            lines.append((name, *("" if v is None else style.format(v) for v in values)))
    nearest = report["nearest_training_images"]
    return "\n".join(
        [
            f"{protocol['images']['generated']:,} images, compared with "
            f"{protocol['test_images']:,} of {protocol['dataset']} (figures of other "
            "numbers of images are not comparable)",
            *(
                f"{name:<26}" + "".join(f"{value:>22}" for value in values)
                for name, *values in lines
            ),
            f"near copies of training images: {nearest['near_copies']:.2%} (closer "
            f"than {nearest['near_copy_distance']:g} grey levels, as 1% of test images)",
        ]
    )


def write(folder: pathlib.Path, report: dict) -> str:
    """Writes evaluation.json and evaluation.png; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = report["nearest_training_images"].pop("pairs")
    files = folder / "evaluation.json", folder / "evaluation.png"
    atomic_files.write_json(files[0], report)
    grids.write_png(files[1], grids.grid(pairs, len(pairs) // 2))
    return f"{files[0]}, {files[1]}"
