"""What `evaluate` is asked for, and how it reports."""

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.cli import flags, run_data
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.config.presets import AUTO
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics.figures import FIGURES, Figure
from dcgan_tf.reporting import console, grids
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import arrays, atomic_files, errors

LEAST_IMAGES = 200
MOST_IMAGES = 200_000
NAME = 25  # letters of a class's name
MOST_CLASSES = 20  # that the table has a line for


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


def request(values: FlagValues, *, writes: bool = True) -> Request:
    """What the flags ask for; UsageError unless it can be measured.

    writes: into the folder of a run, where no other is named
    """
    if (values.run is None) == (values.samples is None):
        raise errors.UsageError("--run or --samples: name one of them")
    run, samples, output = None, None, values.output
    if values.samples is not None:
        _refuse(values, ("count", "seed", "which", "ema"), "--run, not with --samples")
        headers = _sample_headers(values.samples)
        dataset = sources.find(values.dataset or AUTO, flags.data_options(values))
        samples = _read_samples(values.samples, headers, dataset.spec)
        labelled = "labels" in samples
    else:
        _refuse(values, ("image_size", "channels"), "--samples; a run has its own")
        run = Run.existing(values.run)
        config = run.read_config()
        labelled = config.conditional
        output = output or (run.folder if writes else None)
    if output:
        output = output_path(output, folder=True, may_exist=True)
    if values.cas and not labelled:
        raise errors.UsageError(
            "--cas: the images have no labels, without which nothing can be trained"
        )
    if run:
        dataset = _dataset_of(run, config, values)
    run_data.check_held_out(dataset, f"--{'run' if run else 'samples'}")
    seed = values.seed or 0
    return Request(
        dataset, run, samples, values.samples, values.count, seed, values.cas, output
    )


def _refuse(values: FlagValues, names: tuple[str, ...], goes_with: str) -> None:
    for name in names:
        if values[name].present:
            raise errors.UsageError(f"--{name}: goes with {goes_with}")


def _dataset_of(run: Run, config: Config, values: FlagValues) -> sources.Dataset:
    """What a run was trained on; UsageError where that is not to be found."""
    moved = run_data.moved_to(config.dataset, values.dataset)
    if values.dataset is not None and not moved:
        raise errors.UsageError(
            f"--dataset={values.dataset}: goes with --samples; a run is compared with its "
            f"own, {config.dataset}"
        )
    config = config.model_copy(update={"dataset": moved or config.dataset})
    return run_data.find_again(run, config, flags.data_options(values))


def _sample_headers(path: str) -> arrays.Headers:
    """What a .npz claims to hold; UsageError unless it can be measured."""
    file = errors.user_path(path, "--samples")
    try:
        headers = arrays.headers(file)
    except ValueError as error:
        raise _unfit(path, f"is no .npz of arrays ({error})") from None
    if "images" not in headers:
        raise _unfit(
            path,
            f"has no array images, only {', '.join(headers) or 'nothing'}; name "
            "it by np.savez(path, images=..., labels=...)",
        )
    shape, dtype = headers["images"]
    if dtype != np.uint8:
        raise _unfit(
            path,
            f"images are {dtype}; they must be uint8 from 0 to 255: from [-1, 1], "
            "np.rint((x + 1) * 127.5).astype(np.uint8)",
        )
    if len(shape) not in (3, 4):
        raise _unfit(
            path, f"images have the shape {shape}; it must be [N, H, W] or [N, H, W, C]"
        )
    if not LEAST_IMAGES <= shape[0] <= MOST_IMAGES:
        raise _unfit(
            path,
            f"has {shape[0]:,} images; from fewer than {LEAST_IMAGES} these figures say "
            f"nothing, and more than {MOST_IMAGES:,} are not taken",
        )
    if "labels" in headers:
        label_shape, label_dtype = headers["labels"]
        if label_shape != shape[:1] or label_dtype.kind not in "iu":
            raise _unfit(
                path,
                f"labels are {label_dtype} {label_shape}; they must be whole numbers, one "
                "for each image",
            )
    return headers


def _read_samples(
    path: str, headers: arrays.Headers, spec: ImageSpec
) -> dict[str, np.ndarray]:
    """images uint8 [N, H, W, C] and, where there are classes, labels int64 [N].

    UsageError unless they are of the data set's shape and classes.
    """
    shape, _ = headers["images"]
    grey = spec.shape[:2] if spec.channels == 1 else None
    if shape[1:] not in (spec.shape, grey):
        size = f"{spec.height}, {spec.width}"
        or_grey = f" or [N, {size}]" if grey else ""
        raise _unfit(
            path,
            f"images have the shape {shape}; it must be [N, {size}, {spec.channels}]"
            f"{or_grey}, as that of the data set",
        )
    try:
        held = arrays.read(
            errors.user_path(path, "--samples"), {"images", "labels"}.__contains__
        )
    except ValueError as error:
        raise _unfit(path, f"is damaged ({error})") from None
    found = {"images": held["images"].reshape(-1, *spec.shape)}
    if "labels" in held:
        labels = held["labels"].astype(np.int64)
        if not ((labels >= 0) & (labels < spec.classes)).all():
            raise _unfit(
                path,
                f"labels reach from {labels.min()} to {labels.max()}; the classes are 0 to "
                f"{spec.classes - 1}",
            )
        if spec.classes > 1:
            found["labels"] = labels
    return found


def _unfit(path: str, reason: str) -> errors.UsageError:
    return errors.UsageError(f"--samples={path}: {reason}")


def table(report: Mapping, encoding: str | None = None) -> str:
    """What was compared with what, a line for each figure, and what is to be known.

    encoding: that of what it is printed to; None: that of stdout
    """
    protocol, columns = report["protocol"], report["figures"]
    headline = (
        f"{protocol['images']['generated']:,} images, compared with "
        f"{protocol['test_images']:,} of {protocol['dataset']} (figures of other numbers "
        "of images are not comparable)"
    )
    lines = [("", *(name.removesuffix(" images") for name in columns))]
    for figure in FIGURES:
        if figure.key in columns["generated"]:
            values = [_cell(row, figure) for row in columns.values()]
            lines.append((console.title(figure, encoding), *values))
    lines += _by_class(report["class_names"], columns)
    return "\n".join(
        [
            console.wrapped(headline),
            *(
                (f"{name:<28}" + "".join(f"{value:>17}" for value in values)).rstrip()
                for name, *values in lines
            ),
            *map(console.wrapped, [*_near_copies(report), *report["notes"]]),
        ]
    )


def _cell(figures: Mapping, figure: Figure) -> str:
    return figure.text(figures[figure.key]) if figure.key in figures else ""


def _by_class(names: list[str] | None, columns: Mapping) -> list[tuple[str, ...]]:
    """A line for the class accuracy of each class, of generated and real images."""
    key = "class_accuracy_by_class"
    if names is None or len(names) > MOST_CLASSES or key not in columns["generated"]:
        return []
    generated, real = (columns[n][key] for n in ("generated", "real training images"))
    lines: list[tuple[str, ...]] = [("class accuracy of:",)]
    for name, *accuracies in zip(names, generated, real, strict=True):
        short = name if len(name) <= NAME else f"{name[: NAME - 3]}..."
        cells = ("-" if a is None else f"{a:.2%}" for a in accuracies)
        lines.append((f"  {short}", *cells))
    return lines


def _near_copies(report: Mapping) -> list[str]:
    nearest = report["nearest_training_images"]
    if nearest["near_copies"] is None:
        return []
    count = report["protocol"]["images"]["generated"]
    among = ""
    if nearest["searched"] < count:
        among = f"; among {nearest['searched']:,} of the {count:,}"
    return [
        f"near copies of training images: {nearest['near_copies']:.2%} (closer than "
        f"{nearest['near_copy_distance']:g} grey levels, as 1% of test images{among})"
    ]


def write(folder: pathlib.Path, report: dict) -> str:
    """Writes evaluation.json and evaluation.png; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = report["nearest_training_images"].pop("pairs")
    files = folder / "evaluation.json", folder / "evaluation.png"
    atomic_files.write_json(files[0], report)
    height, width = pairs.shape[1:3]
    layout = grids.Layout(height, width, columns=len(pairs) // 2)
    grids.write_png(files[1], grids.legible(grids.grid(pairs, layout.columns), layout))
    return f"{files[0]}, {files[1]}"
