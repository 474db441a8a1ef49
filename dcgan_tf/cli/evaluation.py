"""What `evaluate` measures, and how it is reported."""

import pathlib
from collections.abc import Mapping

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.cli import flags, plan
from dcgan_tf.config.presets import AUTO
from dcgan_tf.data import pipeline
from dcgan_tf.datasets import source
from dcgan_tf.datasets.spec import Dataset, ImageSpec
from dcgan_tf.metrics import evaluator, image_sets
from dcgan_tf.metrics.figures import FIGURES, REAL
from dcgan_tf.metrics.image_sets import Images
from dcgan_tf.reporting import console, grids
from dcgan_tf.runs import trained
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.trained import TrainedRun
from dcgan_tf.support import arrays, atomic_files, errors

NAME = 25  # letters of a class's name
MOST_CLASSES = 20  # that the table has a line for


def measure(values: FlagValues, loaded: TrainedRun | None = None) -> dict:
    """Returns the report of what the flags ask for; `loaded` is the run's generator."""
    _check_flags(values)
    if values.samples is not None:
        name = source.settled(values.dataset or AUTO, values.data_dir)
        dataset = source.find(name, flags.data_options(values))
        images = _read_samples(values.samples, dataset.spec)
        has_labels = images.labels is not None
    else:
        run = Run.existing(values.run)
        if values.output:
            name = run.read_config().dataset
            source.check_outside(name, pathlib.Path(values.output), "output")
        dataset = dataset_of(run, values)
        has_labels = run.read_config().conditional
    if values.cas and not has_labels:
        raise errors.UsageError("--cas: the images have no labels to train with")
    source.check_held_out(dataset, "run" if values.samples is None else "samples")
    if values.samples is None and loaded is None:
        sampling = {name: values[name].value for name in flags.SAMPLING}
        loaded = trained.load(run.folder, ema=values.ema, which=values.which, **sampling)
    train, test = (pipeline.load(dataset, split) for split in ("train", "test"))
    if values.samples is not None:
        of: dict = {"samples": values.samples}
        for_cas = images if values.cas else None
        return {"of": of, **evaluator.compare(images, train, test, dataset, for_cas)}
    train.fingerprint_as(run.read().data, dataset, run.folder)
    seed, for_cas = values.seed or 0, None
    test_labels = image_sets.of_test(test).labels
    labels = image_sets.labels_like(test_labels, values.count or len(test_labels))
    images = image_sets.generated(loaded, labels, seed)
    if values.cas:
        labels = image_sets.labels_like(train.labels.numpy(), evaluator.cas_count(train))
        for_cas = image_sets.generated(loaded, labels, seed + 1)
    ema = values.ema and loaded.config.ema_half_life > 0
    of = {"run": str(run.folder), "step": loaded.step, "ema": ema, "seed": seed}
    sampling = {name: getattr(loaded, name) for name in flags.SAMPLING}
    report = evaluator.compare(images, train, test, dataset, for_cas)
    if (loaded.truncation, loaded.redraw) != (1, 0):
        given = " ".join(f"--{name}={value:g}" for name, value in sampling.items())
        report["notes"].insert(0, f"the images were sampled with {given}")
    return {"of": {**of, **sampling}, **report}


def _check_flags(values: FlagValues) -> None:
    """UsageError for flags that do not go together."""
    if (values.run is None) == (values.samples is None):
        raise errors.UsageError("--run or --samples: name one of them")
    names = ["count", "seed", *flags.SAMPLING, *flags.GENERATOR]
    odd = [name for name in names if values[name].present]
    if odd and values.samples is not None:
        raise errors.UsageError(f"--{odd[0]}: goes with --run, not with --samples")


def dataset_of(run: Run, values: FlagValues) -> Dataset:
    """Returns the data set of a run, wherever --dataset says that it lies now."""
    config = run.read_config()
    if odd := [name for name in ("image_size", "channels") if values[name].present]:
        raise errors.UsageError(f"--{odd[0]}: the run has its own; leave it out")
    moved = source.moved_to(config.dataset, values.dataset, values.data_dir)
    if values.dataset is not None and not moved:
        allowed = f"the run has {config.dataset}; leave the flag out"
        raise errors.UsageError(f"--dataset={values.dataset}: {allowed}")
    config = config.model_copy(update={"dataset": moved or config.dataset})
    return plan.find_again(run, config, flags.data_options(values))


def _read_samples(path: str, spec: ImageSpec) -> Images:
    """Returns the images of a .npz, with their labels if there are classes."""
    read = arrays.read(pathlib.Path(path).expanduser(), flag="samples")
    images, labels = read.get("images", np.zeros(0)), read.get("labels")
    shapes = [spec.shape, spec.shape[:2]] if spec.channels == 1 else [spec.shape]
    fits = (
        images.dtype == np.uint8
        and images.shape[1:] in shapes
        and flags.LEAST_SAMPLES <= len(images) <= flags.MOST_SAMPLES
    )
    if fits and labels is not None:
        fits = labels.shape == images.shape[:1] and labels.dtype.kind in "iu"
        fits = fits and 0 <= labels.min() <= labels.max() < spec.classes
    if not fits:
        holds = [f"{name} {array.dtype} {[*array.shape]}" for name, array in read.items()]
        if labels is not None and labels.size:
            holds.append(f"labels from {labels.min()} to {labels.max()}")
        needs = " or ".join(f"[N, {', '.join(map(str, shape))}]" for shape in shapes)
        raise errors.UsageError(
            f"--samples={path}: holds {', '.join(holds) or 'nothing'}; it must hold images "
            f"uint8 {needs} (of x in [-1, 1]: np.rint((x + 1) * 127.5)), N from "
            f"{flags.LEAST_SAMPLES} to {flags.MOST_SAMPLES:,}, and may hold labels "
            f"int [N] from 0 to {spec.classes - 1}"
        )
    has_classes = labels is not None and spec.classes > 1
    images = images.reshape(-1, *spec.shape)
    return Images(images, labels.astype(np.int64) if has_classes else None)


def table(report: Mapping) -> str:
    """Returns what was compared with what, a line for each figure, and the notes."""
    protocol, columns = report["protocol"], report["figures"]
    generated = protocol["images"]["generated"]
    headline = (
        f"{generated:,} images, compared with {protocol['test_images']:,} of "
        f"{protocol['dataset']} (figures of other numbers of images are not comparable)"
    )
    lines = [("", *(name.removesuffix(" images") for name in columns))]
    for figure in FIGURES:
        if figure.key in columns["generated"]:
            cells = (
                console.printable(figure.text_of(row)) if figure.key in row else ""
                for row in columns.values()
            )
            lines.append((console.printable(figure.title), *cells))
    lines += _by_class(report["class_names"], columns)
    texts = [f"{name:<28}" + "".join(f"{c:>17}" for c in cells) for name, *cells in lines]
    notes, nearest = report["notes"], report["nearest_training_images"]
    if nearest["near_copies"] is not None:
        among = f"; among {nearest['searched']:,} of the {generated:,}"
        copies = (
            f"near copies of training images: {nearest['near_copies']:.2%} (closer than "
            f"{nearest['near_copy_distance']:g} grey levels, as 1% of test images"
            f"{among if nearest['searched'] < generated else ''})"
        )
        notes = [copies, *notes]
    notes = (console.wrapped(console.printable(note)) for note in notes)
    texts = [console.wrapped(headline), *texts, *notes]
    return "\n".join(text.rstrip() for text in texts)


def _by_class(names: list[str] | None, columns: Mapping) -> list[tuple[str, ...]]:
    """Returns a line of class accuracy for each class, of generated and real images."""
    key = "class_accuracy_by_class"
    if names is None or len(names) > MOST_CLASSES or key not in columns["generated"]:
        return []
    generated, real = (columns[n][key] for n in ("generated", REAL))
    lines: list[tuple[str, ...]] = [("class accuracy of:",)]
    for name, *accuracies in zip(names, generated, real, strict=True):
        short = name if len(name) <= NAME else f"{name[: NAME - 3]}..."
        cells = ("-" if a is None else f"{a:.2%}" for a in accuracies)
        lines.append((f"  {short}", *cells))
    return lines


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
