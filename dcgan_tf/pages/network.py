"""A Keras network as a list of simple layers, which network.js runs in a browser.

A layer reads the outputs of earlier ones.  They are numbered: 0 and 1 are the network's two
inputs, the next is the first layer's output, and so on.  Labels [B] become class weights
[classes] that add up to 1, so that an image can be of something between two classes: what
looks up a row of a table becomes a product with the table.
"""

import base64
from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from dcgan_tf.models.layers import (
    BatchNormalization,
    BiasConv2D,
    BiasConv2DTranspose,
    BiasDense,
    Dropout,
    MaxoutDense,
    UpsampledConv2D,
    UpSampling2D,
)

ACTIVATIONS = ("relu", "sigmoid", "tanh")
DIRECTIONS = 6  # of the latents, that the page lets a user move in


class UnknownLayerError(Exception):
    """A network has a layer that network.js has not."""


class Network:
    """The layers that are written so far, and their weights, little-endian."""

    def __init__(self):
        self.layers = []
        self.weights = bytearray()

    def add(self, kind: str, read: list[int], size: int, **more) -> int:
        """A layer with `size` outputs; the number that later ones read it by."""
        for name, value in more.items():
            if isinstance(value, np.ndarray):
                more[name] = self._store(value)
        self.layers.append({"kind": kind, "read": read, "size": int(size), **more})
        return len(self.layers) + 1

    def _store(self, values: np.ndarray) -> dict:
        """Kernels in half precision, vectors in single."""
        kind = "<f4" if values.ndim == 1 else "<f2"
        self.weights += bytes(-len(self.weights) % 4)  # where a JavaScript array may begin
        place = {"at": len(self.weights), "count": values.size, "half": kind == "<f2"}
        self.weights += np.ascontiguousarray(values).astype(kind).tobytes()
        return place


def describe(model: keras.Model) -> dict:
    """What network.js runs, in inference mode, or UnknownLayerError.

    {"layers": ..., "weights": base64, "outputs": {name: its number}}; a generator's output
    is named images.
    """
    network = Network()
    numbers = {id(tensor): number for number, tensor in enumerate(model.inputs)}
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        write = WRITERS.get(type(layer))
        if write is None:
            raise UnknownLayerError(f"its {model.name} has a {type(layer).__name__}")
        read = [numbers[id(tensor)] for tensor in _inputs(layer)]
        numbers[id(layer.output)] = write(network, layer, read)
    outputs = model.output if isinstance(model.output, dict) else {"images": model.output}
    return {
        "layers": network.layers,
        "weights": base64.b64encode(network.weights).decode(),
        "outputs": {name: numbers[id(tensor)] for name, tensor in outputs.items()},
    }


def principal_directions(generator: keras.Model) -> np.ndarray:
    """float32 [classes or 1, DIRECTIONS, Z]: where the first layer's outputs change most.

    Unit vectors, orthogonal to each other, the most effective first (SeFa: Shen & Zhou
    2021, equation 4); zeros where latents have fewer dimensions.  Each class has its own
    where its embedding e multiplies the latents, which reach the layer by diag(e) W: what
    moves one class leaves others as they are.
    """
    size = generator.inputs[0].shape[-1]
    kernel = _first_dense(generator).kernel.numpy()[:size]  # of [latents, embedding]
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


def _first_dense(generator: keras.Model) -> layers.Layer:
    """The first layer with a kernel that the latents reach."""
    reached = {id(generator.inputs[0])}
    for layer in generator.layers:
        if reached & {id(tensor) for tensor in _inputs(layer)}:
            if isinstance(layer, layers.Dense):
                return layer
            reached.add(id(layer.output))
    raise UnknownLayerError(f"its {generator.name} feeds its latents to no Dense")


def _inputs(layer: layers.Layer) -> list:
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _size(layer: layers.Layer) -> int:
    return int(np.prod(layer.output.shape[1:]))


def _activated(network: Network, layer: layers.Layer, number: int) -> int:
    name = layer.activation.__name__
    if name == "linear":
        return number
    if name not in ACTIVATIONS:
        raise UnknownLayerError(f"its layer {layer.name} has the activation {name}")
    return network.add(name, [number], _size(layer))


def _weights(layer: layers.Layer, kernel: np.ndarray) -> dict[str, np.ndarray]:
    bias = {} if layer.bias is None else {"bias": layer.bias.numpy()}
    return {"kernel": kernel, **bias}


def _dense(network: Network, layer: layers.Layer, read: list[int]) -> int:
    weights = _weights(layer, layer.kernel.numpy())
    return _activated(network, layer, network.add("dense", read, _size(layer), **weights))


def _maxout(network: Network, layer: MaxoutDense, read: list[int]) -> int:
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    weights = {"kernel": kernel.reshape(len(kernel), -1), "bias": bias.ravel()}
    number = network.add("dense", read, layer.units * layer.k, **weights)
    return network.add("largest", [number], layer.units, of=layer.k)


def _embedding(network: Network, layer: layers.Embedding, read: list[int]) -> int:
    return network.add("dense", read, _size(layer), kernel=layer.embeddings.numpy())


def _convolution(network: Network, layer: layers.Layer, read: list[int]) -> int:
    more = _places(layer) | _weights(layer, layer.kernel.numpy())
    return _activated(
        network, layer, network.add("convolution", read, _size(layer), **more)
    )


def _transposed(network: Network, layer: layers.Layer, read: list[int]) -> int:
    # Keras keeps the kernel as [height, width, outputs, inputs].
    more = _places(layer) | _weights(layer, layer.kernel.numpy().swapaxes(2, 3))
    return _activated(network, layer, network.add("transposed", read, _size(layer), **more))


def _places(layer: layers.Layer) -> dict[str, list[int]]:
    """Shapes [H, W, C], and how many rows and columns of padding stand before the image.

    TensorFlow pads both sides alike, the end by one more where the sum is odd.
    """
    shape, to = list(layer.input.shape[1:]), list(layer.output.shape[1:])
    taps, strides = list(layer.kernel_size), list(layer.strides)
    before = []
    for axis in (0, 1):
        few, many = sorted((shape[axis], to[axis]))  # a transposed one has more outputs
        missing = (few - 1) * strides[axis] + taps[axis] - many
        before.append(max(missing, 0) // 2)
    return {"shape": shape, "to": to, "taps": taps, "strides": strides, "before": before}


def _upsampled(network: Network, layer: UpsampledConv2D, read: list[int]) -> int:
    """As the layer itself does it: a 3x3 convolution to the four parities."""
    height, width, channels = layer.input.shape[1:]
    taps, filters = layer.TAPS, layer.filters
    phases = np.einsum("aph,bqw,hwio->pqiabo", taps, taps, layer.kernel.numpy())
    number = network.add(
        "convolution",
        read,
        _size(layer),
        shape=[height, width, channels],
        to=[height, width, 4 * filters],
        taps=[3, 3],
        strides=[1, 1],
        before=[1, 1],
        kernel=phases.reshape(3, 3, channels, 4 * filters),
        bias=np.tile(layer.bias.numpy(), 4),
    )
    number = network.add(
        "interleave", [number], _size(layer), to=list(layer.output.shape[1:])
    )
    return _activated(network, layer, number)


def _upsampling(network: Network, layer: UpSampling2D, read: list[int]) -> int:
    places = {"shape": list(layer.input.shape[1:]), "times": list(layer.size)}
    return network.add("repeat", read, _size(layer), **places)


def _padding(network: Network, layer: layers.ZeroPadding2D, read: list[int]) -> int:
    (top, _), (left, _) = layer.padding
    shapes = {"shape": list(layer.input.shape[1:]), "to": list(layer.output.shape[1:])}
    return network.add("pad", read, _size(layer), **shapes, before=[top, left])


def _normalisation(network: Network, layer: BatchNormalization, read: list[int]) -> int:
    scale = layer.gamma.numpy() / np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
    offset = layer.beta.numpy() - layer.moving_mean.numpy() * scale
    return network.add("scale", read, _size(layer), scale=scale, offset=offset)


def _rescaling(network: Network, layer: layers.Rescaling, read: list[int]) -> int:
    scale, offset = np.array([layer.scale]), np.array([layer.offset])
    return network.add("scale", read, _size(layer), scale=scale, offset=offset)


def _leaky(network: Network, layer: layers.LeakyReLU, read: list[int]) -> int:
    return network.add("leaky", read, _size(layer), slope=float(layer.negative_slope))


def _simple(kind: str) -> Callable[[Network, layers.Layer, list[int]], int]:
    return lambda network, layer, read: network.add(kind, read, _size(layer))


def _same_values(network: Network, layer: layers.Layer, read: list[int]) -> int:
    """Of a layer that changes the shape alone, or nothing in inference mode."""
    return read[0]


WRITERS = {
    layers.Activation: lambda network, layer, read: _activated(network, layer, read[0]),
    layers.Add: _simple("add"),
    layers.CategoryEncoding: _same_values,  # one-hot: class weights are that
    layers.Concatenate: _simple("concatenate"),
    layers.Conv2DTranspose: _transposed,
    layers.Dense: _dense,
    layers.Dot: _simple("dot"),
    layers.Embedding: _embedding,
    layers.Flatten: _same_values,
    layers.LeakyReLU: _leaky,
    layers.Multiply: _simple("multiply"),
    layers.ReLU: _simple("relu"),
    layers.Rescaling: _rescaling,
    layers.Reshape: _same_values,
    UpSampling2D: _upsampling,
    layers.ZeroPadding2D: _padding,
    BatchNormalization: _normalisation,
    BiasConv2D: _convolution,
    BiasConv2DTranspose: _transposed,
    BiasDense: _dense,
    Dropout: _same_values,
    MaxoutDense: _maxout,
    UpsampledConv2D: _upsampled,
}
