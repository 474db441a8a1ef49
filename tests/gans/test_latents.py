import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.gans import latents


@pytest.mark.parametrize("prior", latents.PRIORS)
def test_latents_are_a_function_of_their_seed(prior):
    first, again, other = (
        latents.PRIORS[prior](100, 9, seed).numpy() for seed in ([3, 4], [3, 4], [3, 5])
    )
    assert first.shape == (9, 100)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_normal_and_uniform_latents():
    normal = latents.normal(100, 1000, [0, 1]).numpy()
    uniform = latents.uniform(100, 1000, [0, 1]).numpy()
    assert normal.shape == uniform.shape == (1000, 100)
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs(normal).max() > 3
    assert -1 <= uniform.min() < -0.999
    assert 0.999 < uniform.max() <= 1
    assert abs(uniform.mean()) < 0.01


def test_batch_labels_are_those_of_the_real_images():
    labels = tf.range(20) % 7
    assert np.array_equal(latents.batch_labels(10, labels, [0, 1]), labels)


def test_uniform_labels_are_every_class_alike():
    sampled = latents.uniform_labels(10, tf.fill([10_000], 3), [0, 1]).numpy()
    assert sampled.dtype == np.int32
    counts = np.bincount(sampled, minlength=10)
    assert counts.size == 10
    assert (abs(counts - 1000) < 150).all()
