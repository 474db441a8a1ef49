"""Measures how good and how varied generated images are, against held-out real ones.

    python -m dcgan_tf.evaluate --run=checkpoints/acgan
    python -m dcgan_tf.evaluate --samples=set.npz

Prints a table with the bounds beside each figure - real training images and copies of
ten, measured the same way - and writes evaluation.json, and the samples that are closest
to a training image, each above it, in evaluation.png.
"""

import json
import pathlib
import sys
import time
import zipfile

import numpy as np
from absl import flags

from dcgan_tf import command, datasets, engine, errors, files, pictures
from dcgan_tf.recipes import AUTO
from dcgan_tf.runs import Run

MOST_IMAGES = 200_000
CAS_COUNT = 60_000

# key in the JSON, name and format in the table
ROWS = (
    ("agreement", "requested class drawn", "{:.2%}"),
    ("frechet_distance", "Frechet distance", "{:.3f}"),
    ("kernel_distance", "kernel distance (KID)", "{:.5f}"),
    ("precision", "precision", "{:.3f}"),
    ("recall", "recall", "{:.3f}"),
    ("density", "density", "{:.3f}"),
    ("coverage", "coverage", "{:.3f}"),
    ("class_score", "class score", "{:.3f}"),
    ("spread", "spread within a class", "{:.3f}"),
    ("classification_accuracy_score", "classification accuracy", "{:.2%}"),
)


def define_flags() -> flags.FlagValues:
    values = flags.FlagValues()
    command.define_string(values, "run", "folder of the run whose generator is measured")
    command.define_string(
        values,
        "samples",
        "measure these images instead: a .npz with images uint8 [N, 28, 28, 1] or "
        "[N, 28, 28] and, where they were asked for, their labels int [N]",
    )
    command.define_string(
        values,
        "dataset",
        "what --samples are compared with.  Default: mnist if within reach, else digits",
    )
    command.define_string(
        values,
        "data_dir",
        "folder of tensorflow-datasets.  Default: TFDS_DATA_DIR, else its own",
    )
    command.define_integer(
        values,
        "count",
        "images drawn, as many of each class.  Default: as many as are held out",
        lowest=200,
        highest=MOST_IMAGES,
    )
    command.define_integer(
        values, "seed", "of the noise.  Default: 0", lowest=0, highest=2**31 - 2
    )
    command.define_choice_of_generator(values)
    command.define_switch(
        values,
        "cas",
        "train a classifier on 60,000 images drawn (or on --samples), and test it on real "
        "ones: takes minutes",
    )
    command.define_string(
        values,
        "output",
        "folder for evaluation.json and evaluation.png.  Default: the run's; with "
        "--samples, nothing is written",
    )
    return values


def main(values: flags.FlagValues) -> None:
    output = pathlib.Path(values.output).expanduser() if values.output else None
    if output and not output.is_dir():
        raise errors.UsageError(f"--output={output}: is no folder; make it first")
    run, given, dataset = asked(values)

    engine.start()
    from dcgan_tf import evaluation, trained  # which import TensorFlow

    began = time.monotonic()
    seed = values.seed or 0
    if run:
        loaded = trained.load(run.folder, averaged=values.averaged, which=values.which)
        count = values.count or len(datasets.load(dataset, "test").labels)
        images = evaluation.drawn(loaded, count, seed)
        of = {
            "run": str(run.folder),
            "step": loaded.step,
            "averaged": values.averaged and loaded.config.average_half_life > 0,
            "seed": seed,
        }
        many = evaluation.drawn(loaded, CAS_COUNT, seed + 1) if values.cas else None
    else:
        images = many = evaluation.Images(given["images"], given.get("labels"))
        of = {"samples": values.samples}
    report = evaluation.compare(images, dataset, many if values.cas else None)
    protocol = report["protocol"]
    print(
        f"{protocol['images']['generated']:,} images, compared with "
        f"{protocol['held_out_images']:,} of {protocol['dataset']} (figures of other "
        "numbers of images are not comparable)"
    )
    print(table(report))
    print(f"measured in {time.monotonic() - began:.0f} s")
    folder = output or (run and run.folder)
    if folder:
        write(folder, {"of": of, **report})


def asked(
    values: flags.FlagValues,
) -> tuple[Run | None, dict[str, np.ndarray] | None, datasets.Dataset]:
    """The run or the arrays to measure, one of them, and what they are compared with."""
    if (values.run is None) == (values.samples is None):
        raise errors.UsageError("--run or --samples: name one of them")
    run = given = None
    if values.samples is not None:
        for name in ("count", "seed", "which", "averaged"):
            if values[name].present:
                raise errors.UsageError(f"--{name}: goes with --run, not with --samples")
        given = read(values.samples)
        labelled, name = "labels" in given, values.dataset or AUTO
    else:
        run = Run.existing(values.run)
        config = run.read_config()
        labelled, name = config.conditional, config.dataset
        if values.dataset is not None:
            raise errors.UsageError(
                f"--dataset={values.dataset}: goes with --samples; a run is compared with "
                f"its own, {name}"
            )
    if values.cas and not labelled:
        raise errors.UsageError(
            "--cas: the images have no labels, without which nothing can be trained"
        )
    dataset = datasets.find(name, values.data_dir)
    if given:
        check_labels(given, dataset.classes, values.samples)
    return run, given, dataset


def read(path: str) -> dict[str, np.ndarray]:
    """The arrays of a .npz; UsageError unless they can be measured."""

    def refuse(reason: str):
        return errors.UsageError(f"--samples={path}: {reason}")

    try:
        headers = _headers(pathlib.Path(path).expanduser())
    except files.NO_ARRAYS as error:
        raise refuse(f"is no .npz of arrays ({errors.first_line(error)})") from None
    if "images" not in headers:
        raise refuse(f"has no array images, only {', '.join(headers) or 'nothing'}")
    shape, kind = headers["images"]
    if kind != np.uint8:
        raise refuse(
            f"images are {kind}; they must be uint8 from 0 to 255: from [-1, 1], "
            "np.rint((x + 1) * 127.5).astype(np.uint8)"
        )
    if shape[1:] not in ((28, 28, 1), (28, 28)):
        raise refuse(
            f"images have the shape {shape}; it must be [N, 28, 28, 1] or [N, 28, 28]"
        )
    if not 200 <= shape[0] <= MOST_IMAGES:
        raise refuse(
            f"has {shape[0]:,} images; from fewer than 200 these figures say nothing, and "
            f"more than {MOST_IMAGES:,} are not taken"
        )
    if "labels" in headers:
        label_shape, label_kind = headers["labels"]
        if label_shape != shape[:1] or label_kind.kind not in "iu":
            raise refuse(
                f"labels are {label_kind} {label_shape}; they must be whole numbers, one "
                "for each image"
            )
    try:
        with (
            pathlib.Path(path).expanduser().open("rb") as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            found = {"images": arrays["images"].reshape(-1, 28, 28, 1)}
            if "labels" in headers:
                found["labels"] = arrays["labels"].astype(np.int64)
    except files.NO_ARRAYS as error:
        raise refuse(f"is harmed ({errors.first_line(error)})") from None
    return found


def _headers(path: pathlib.Path) -> dict[str, tuple[tuple, np.dtype]]:
    """What the arrays claim to be, before room is made for them."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                version = np.lib.format.read_magic(file)
                reader = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }[version]
                shape, _, kind = reader(file)
                found[name.removesuffix(".npy")] = (shape, kind)
    return found


def check_labels(given: dict[str, np.ndarray], classes: int, path: str) -> None:
    labels = given.get("labels")
    if labels is not None and not ((labels >= 0) & (labels < classes)).all():
        raise errors.UsageError(
            f"--samples={path}: labels reach from {labels.min()} to {labels.max()}; the "
            f"classes are 0 to {classes - 1}"
        )


def table(report: dict) -> str:
    columns = report["figures"]
    lines = [("", *columns)]
    for key, name, style in ROWS:
        values = [figures.get(key) for figures in columns.values()]
        if values[0] is not None:
            lines.append((name, *("" if v is None else style.format(v) for v in values)))
    return "\n".join(
        f"{name:<26}" + "".join(f"{value:>22}" for value in values)
        for name, *values in lines
    )


def write(folder: pathlib.Path, report: dict) -> None:
    pairs = report["closest"].pop("pairs")
    pictures.write_png(folder / "evaluation.png", pictures.grid(pairs, len(pairs) // 2))
    with files.replacing(folder / "evaluation.json") as path:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{folder / 'evaluation.json'}, {folder / 'evaluation.png'}")


if __name__ == "__main__":
    sys.exit(command.run(main, define_flags(), __doc__))
