"""What of a label can be read from latents that its embedding, [classes, Z], has met."""

import os

import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dcgan_tf.gans.build import build
from dcgan_tf.gans.gan import Gan
from dcgan_tf.runs import trained

ROWS = 15_000  # latents that the probes see, a third of them held out
SEED = 1  # of the latents
MUTED = 0.1  # below this share of the largest, a coordinate counts as muted


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
    classes = len(np.unique(labels))
    return {
        "fitted_on": len(labels) - held_out,
        "held_out": held_out,
        "chance": 1 / classes,
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
    latents, fused, labels = (
        latents.numpy(),
        feed([latents, labels]).numpy(),
        labels.numpy(),
    )
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


def report(run_dir: str | os.PathLike) -> tuple[dict, dict]:
    """The figures of a trained run's embedding and of a new one's, and the run's arrays."""
    loaded = trained.load(run_dir)
    config = loaded.config
    measured, arrays = measure(loaded.gan, config.classes, config.seed)
    keras.utils.set_random_seed(config.seed)  # as the run began
    new, _ = measure(build(config), config.classes, config.seed)
    found = {
        "run": str(run_dir),
        "step": loaded.step,
        "fusion": config.label_fusion,
        "trained": measured,
        "new_network": new,
    }
    return found, arrays


def summary(found: dict) -> str:
    """What the probes found, a line each for the trained and the new network."""
    lines = []
    for name, key in (("trained", "trained"), ("new", "new_network")):
        probes, muted = found[key]["probes"], found[key]["muted_coordinates"]
        lines.append(
            f"{name}: class predicted from |fused| {probes['absolute_fused']:.1%}, "
            f"from fused {probes['fused']:.1%}, from latents alone {probes['latents']:.1%} "
            f"(chance {probes['chance']:.1%}); muted coordinates of each class {muted}"
        )
    return "\n".join(lines)
