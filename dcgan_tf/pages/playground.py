"""A page in which a run's generator draws in the browser, as one file of HTML.

network.js runs the generator, one of `models.compact`, as a list of simple layers.  A layer
reads the outputs of earlier ones.  They are numbered: 0 and 1 are the latents and the
labels, the next is the first layer's output, and so on.  Labels [B] become class weights
[classes] that add up to 1, so that an image can be of something between two classes: what
looks up a row of a table becomes a product with the table.
"""

import base64
from typing import Any

import keras
import numpy as np
from keras import layers

from dcgan_tf.datasets import source
from dcgan_tf.models.layers import BatchNormalization
from dcgan_tf.runs.trained import TrainedRun

DIRECTIONS = 6  # of the latents, that the page lets a user move in


def content(loaded: TrainedRun) -> dict[str, Any]:
    """Returns what picture.js and playground.js read."""
    config, generator = loaded.config, loaded.gan.ema_generator
    dataset = source.short_name(config.dataset)
    names = config.names if config.conditional else []
    digits = bool(names) and config.class_names is None and config.classes <= 10
    return {
        "title": f"{config.mode.upper()} trained on {dataset}, step {loaded.step:,}",
        "shape": [config.height, config.width, config.channels],
        **config.model_dump(include={"latent_dim", "latent_prior", "classes"}),
        "names": names,
        "digits": digits,
        "directions": _packed(principal_directions(generator)),
        "direction_count": DIRECTIONS,
        "generator": describe(generator),
    }


def _packed(values: np.ndarray) -> dict[str, Any]:
    """Returns values, little-endian: vectors in single precision, others in half."""
    half = values.ndim > 1
    content = values.astype("<f2" if half else "<f4").tobytes()
    return {"half": half, "base64": base64.b64encode(content).decode()}


def describe(generator: keras.Model) -> list[dict[str, Any]]:
    """Returns the layers that network.js runs, for inference."""
    described: list[dict[str, Any]] = []
    numbers = {id(tensor): number for number, tensor in enumerate(generator.inputs)}
    for layer in generator.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        read = [numbers[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        size = int(np.prod(layer.output.shape[1:]))
        steps = [] if isinstance(layer, layers.Reshape) else [_described(layer)]
        if getattr(layer, "activation", None) is keras.activations.tanh:
            steps.append({"kind": "tanh"})
        for step in steps:
            described.append({"read": read, "size": size, **step})
            read = [len(described) + 1]
        numbers[id(layer.output)] = read[0]
    return described


def _described(layer: layers.Layer) -> dict[str, Any]:
    """Returns the kind of a layer, its weights, and what else network.js needs of it."""
    match layer:
        case layers.Embedding():
            return {"kind": "dense", "kernel": _packed(layer.embeddings.numpy())}
        case layers.Dense():
            return {"kind": "dense", "kernel": _packed(layer.kernel.numpy())}
        case BatchNormalization():
            deviation = np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
            scale = layer.gamma.numpy() / deviation
            offset = layer.beta.numpy() - layer.moving_mean.numpy() * scale
            return {"kind": "scale", "scale": _packed(scale), "offset": _packed(offset)}
        case layers.Conv2DTranspose():
            (taps, _), (stride, _) = layer.kernel_size, layer.strides
            bias = {} if layer.bias is None else {"bias": _packed(layer.bias.numpy())}
            return {
                "kind": "transposed",
                "shape": list(layer.input.shape[1:]),  # [H, W, C]
                "to": list(layer.output.shape[1:]),
                "taps": taps,
                "stride": stride,
                # Keras keeps the kernel as [height, width, outputs, inputs].
                "kernel": _packed(layer.kernel.numpy().swapaxes(2, 3)),
                **bias,
            }
    return {"kind": type(layer).__name__.lower()}  # add, concatenate, multiply or relu


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
