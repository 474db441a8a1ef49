"""A generator of `models.compact` as a list of simple layers, which network.js runs.

A layer reads the outputs of earlier ones.  They are numbered: 0 and 1 are the latents and
the labels, the next is the first layer's output, and so on.  Labels [B] become class
weights [classes] that add up to 1, so that an image can be of something between two
classes: what looks up a row of a table becomes a product with the table.
"""

import base64
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from dcgan_tf.models.layers import BatchNormalization, BiasConv2DTranspose

DIRECTIONS = 6  # of the latents, that the page lets a user move in


def describe(generator: keras.Model) -> dict[str, Any]:
    """Returns what network.js runs: {"layers": ..., "weights": base64}, for inference.

    Weights are little-endian, kernels in half precision and vectors in single.
    """
    described, weights = [], bytearray()
    numbers = {id(tensor): number for number, tensor in enumerate(generator.inputs)}

    def add(kind: str, read: list[int], size: int, **values: Any) -> int:
        """Adds a layer with `size` outputs; returns the number that later ones read."""
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                half = value.ndim > 1
                weights.extend(bytes(-len(weights) % 4))  # a JavaScript array begins here
                values[name] = {"at": len(weights), "count": value.size, "half": half}
                weights.extend(value.astype("<f2" if half else "<f4").tobytes())
        described.append({"kind": kind, "read": read, "size": size, **values})
        return len(described) + 1

    for layer in generator.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        read = [numbers[id(tensor)] for tensor in _inputs(layer)]
        size = int(np.prod(layer.output.shape[1:]))
        number = read[0]  # of a layer that changes the shape alone
        if not isinstance(layer, layers.Reshape):
            number = add(KINDS[type(layer)], read, size, **_values(layer))
        if getattr(layer, "activation", None) is keras.activations.tanh:
            number = add("tanh", [number], size)
        numbers[id(layer.output)] = number
    return {"layers": described, "weights": base64.b64encode(weights).decode()}


KINDS = {
    layers.Add: "add",
    layers.Concatenate: "concatenate",
    layers.Conv2DTranspose: "transposed",
    layers.Dense: "dense",
    layers.Embedding: "dense",
    layers.Multiply: "multiply",
    layers.ReLU: "relu",
    BatchNormalization: "scale",
    BiasConv2DTranspose: "transposed",
}


def _inputs(layer: layers.Layer) -> list:
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _values(layer: layers.Layer) -> Mapping[str, Any]:
    """Returns a layer's weights, and what else network.js needs of the layer."""
    if isinstance(layer, layers.Embedding):
        return {"kernel": layer.embeddings.numpy()}
    if isinstance(layer, layers.Dense):
        return {"kernel": layer.kernel.numpy()}
    if isinstance(layer, BatchNormalization):
        scale = layer.gamma.numpy() / np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
        offset = layer.beta.numpy() - layer.moving_mean.numpy() * scale
        return {"scale": scale, "offset": offset}
    if isinstance(layer, layers.Conv2DTranspose):
        return _transposed(layer)
    return {}


def _transposed(layer: layers.Conv2DTranspose) -> dict[str, Any]:
    """Returns shapes [H, W, C], the kernel, and the padding before the image, in pixels.

    TensorFlow pads both sides alike, the end by one more where the sum is odd.
    """
    (taps, _), (stride, _) = layer.kernel_size, layer.strides
    bias = {} if layer.bias is None else {"bias": layer.bias.numpy()}
    return {
        "shape": list(layer.input.shape[1:]),
        "to": list(layer.output.shape[1:]),
        "taps": taps,
        "stride": stride,
        "before": (taps - stride) // 2,
        # Keras keeps the kernel as [height, width, outputs, inputs].
        "kernel": layer.kernel.numpy().swapaxes(2, 3),
        **bias,
    }


def principal_directions(generator: keras.Model) -> np.ndarray:
    """Returns the directions of the latents that change the first layer's outputs most.

    They are float32 [classes or 1, DIRECTIONS, Z]: orthogonal unit vectors, the most
    effective first (SeFa: Shen & Zhou 2021, equation 4), and zeros where latents have fewer
    dimensions.  Each class has its own directions where its embedding e multiplies the
    latents, which then reach the layer by diag(e) W.
    """
    size = generator.inputs[0].shape[-1]
    dense = next(layer for layer in generator.layers if isinstance(layer, layers.Dense))
    kernel = dense.kernel.numpy()[:size]  # of [latents, embedding]
    responses = (kernel.astype(np.float64) @ kernel.T)[None]
    if any(isinstance(layer, layers.Multiply) for layer in generator.layers):
        table = generator.get_layer("label_embedding").embeddings.numpy()
        responses = responses * table[:, :, None] * table[:, None, :]
    found = np.zeros((len(responses), DIRECTIONS, size), np.float32)
    for directions, response in zip(found, responses, strict=True):
        chosen = np.linalg.eigh(response)[1].T[::-1][:DIRECTIONS]
        # An eigenvector has no sign of its own; this one is the same on every machine.
        largest = np.take_along_axis(chosen, np.abs(chosen).argmax(1)[:, None], axis=1)
        directions[: len(chosen)] = chosen * np.sign(largest)
    return found
