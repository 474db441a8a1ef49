"""What of a label can be read from noise that its embedding, [classes, Z], has met."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dcgan_tf.config import Config
from dcgan_tf.gans import Gan

ROWS = 15_000  # noise vectors that the probes see, a third of them held out
SEED = 1  # of their noise
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
    """The share of the last `held_out` rows whose label a linear classifier names.

    features [N, Z] are standardised; the classifier is fitted to the other rows.
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    probe.fit(features[:-held_out], labels[:-held_out])
    return float(probe.score(features[-held_out:], labels[-held_out:]))


def plane(features: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """The two principal components [N, 2], and the share of the variance that each has."""
    fitted = PCA(n_components=2, random_state=0).fit(features)
    return fitted.transform(features), fitted.explained_variance_ratio_.tolist()


def probed(noise: np.ndarray, fused: np.ndarray, labels: np.ndarray) -> dict:
    """What linear probes recover of the labels [N], on the last third of the rows.

    noise [N, Z] is a control that holds nothing of the label; fused [N, F] is what the
    generator is fed.
    """
    held_out = len(labels) // 3
    classes = len(np.unique(labels))
    return {
        "fitted_on": len(labels) - held_out,
        "held_out": held_out,
        "chance": 1 / classes,
        "noise": linear_probe(noise, labels, held_out),
        "fused": linear_probe(fused, labels, held_out),
        "absolute_fused": linear_probe(np.abs(fused), labels, held_out),
    }


def measure(gan: Gan, config: Config) -> tuple[dict, dict]:
    """The figures of the drawn generator's embedding, and the arrays that they are of."""
    generator = gan.drawn
    table = generator.get_layer("label_embedding").get_weights()[0]
    noise = gan.draw_noise(ROWS, [config.seed, SEED])
    labels = tf.range(ROWS) % config.classes
    feed = keras.Model(generator.inputs, generator.get_layer("fused").output)
    noise, fused, labels = noise.numpy(), feed([noise, labels]).numpy(), labels.numpy()
    points, shares = zip(plane(noise), plane(fused), strict=True)
    measured = {
        "muted_below": MUTED,
        "muted_coordinates": muted_coordinates(table),
        "probes": probed(noise, fused, labels),
        "variance_of_two_components": {"noise": shares[0], "fused": shares[1]},
        "kept": np.round(kept(table), 4).tolist(),
        "embedding": np.round(table, 6).tolist(),
    }
    arrays = {"table": table, "kept": kept(table), "points": points, "labels": labels}
    return measured, arrays
