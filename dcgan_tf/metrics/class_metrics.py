"""Figures of classes: what a classifier says of generated images, in plain NumPy."""

import numpy as np


def intra_class_std(features: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Returns the RMS distance of each class's features from their mean, [classes].

    NaN for a class that has no images.
    """
    deviations = np.full(classes, np.nan)
    for label in np.unique(labels):
        members = np.asarray(features[labels == label], np.float64)
        deviations[label] = np.sqrt(members.var(axis=0).sum())
    return deviations


def classifier_score(probabilities: np.ndarray) -> float:
    """exp of the mean KL of p(class | image) from p(class): 1 to the number of classes.

    Salimans et al. 2016, section 4, with the classifier that gave the probabilities;
    the "MNIST score" with one for MNIST.
    """
    p = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0.0, p * (np.log(p) - np.log(p.mean(axis=0))), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))
