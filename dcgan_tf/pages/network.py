"""A generator of `models.compact` as a list of simple layers, which network.js runs.

A layer reads the outputs of earlier ones.  They are numbered: 0 and 1 are the latents and
the labels, the next is the first layer's output, and so on.  Labels [B] become class
weights [classes] that add up to 1, so that an image can be of something between two
classes: what looks up a row of a table becomes a product with the table.
"""

import base64
from typing import Any

import keras
import numpy as np
from keras import layers

from dcgan_tf.models.layers import BatchNormalization

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
        read = [numbers[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        size = int(np.prod(layer.output.shape[1:]))
        number = read[0]  # of a layer that changes the shape alone
        if not isinstance(layer, layers.Reshape):
            kind, values = _described(layer)
            number = add(kind, read, size, **values)
        if getattr(layer, "activation", None) is keras.activations.tanh:
            number = add("tanh", [number], size)
        numbers[id(layer.output)] = number
    return {"layers": described, "weights": base64.b64encode(weights).decode()}


def _described(layer: layers.Layer) -> tuple[str, dict[str, Any]]:
    """Returns the kind of a layer, its weights, and what else network.js needs of it."""
    match layer:
        case layers.Embedding():
            return "dense", {"kernel": layer.embeddings.numpy()}
        case layers.Dense():
            return "dense", {"kernel": layer.kernel.numpy()}
        case BatchNormalization():
            deviation = np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
            scale = layer.gamma.numpy() / deviation
            offset = layer.beta.numpy() - layer.moving_mean.numpy() * scale
            return "scale", {"scale": scale, "offset": offset}
        case layers.Conv2DTranspose():
            (taps, _), (stride, _) = layer.kernel_size, layer.strides
            bias = {} if layer.bias is None else {"bias": layer.bias.numpy()}
            return (
                "transposed",
                {
                    "shape": list(layer.input.shape[1:]),  # [H, W, C]
                    "to": list(layer.output.shape[1:]),
                    "taps": taps,
                    "stride": stride,
                    # Pixels of padding before the image: TensorFlow pads both sides
                    # alike, the end by one more where the sum is odd.
                    "before": (taps - stride) // 2,
                    # Keras keeps the kernel as [height, width, outputs, inputs].
                    "kernel": layer.kernel.numpy().swapaxes(2, 3),
                    **bias,
                },
            )
    return type(layer).__name__.lower(), {}  # add, concatenate, multiply or relu


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
    directions = np.linalg.eigh(responses)[1].swapaxes(1, 2)[:, ::-1][:, :DIRECTIONS]
    # An eigenvector has no sign of its own; this one is the same on every machine.
    largest = np.abs(directions).argmax(2)[..., None]
    directions = directions * np.sign(np.take_along_axis(directions, largest, axis=2))
    absent = DIRECTIONS - directions.shape[1]
    return np.pad(directions, ((0, 0), (0, absent), (0, 0))).astype(np.float32)
