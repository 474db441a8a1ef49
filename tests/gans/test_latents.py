import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.gans import gan, latents


def test_normal_and_uniform_latents():
    """A function of their seed, of the distribution that is their name."""
    normal = gan.normal(100, 1000, [0, 1]).numpy()
    uniform = gan.uniform(100, 1000, [0, 1]).numpy()
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs(normal).max() > 3
    assert np.array_equal(normal, gan.normal(100, 1000, [0, 1]))
    assert not np.array_equal(normal, gan.normal(100, 1000, [0, 2]))
    assert -1 <= uniform.min() < -0.999
    assert 0.999 < uniform.max() <= 1
    assert abs(uniform.mean()) < 0.01


def test_labels_are_the_batch_s_or_every_class_alike():
    labels = tf.range(10_000) % 7
    assert np.array_equal(gan.LABEL_SOURCES["batch"](10, labels, [0, 1]), labels)
    sampled = gan.uniform_labels(10, labels, [0, 1]).numpy()
    assert sampled.dtype == np.int32
    counts = np.bincount(sampled, minlength=10)
    assert counts.size == 10
    assert (abs(counts - 1000) < 150).all()


def test_the_arc_between_two_vectors():
    """By hand: a third of a right angle, at radius 3; both ends are the vectors."""
    start, end = np.array([[3.0, 0.0]]), np.array([[0.0, 3.0]])
    third = latents.spherical(start, end, 1 / 3)
    assert third == pytest.approx(np.array([[3 * np.cos(np.pi / 6), 1.5]]))
    assert np.array_equal(latents.spherical(start, end, 0.0), start)
    assert np.array_equal(latents.spherical(start, end, 1.0), end)
    assert latents.linear(start, end, 1 / 3) == pytest.approx(np.array([[2.0, 1.0]]))


@pytest.mark.parametrize("end", [[2.0, 4.0], [-1.0, -2.0]])
def test_vectors_without_an_arc_between_them_take_the_line(end):
    start, end = np.array([1.0, 2.0]), np.array(end)
    middle = latents.spherical(start, end, 0.25)
    assert middle == pytest.approx(0.75 * start + 0.25 * end)


def test_a_path_passes_its_stops_and_may_return():
    stops = [[[0.0], [10.0]], [[2.0], [20.0]], [[4.0], [0.0]]]  # of two rows
    open_path = latents.path(stops, 3, latents.linear)
    assert open_path.dtype == np.float32
    assert open_path[:, 0, 0].tolist() == [0, 1, 2, 3, 4]
    assert open_path[:, 1, 0].tolist() == [10, 15, 20, 10, 0]
    closed = latents.path(stops, 3, latents.linear, closed=True)
    assert closed[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 2]
