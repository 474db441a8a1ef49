"""Figures of classes, by hand."""

import numpy as np
import pytest

from dcgan_tf.metrics import class_metrics


def test_intra_class_std_by_hand():
    features = np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]])
    std = class_metrics.intra_class_std(features, np.array([0, 0, 2]), 3)
    assert std[0] == 1.0
    assert np.isnan(std[1])
    assert std[2] == 0.0


def test_classifier_score_at_its_ends():
    certain_and_varied = np.eye(4)
    score = class_metrics.classifier_score
    assert score(certain_and_varied) == pytest.approx(4.0)
    assert score(np.full((5, 4), 0.25)) == pytest.approx(1.0)
    assert score(np.eye(4)[[1, 1, 1]]) == pytest.approx(1.0)
