"""The tutorial's DCGAN in PyTorch, as one would make it fast on a CPU, but not compiled.

channels_last tensors, a fused Adam and, on request, bfloat16 autocast; the networks and
the update are those of `keras_peers.dcgan_tutorial`.
"""

import contextlib

import numpy as np
import torch
from torch import nn

from benchmarks import data


def dcgan(path: str, batch_size: int, precision: str = "float32"):
    """A callable that does one step with the next batch; `path`: a file of `data.write`."""
    images, _ = data.load(path)
    images = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    generator = _generator().to(memory_format=torch.channels_last)
    discriminator = _discriminator().to(memory_format=torch.channels_last)
    generator_optimizer, discriminator_optimizer = (
        torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.9, 0.999), fused=True)
        for network in (generator, discriminator)
    )
    loss = nn.functional.binary_cross_entropy_with_logits
    order = np.random.default_rng(0)
    rows = iter(())

    def batch():
        nonlocal rows
        chosen = next(rows, None)
        if chosen is None:
            shuffled = torch.from_numpy(order.permutation(len(images)))
            rows = iter(shuffled.split(batch_size)[: len(images) // batch_size])
            chosen = next(rows)
        scaled = images[chosen].float() / 127.5 - 1.0
        return scaled.contiguous(memory_format=torch.channels_last)

    def cast():
        if precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast("cpu", dtype=torch.bfloat16)

    def step():
        real = batch()
        with cast():  # once, so that weights are cast once
            of_fakes = discriminator(generator(torch.randn(batch_size, 100)))
            of_real = discriminator(real)
        ones, zeros = torch.ones(batch_size, 1), torch.zeros(batch_size, 1)
        generator_loss = loss(of_fakes.float(), ones)
        gradients = torch.autograd.grad(
            generator_loss, list(generator.parameters()), retain_graph=True
        )
        discriminator_loss = loss(of_real.float(), ones) + loss(of_fakes.float(), zeros)
        own = torch.autograd.grad(discriminator_loss, list(discriminator.parameters()))
        for network, optimizer, found in (
            (generator, generator_optimizer, gradients),
            (discriminator, discriminator_optimizer, own),
        ):
            for parameter, gradient in zip(network.parameters(), found, strict=True):
                parameter.grad = gradient
            optimizer.step()

    return step


def _generator():
    def up(inputs, outputs, stride):
        return nn.ConvTranspose2d(
            inputs, outputs, 5, stride, padding=2, output_padding=stride - 1, bias=False
        )

    return nn.Sequential(
        nn.Linear(100, 7 * 7 * 256, bias=False),
        nn.BatchNorm1d(7 * 7 * 256),
        nn.LeakyReLU(0.3),
        nn.Unflatten(1, (256, 7, 7)),
        up(256, 128, 1),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.3),
        up(128, 64, 2),
        nn.BatchNorm2d(64),
        nn.LeakyReLU(0.3),
        up(64, 1, 2),
        nn.Tanh(),
    )


def _discriminator():
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, 2, padding=2),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.3),
        nn.Conv2d(64, 128, 5, 2, padding=2),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(7 * 7 * 128, 1),
    )
