"""What is written for network.js; test_playground.py has a browser run it."""

import base64

import keras
import numpy as np
import pytest
from conftest import new_config
from keras import layers

from dcgan_tf.gans.build import NETWORKS, build
from dcgan_tf.models import blocks
from dcgan_tf.models.layers import BatchNormalization, BiasDense
from dcgan_tf.pages import network


def place(at, count, *, half=False):
    return {"at": at, "count": count, "half": half}


def test_layers_are_numbered_behind_the_inputs_and_weights_begin_at_multiples_of_four():
    images, labels = keras.Input((3,)), keras.Input((), dtype="int32")
    dense = BiasDense(1, activation="relu")
    normalisation = BatchNormalization(epsilon=0.25)
    x = dense(images)
    y = layers.Flatten()(normalisation(layers.Reshape((1, 1, 1))(x)))
    out = layers.Add()([y, x])
    dense.set_weights([np.float32([[1], [-2], [0.5]]), np.float32([0.1])])
    # gamma, beta, mean, variance: 3 (x - 2) / sqrt(0.75 + 0.25) + 1
    normalisation.set_weights([np.float32([n]) for n in (3, 1, 2, 0.75)])
    description = network.describe(
        blocks.discriminator_model(images, labels, {"adversarial": out})
    )
    assert description["layers"] == [
        {
            "kind": "dense",
            "read": [0],
            "size": 1,
            "kernel": place(0, 3, half=True),
            "bias": place(8, 1),
        },
        {"kind": "relu", "read": [2], "size": 1},
        {
            "kind": "scale",
            "read": [3],
            "size": 1,
            "scale": place(12, 1),
            "offset": place(16, 1),
        },
        {"kind": "add", "read": [4, 3], "size": 1},
    ]
    assert description["outputs"] == {"adversarial": 5}
    weights = base64.b64decode(description["weights"])
    assert np.frombuffer(weights, "<f2", 3).tolist() == [1, -2, 0.5]
    assert np.allclose(np.frombuffer(weights, "<f4", 3, 8), [0.1, 3, -5])


@pytest.mark.parametrize(("mode", "architecture"), NETWORKS)
def test_every_layer_of_the_package_can_be_written(mode, architecture):
    gan = build(new_config(mode=mode, architecture=architecture))
    images = network.describe(gan.generator)
    assert images["layers"][images["outputs"]["images"] - 2]["size"] == 28 * 28
    logits = network.describe(gan.discriminator)
    sizes = {n: logits["layers"][at - 2]["size"] for n, at in logits["outputs"].items()}
    expected = {name: t.shape[-1] for name, t in gan.discriminator.output.items()}
    assert sizes == expected


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.LayerNormalization(), "its generator has a LayerNormalization"),
        (layers.Dense(2, activation="swish", name="x"), "layer x has the activation silu"),
    ],
)
def test_what_network_js_has_not_is_refused_by_name(layer, words):
    images, labels = keras.Input((3,)), keras.Input((), dtype="int32")
    model = blocks.generator_model(images, labels, layer(images))
    with pytest.raises(network.UnknownLayerError, match=words):
        network.describe(model)


def generator_of(kernel, table=None, fusion="multiply"):
    """Labels and latents to a first layer with this kernel and class embedding."""
    latents, labels = blocks.generator_inputs(3)
    x = latents
    if table is not None:
        x = blocks.fuse_label(latents, labels, len(table), fusion)
    dense = layers.Dense(kernel.shape[1], use_bias=False)
    generator = blocks.generator_model(latents, labels, dense(x))
    dense.set_weights([np.float32(kernel)])
    if table is not None:
        generator.get_layer("label_embedding").set_weights([np.float32(table)])
    return generator


def order(directions):
    """Which latent each direction [3 of them] is along; only the others may be zeros."""
    assert np.allclose(directions.max(axis=-1), [1, 1, 1, 0, 0, 0])
    return directions[:3].argmax(axis=-1).tolist()


def test_principal_directions_are_those_of_the_largest_response():
    kernel = np.diag([2, -3, 1])
    (directions,) = network.principal_directions(generator_of(kernel))
    assert order(directions) == [1, 0, 2]
    # [latents, embedding] -> the rows behind the latents' do not count
    both = np.concatenate([kernel, 9 * np.eye(3)])
    generator = generator_of(both, np.ones((2, 3)), "concatenate")
    (directions,) = network.principal_directions(generator)
    assert order(directions) == [1, 0, 2]


def test_a_class_whose_embedding_multiplies_has_directions_of_its_own():
    table = [[1, 1, 1], [1, 0.1, 5]]
    first, second = network.principal_directions(generator_of(np.diag([2, -3, 1]), table))
    assert order(first) == [1, 0, 2]
    assert order(second) == [2, 0, 1]
