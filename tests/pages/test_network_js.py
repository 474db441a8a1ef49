"""network.js in a browser computes what Keras does."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import new_config

from dcgan_tf.config import resolve
from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.gans.build import NETWORKS, build
from dcgan_tf.pages import network
from dcgan_tf.pages import playground as pages

LEVELS = 1  # of 255, by which weights in half precision may move a pixel


def scramble(model, rng):
    """Other weights than new ones, which are zeros or ones in part."""
    for layer in model.layers:
        weights = [w + rng.normal(0, 0.05, w.shape) for w in layer.get_weights()]
        layer.set_weights(weights)


def spread_out(model, inputs):
    """Images of all grey levels, by the scale of the last weights."""
    last = next(layer for layer in reversed(model.layers) if layer.trainable_weights)
    deviation = np.arctanh(model(inputs).numpy()).std()
    for weight in last.trainable_weights:
        weight.assign(weight / deviation)


RUN = """([name, inputs]) => {
  const run = makeNetwork(descriptions[name]);
  return inputs.map(([first, weights]) => Object.fromEntries(Object.entries(
    run(Float32Array.from(first), Float32Array.from(weights))
  ).map(([name, values]) => [name, Array.from(values)])));
}"""


def open_networks(tab, folder, *models):
    """A page of network.js and these alone; a file, since megabytes are slow to send."""
    script = (pages.TEMPLATES / "network.js").read_text()
    descriptions = json.dumps({model.name: network.describe(model) for model in models})
    path = folder / "networks.html"
    path.write_text(f"<script>{script}; const descriptions = {descriptions}</script>")
    tab.goto(path.as_uri())


def run_in(tab, model, first, labels, classes):
    """What network.js computes: {output: [N, size]}."""
    first = np.asarray(first).reshape(len(labels), -1).tolist()
    inputs = list(zip(first, np.eye(classes)[labels].tolist(), strict=True))
    rows = tab.evaluate(RUN, [model.name, inputs])
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def levels_apart(ours, theirs):
    """Of images in [-1, 1], the most."""
    theirs = np.reshape(theirs, ours.shape)
    return np.abs(to_uint8(ours).astype(int) - to_uint8(theirs)).max()


def check_networks(tab, folder, config):
    keras.utils.set_random_seed(0)
    gan, rng = build(config), np.random.default_rng(0)
    labels = np.array([1, 0])
    for model in (gan.generator, gan.discriminator):
        scramble(model, rng)
    latents = gan.sample_latents(len(labels), [0, 0])
    spread_out(gan.generator, [latents, tf.constant(labels)])
    images = gan.generator([latents, tf.constant(labels)])
    assert images.numpy().std() > 0.2
    open_networks(tab, folder, gan.generator, gan.discriminator)
    drawn = run_in(tab, gan.generator, latents, labels, config.classes)["images"]
    assert levels_apart(drawn, images) <= LEVELS
    logits = run_in(tab, gan.discriminator, images, labels, config.classes)
    expected = gan.discriminator([images, tf.constant(labels)])
    assert logits.keys() == expected.keys()
    for name, values in expected.items():
        assert np.abs(logits[name] - values).max() < 5e-3 * np.abs(values).max()


@pytest.mark.parametrize(("mode", "architecture"), NETWORKS)
def test_networks_compute_what_they_do_in_tensorflow(tab, tmp_path, mode, architecture):
    overrides = {"mode": mode, "architecture": architecture, "ema_half_life": 0}
    check_networks(tab, tmp_path, new_config(**overrides))


@pytest.mark.parametrize("fusion", ["add", "concatenate"])
def test_images_in_colour_that_are_not_square(tab, tmp_path, fusion):
    shape = {"height": 16, "width": 32, "channels": 3}
    config = resolve.new(
        {"mode": "cgan", "label_fusion": fusion, "ema_half_life": 0},
        **{"dataset": "pets", "classes": 3, "class_names": None, **shape},
    )
    check_networks(tab, tmp_path, config)
