"""What `evaluate` is asked for, how that is measured, and how it is reported."""

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.cli import flags, plan
from dcgan_tf.cli.flags import LEAST_SAMPLES, MOST_SAMPLES
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.config.presets import AUTO
from dcgan_tf.data import splits
from dcgan_tf.datasets import sources
from dcgan_tf.datasets.source import Dataset
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.metrics import evaluator, image_sets
from dcgan_tf.metrics.figures import FIGURES, Figure
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.reporting import console, grids
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import arrays, atomic_files, errors

NAME = 25  # letters of a class's name
MOST_CLASSES = 20  # that the table has a line for


@dataclasses.dataclass(frozen=True)
class Request:
    """The run or the samples to measure, one of them, and what they are compared with."""

    dataset: Dataset
    run: Run | None
    samples: Images | None
    samples_path: str | None
    count: int | None
    seed: int
    cas: bool
    output: pathlib.Path | None


def request(values: FlagValues, *, writes: bool = True) -> Request:
    """Returns what the flags ask for; UsageError unless it can be measured.

    writes: into the folder of a run, where no other is named
    """
    run, samples, output = None, None, values.output
    options = flags.data_options(values)
    _check_flags(values)
    if values.run is not None:
        run = Run.existing(values.run)
        config = run.read_config()
        moved = sources.moved_to(config.dataset, values.dataset)
        if values.dataset is not None and not moved:
            raise errors.UsageError(
                f"--dataset={values.dataset}: goes with --samples; a run is compared with "
                f"its own, {config.dataset}"
            )
        config = config.model_copy(update={"dataset": moved or config.dataset})
        dataset = plan.find_again(run, config, options)
        has_labels = config.conditional
        output = output or (run.folder if writes else None)
    else:
        dataset = sources.find(values.dataset or AUTO, options)
        samples = _read_samples(values.samples, dataset.spec)
        has_labels = samples.labels is not None
    if output:
        output = output_path(output, folder=True, may_exist=True)
    if values.cas and not has_labels:
        raise errors.UsageError(
            "--cas: the images have no labels, without which nothing can be trained"
        )
    sources.check_held_out(dataset, "run" if run else "samples")
    seed = values.seed or 0
    return Request(
        dataset, run, samples, values.samples, values.count, seed, values.cas, output
    )


def _check_flags(values: FlagValues) -> None:
    """UsageError for flags that do not go together."""
    of_run, of_samples = ("count", "seed", "which", "ema"), ("image_size", "channels")
    lines = [
        f"--{name}: goes with --{other}, not with --{given}"
        for given, other, names in (
            ("samples", "run", of_run),
            ("run", "samples", of_samples),
        )
        for name in names
        if values[given].value is not None and values[name].present
    ]
    if (values.run is None) == (values.samples is None):
        lines.insert(0, "--run or --samples: name one of them")
    if lines:
        raise errors.UsageError(lines[0])


def _read_samples(path: str, spec: ImageSpec) -> Images:
    """Returns the images and labels of a .npz; without labels where there are no classes.

    UsageError unless they are of the data set's shape and classes.
    """
    file = errors.user_path(path, "--samples")
    try:
        if line := _what_is_wrong(arrays.headers(file), spec):
            raise ValueError(line)
        read = arrays.read(file, {"images", "labels"}.__contains__)
        labels = read.get("labels")
        if labels is not None and not 0 <= labels.min() <= labels.max() < spec.classes:
            raise ValueError(
                f"labels reach from {labels.min()} to {labels.max()}; the classes are 0 to "
                f"{spec.classes - 1}"
            )
    except ValueError as error:
        raise errors.UsageError(f"--samples={path}: {error}") from None
    images = read["images"].reshape(-1, *spec.shape)
    if labels is None or spec.classes == 1:
        return Images(images, None)
    return Images(images, labels.astype(np.int64))


def _what_is_wrong(headers: arrays.Headers, spec: ImageSpec) -> str:
    """Returns why arrays of such shapes and types cannot be measured; "" if they can."""
    if "images" not in headers:
        return (
            f"has no array images, only {', '.join(headers) or 'nothing'}; name it by "
            "np.savez(path, images=..., labels=...)"
        )
    shape, dtype = headers["images"]
    if dtype != np.uint8:
        return (
            f"images are {dtype}; they must be uint8 from 0 to 255: from [-1, 1], "
            "np.rint((x + 1) * 127.5).astype(np.uint8)"
        )
    if shape[1:] not in (spec.shape, spec.shape[:2] if spec.channels == 1 else None):
        size = f"{spec.height}, {spec.width}"
        or_grey = f" or [N, {size}]" if spec.channels == 1 else ""
        return (
            f"images have the shape {shape}; it must be [N, {size}, {spec.channels}]"
            f"{or_grey}, as that of the data set"
        )
    if not LEAST_SAMPLES <= shape[0] <= MOST_SAMPLES:
        return (
            f"has {shape[0]:,} images; from fewer than {LEAST_SAMPLES} these figures say "
            f"nothing, and more than {MOST_SAMPLES:,} are not taken"
        )
    label_shape, label_dtype = headers.get("labels", (shape[:1], np.dtype(int)))
    if label_shape != shape[:1] or label_dtype.kind not in "iu":
        return (
            f"labels are {label_dtype} {label_shape}; they must be whole numbers, one for "
            "each image"
        )
    return ""


def load(request: Request, values: FlagValues) -> TrainedRun | None:
    """Returns the generator of the request's run, if that has one."""
    if request.run is None:
        return None
    return trained.load(request.run.folder, ema=values.ema, which=values.which)


def measure(request: Request, loaded: TrainedRun | None, *, ema: bool) -> dict:
    """Returns the report of an evaluation, as JSON has it; "of" says what was measured.

    loaded: the generator of the request's run, if that has one; ema: whether it is the EMA
    """
    dataset = request.dataset
    train, test = (splits.load(dataset, split) for split in ("train", "test"))
    if loaded is None:
        of: dict = {"samples": request.samples_path}
        images, for_cas = request.samples, request.samples if request.cas else None
        return {"of": of, **evaluator.compare(images, train, test, dataset, for_cas)}
    data = request.run.read().data
    if data and data["content_hash"] != train.content_hash():
        flag = "dataset" if sources.is_own(dataset.name) else "data_dir"
        raise errors.UsageError(
            f"--{flag}: {dataset} is not what {request.run.folder} was trained on; name "
            "the folder of that data"
        )
    test_labels = image_sets.of_test(test).labels
    labels = image_sets.labels_like(test_labels, request.count or len(test_labels))
    images, for_cas = image_sets.generated(loaded, labels, request.seed), None
    if request.cas:
        labels = image_sets.labels_like(train.labels.numpy(), evaluator.cas_count(train))
        for_cas = image_sets.generated(loaded, labels, request.seed + 1)
    of = {
        "run": str(request.run.folder),
        "step": loaded.step,
        "ema": ema and loaded.config.ema_half_life > 0,
        "seed": request.seed,
    }
    return {"of": of, **evaluator.compare(images, train, test, dataset, for_cas)}


def table(report: Mapping, encoding: str | None = None) -> str:
    """Returns what was compared with what, a line for each figure, and the notes.

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
    """Returns a line of class accuracy for each class, of generated and real images."""
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
