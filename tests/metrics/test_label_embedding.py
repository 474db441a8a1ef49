import numpy as np
import pytest

from dcgan_tf.metrics import label_embedding

TABLE = np.array([[1.0, 0.05, -2.0], [-0.2, 1.0, 0.1]])


def test_a_coordinate_is_kept_in_proportion_to_its_largest():
    expected = [[1.0, 0.05, 1.0], [0.2, 1.0, 0.05]]
    assert label_embedding.kept(TABLE) == pytest.approx(np.array(expected))


def test_muted_coordinates_are_counted_for_each_class():
    assert label_embedding.muted_coordinates(TABLE) == [1, 1]


def test_a_coordinate_that_all_classes_mute_is_no_division_by_zero():
    assert label_embedding.muted_coordinates(np.zeros((2, 3))) == [3, 3]


def two_classes(count=3000):
    """Latents whose second class has one coordinate muted: only sizes tell."""
    random = np.random.default_rng(0)
    latents = random.uniform(-1, 1, (count, 5))
    labels = np.arange(count) % 2
    return latents, latents * np.where(labels[:, None] == 1, [0, 1, 1, 1, 1], 1), labels


def test_a_linear_probe_reads_muting_from_sizes_and_not_from_products():
    latents, fused, labels = two_classes()
    found = label_embedding.probed(latents, fused, labels)
    assert found["chance"] == 0.5
    assert found["absolute_fused"] > 0.8
    assert abs(found["fused"] - 0.5) < 0.06
    assert abs(found["latents"] - 0.5) < 0.06


def test_what_is_held_out_is_not_fitted_to():
    """Random labels, more features than rows: learned by heart, and no use."""
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(300, 400)), random.integers(0, 2, 300)
    assert label_embedding.linear_probe(features, labels, held_out=100) < 0.65


def test_the_plane_is_that_of_most_variance():
    random = np.random.default_rng(0)
    features = random.normal(size=(500, 4)) * [1, 30, 1, 10]
    points, shares = label_embedding.plane(features)
    assert points.shape == (500, 2)
    assert abs(np.corrcoef(points[:, 0], features[:, 1])[0, 1]) > 0.99
    assert shares[0] == pytest.approx(900 / 1002, abs=0.05)
