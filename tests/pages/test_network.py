"""A generator as network.js runs it: what is written, and what a browser computes of it."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dcgan_tf.config import resolve
from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.gans.build import build
from dcgan_tf.models import blocks
from dcgan_tf.pages import network, page

LEVELS = 1  # of 255, by which weights in half precision may move a pixel


KERNEL = np.diag([2, -3, 1])
# [latents, embedding]: the rows behind the latents' do not count.
BOTH = np.concatenate([KERNEL, 9 * np.eye(3)])


@pytest.mark.parametrize(
    ("kernel", "table", "fusion", "orders"),
    [
        (KERNEL, None, None, [[1, 0, 2]]),
        (BOTH, np.ones((2, 3)), "concatenate", [[1, 0, 2]]),
        (KERNEL, [[1, 1, 1], [1, 0.1, 5]], "multiply", [[1, 0, 2], [2, 0, 1]]),
    ],
)
def test_principal_directions_are_those_of_the_largest_response(
    kernel, table, fusion, orders
):
    """By hand, of a diagonal kernel; a class that multiplies has directions of its own."""
    latents, labels = blocks.generator_inputs(3)
    x = blocks.fuse_label(latents, labels, 2, fusion)
    dense = layers.Dense(3, use_bias=False)
    generator = keras.Model([latents, labels], dense(x))
    dense.set_weights([np.float32(kernel)])
    if table is not None:
        generator.get_layer("label_embedding").set_weights([np.float32(table)])
    directions = network.principal_directions(generator)
    assert np.allclose(directions.max(axis=-1), [1, 1, 1, 0, 0, 0])  # of three latents
    assert directions[:, :3].argmax(axis=-1).tolist() == orders


MNIST = {"dataset": "mnist", "classes": 10, "height": 28, "width": 28, "channels": 1}
WIDE = {"dataset": "pets", "classes": 3, "height": 16, "width": 32, "channels": 3}
LARGE = {"dataset": "pets", "classes": 2, "height": 128, "width": 128, "channels": 3}
long = pytest.mark.long
RUN = """inputs => {
  const run = makeNetwork(description);
  return inputs.map(([latents, weights]) =>
    Array.from(run(Float32Array.from(latents), Float32Array.from(weights))));
}"""


@pytest.mark.parametrize(
    ("overrides", "data"),
    [
        ({"mode": "acgan", "label_fusion": "multiply"}, MNIST),
        ({"mode": "cgan", "label_fusion": "add"}, WIDE),
        pytest.param({"mode": "cgan", "label_fusion": "concatenate"}, WIDE, marks=long),
        pytest.param({"mode": "dcgan"}, {**MNIST, "classes": 1}, marks=long),
        pytest.param({"mode": "acgan", "latent_dim": 7}, LARGE, marks=long),
    ],
)
def test_a_browser_draws_what_tensorflow_does(tab, tmp_path, overrides, data):
    """Of random weights, scaled so that images have all grey levels."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    overrides = {**overrides, "ema_half_life": 0}
    config = resolve.new(overrides, class_names=None, **data)
    gan = build(config)
    generator, labels = gan.generator, np.array([config.classes - 1, 0])
    latents = gan.sample_latents(len(labels), [0, 0])
    for layer in generator.layers:
        layer.set_weights([w + rng.normal(0, 0.05, w.shape) for w in layer.get_weights()])
    inputs = [latents, tf.constant(labels)]
    deviation = np.arctanh(generator(inputs).numpy()).std()
    for weight in generator.layers[-1].trainable_weights:
        weight.assign(weight / deviation)
    images = generator(inputs).numpy()
    assert images.std() > 0.2
    script = (page.TEMPLATES / "network.js").read_text()
    description = json.dumps(network.describe(generator))
    path = tmp_path / "network.html"  # a file, since megabytes are slow to send
    path.write_text(f"<script>{script}; const description = {description}</script>")
    tab.goto(path.as_uri())
    weights = np.eye(config.classes)[labels].tolist()
    drawn = tab.evaluate(RUN, list(zip(latents.numpy().tolist(), weights, strict=True)))
    apart = to_uint8(np.reshape(drawn, images.shape)).astype(int) - to_uint8(images)
    assert np.abs(apart).max() <= LEVELS
