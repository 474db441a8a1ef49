"""Shows how a generator uses the class that is given with the latents.

    python experiments/label_embedding/measure.py --run=checkpoints/acgan

Writes embedding.png and embedding.json into the run's folder: the classes' embedding; how
much each class mutes each coordinate of the latents; and how well a linear probe predicts
the class from what the generator is fed, against a new network's embedding and against
chance.  Needs matplotlib.
"""

import argparse
import pathlib

from dcgan_tf.support import tf_setup

tf_setup.start()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from dcgan_tf.config import resolve  # noqa: E402
from dcgan_tf.gans.build import build  # noqa: E402
from dcgan_tf.gans.gan import Gan  # noqa: E402
from dcgan_tf.runs import trained  # noqa: E402
from dcgan_tf.support import atomic_files  # noqa: E402

ROWS = 15_000  # latents that the probes see, a third of them held out
SEED = 1  # of the latents
MUTED = 0.1  # below this share of the largest, a coordinate counts as muted
SHOWN_POINTS = 2_000  # in the scatter
LONGEST_NAME = 20  # characters of a class
ROW_POINTS = 110  # height of a heat map, in the unit of font sizes


def kept(table: np.ndarray) -> np.ndarray:
    """How much of each coordinate a class lets through: |entry| / the coordinate's largest.

    [classes, Z] in [0, 1]; 1 minus it is how much the class mutes.
    """
    sizes = np.abs(table)
    return sizes / np.maximum(sizes.max(axis=0), np.finfo(float).tiny)


def muted_coordinates(table: np.ndarray) -> list[int]:
    """For each class, how many coordinates keep less than MUTED of their largest."""
    return (kept(table) < MUTED).sum(axis=1).tolist()


def linear_probe(features: np.ndarray, labels: np.ndarray, held_out: int) -> float:
    """The share of the last `held_out` rows whose label a linear classifier predicts.

    features [N, Z] are standardised; the classifier is fitted to the other rows.
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    probe.fit(features[:-held_out], labels[:-held_out])
    return float(probe.score(features[-held_out:], labels[-held_out:]))


def plane(features: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """The two principal components [N, 2], and the share of the variance that each has."""
    fitted = PCA(n_components=2, random_state=0).fit(features)
    return fitted.transform(features), fitted.explained_variance_ratio_.tolist()


def probed(latents: np.ndarray, fused: np.ndarray, labels: np.ndarray) -> dict:
    """What linear probes recover of the labels [N], on the last third of the rows.

    latents [N, Z] is a control that holds nothing of the label; fused [N, F] is what the
    generator is fed.
    """
    held_out = len(labels) // 3
    return {
        "fitted_on": len(labels) - held_out,
        "held_out": held_out,
        "chance": 1 / len(np.unique(labels)),
        "latents": linear_probe(latents, labels, held_out),
        "fused": linear_probe(fused, labels, held_out),
        "absolute_fused": linear_probe(np.abs(fused), labels, held_out),
    }


def measure(gan: Gan, classes: int, seed: int) -> tuple[dict, dict]:
    """The figures of the EMA generator's embedding, and the arrays that they are of."""
    generator = gan.ema_generator
    table = generator.get_layer("label_embedding").get_weights()[0]
    latents = gan.sample_latents(ROWS, [seed, SEED])
    labels = tf.range(ROWS) % classes
    feed = keras.Model(generator.inputs, generator.get_layer("fused").output)
    fused = feed([latents, labels]).numpy()
    latents, labels = latents.numpy(), labels.numpy()
    points, shares = zip(plane(latents), plane(fused), strict=True)
    measured = {
        "muted_below": MUTED,
        "muted_coordinates": muted_coordinates(table),
        "probes": probed(latents, fused, labels),
        "variance_of_two_components": {"latents": shares[0], "fused": shares[1]},
        "kept": np.round(kept(table), 4).tolist(),
        "embedding": np.round(table, 6).tolist(),
    }
    arrays = {"table": table, "kept": kept(table), "points": points, "labels": labels}
    return measured, arrays


def summary(report: dict) -> str:
    """What the probes found, a line each for the trained and the new network."""
    lines = []
    for name, key in (("trained", "trained"), ("new", "new_network")):
        probes, muted = report[key]["probes"], report[key]["muted_coordinates"]
        lines.append(
            f"{name}: class predicted from |fused| {probes['absolute_fused']:.1%}, "
            f"from fused {probes['fused']:.1%}, from latents alone {probes['latents']:.1%} "
            f"(chance {probes['chance']:.1%}); muted coordinates of each class {muted}"
        )
    return "\n".join(lines)


def draw(arrays: dict, title: str, names: list[str]) -> Figure:
    """The embedding and what it keeps as heat maps; latents before and after.

    names: of the classes.  Of more than 20, 20 are named and have points.
    """
    figure = Figure(figsize=(12, 10), layout="constrained")
    figure.suptitle(f"Label embedding: {title}")
    rows = figure.add_gridspec(3, 2, height_ratios=(1, 1, 2.4))
    table = arrays["table"]
    shown = np.array(resolve.shown_classes(len(table)))
    # A $ would begin a formula.
    named = [names[number][:LONGEST_NAME].replace("$", r"\$") for number in shown]
    most = np.abs(table).max()
    for place, values, name, style in (
        (0, table, "embedding", {"cmap": "RdBu", "vmin": -most, "vmax": most}),
        (1, arrays["kept"], "kept: |entry| / the coordinate's largest", {"vmin": 0}),
    ):
        axes = figure.add_subplot(rows[place, :])
        image = axes.imshow(values, aspect="auto", interpolation="nearest", **style)
        axes.set(title=name, xlabel="coordinate", ylabel="class")
        axes.set_yticks(shown, named, fontsize=min(10, ROW_POINTS / len(shown)))
        figure.colorbar(image, ax=axes)
    chosen = np.flatnonzero(np.isin(arrays["labels"], shown))[:SHOWN_POINTS]
    colours = np.searchsorted(shown, arrays["labels"][chosen])
    palette = "tab10" if len(shown) <= 10 else "tab20"
    for column, name in enumerate(("latents", "what the generator is fed")):
        axes = figure.add_subplot(rows[2, column])
        points = arrays["points"][column][chosen]
        scatter = axes.scatter(*points.T, c=colours, cmap=palette, s=6)
        axes.set(title=f"{name}: two principal components")
    handles, _ = scatter.legend_elements(num=None)
    axes.legend(handles, named, title="class", loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def main(folder: pathlib.Path) -> None:
    """Measures the run in `folder` and a new network of its settings."""
    run = trained.load(folder)
    config = run.config
    if config.label_fusion is None:
        raise SystemExit(f"--run={folder}: its generator has no embedding of the class")
    measured, arrays = measure(run.gan, config.classes, config.seed)
    # As the run began.
    new, _ = measure(build(config), config.classes, config.seed)
    report = {
        "run": str(folder),
        "step": run.step,
        "fusion": config.label_fusion,
        "trained": measured,
        "new_network": new,
    }
    figure = draw(arrays, f"{config.label_fusion}, at step {run.step:,}", config.names)
    figure.savefig(folder / "embedding.png")
    atomic_files.write_json(folder / "embedding.json", report)
    print(summary(report))
    print(f"{folder / 'embedding.png'}, {folder / 'embedding.json'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", required=True, type=pathlib.Path, help="the run's folder")
    main(parser.parse_args().run)
