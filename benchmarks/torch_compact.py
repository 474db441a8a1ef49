"""The default recipes in PyTorch, as one would make them fast on a CPU, but not compiled.

    python -m benchmarks.torch_compact acgan --steps=50 --precision=float32

Prints images a second: the median of blocks of so many steps but the first.  Networks,
losses and update are those of this package, with the numbers of its presets: channels_last
tensors, both players' gradients and R1 from one forward pass, a fused Adam, an EMA in one
operation, and on request bfloat16 autocast of everything but the losses.  R1's
weight stays as it begins, which costs the same.  torch.compile has no gradient of a
gradient, which R1 takes.
"""

import argparse
import contextlib
import copy
import dataclasses
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import data
from dcgan_tf.config import resolve
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets.spec import MNIST

BLOCKS = 4
WIDTH = 32  # channels of the largest feature map
# What a recipe may not have otherwise: the program knows nothing else.
FIXED = {
    "update_rule": "paired",
    "adversarial_loss": "non_saturating",
    "real_label": 1.0,
    "generator_label": 1.0,
    "d_weight_real": 1.0,
    "d_weight_fake": 1.0,
    "r2_weight": 0.0,
    "latent_prior": "normal",
    "dropout_rate": 0.0,
    "flip": False,
    "augment_fakes": False,
}
# And what modes with classes have besides; of the class heads acgan alone.
WITH_CLASSES = {"fake_label_source": "batch"}
WITH_HEADS = {"d_class_weight_fake": 0.0}


def recipe(mode: str, dataset: str = "mnist") -> Config:
    """The default settings of a mode; ValueError where the program lacks one."""
    config = resolve.new({"mode": mode}, dataset=dataset, **dataclasses.asdict(MNIST))
    known = FIXED | (WITH_CLASSES if mode != "dcgan" else {})
    known |= WITH_HEADS if mode == "acgan" else {}
    for name, value in known.items():
        if getattr(config, name) != value:
            raise ValueError(f"{name} is {getattr(config, name)}, not {value}")
    if config.label_fusion == "add":
        raise ValueError("label_fusion is add, not multiply or concatenate")
    return config


class Generator(nn.Module):
    """latents [B, Z], labels [B] -> images [B, 1, 28, 28], channels last."""

    def __init__(self, config: Config):
        super().__init__()
        self.embedding = None
        if config.label_fusion:
            self.embedding = nn.Embedding(config.classes, config.latent_dim)
        self.concatenates = config.label_fusion == "concatenate"
        inputs = config.latent_dim * (2 if self.concatenates else 1)
        hidden = 7 * 7 * 4 * WIDTH
        self.dense = nn.Sequential(
            nn.Linear(inputs, 256, bias=False),
            *_normalised(nn.BatchNorm1d, 256),
            nn.Linear(256, hidden, bias=False),
            *_normalised(nn.BatchNorm1d, hidden),
        )
        first = {"kernel_size": 4, "stride": 2, "padding": 1}
        if config.architecture == "compact2":
            first = {"kernel_size": 2, "stride": 2}
        self.up = nn.Sequential(
            nn.ConvTranspose2d(4 * WIDTH, 2 * WIDTH, **first, bias=False),
            *_normalised(nn.BatchNorm2d, 2 * WIDTH),
            nn.ConvTranspose2d(2 * WIDTH, 1, 4, 2, padding=1),
            nn.Tanh(),
        )

    def forward(self, latents, labels):
        if self.concatenates:
            latents = torch.cat([latents, self.embedding(labels)], 1)
        elif self.embedding is not None:
            latents = latents * self.embedding(labels)
        x = self.dense(latents).view(-1, 7, 7, 4 * WIDTH)
        return self.up(x.permute(0, 3, 1, 2))  # no copy: it is channels_last


def _normalised(kind: type[nn.Module], channels: int) -> tuple[nn.Module, nn.Module]:
    """BatchNorm with Keras's constants, and ReLU."""
    return kind(channels, eps=1e-3, momentum=0.01), nn.ReLU(inplace=True)


class Discriminator(nn.Module):
    """images [B, 1, 28, 28], labels [B] -> logits [B, 1], and of each class head."""

    def __init__(self, config: Config):
        super().__init__()

        def activation():
            return nn.LeakyReLU(config.negative_slope)

        self.convolutions = nn.Sequential(
            nn.Conv2d(1, WIDTH, 4, 2, padding=1),
            activation(),
            nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, padding=1),
            activation(),
        )
        sees_std = config.mode == "acgan" and config.architecture == "compact2"
        self.classes = config.classes if sees_std else None
        features = 7 * 7 * 2 * WIDTH + bool(self.classes)
        self.dense = nn.Sequential(nn.Linear(features, 256), activation())
        self.sizes = [1]
        if config.mode == "acgan":
            # ADC: of real images, then of fakes; else two heads.
            adc = config.class_head == "adc"
            self.sizes += [2 * config.classes] if adc else [config.classes] * 2
        self.heads = nn.Linear(256, sum(self.sizes))  # one product for all
        self.projection = None
        if config.mode == "cgan":
            self.projection = nn.Embedding(config.classes, 256)

    def forward(self, images, labels):
        features = self.convolutions(images).permute(0, 2, 3, 1).flatten(1)
        if self.classes:
            with torch.autocast(features.device.type, enabled=False):
                std = self.class_std(features.float(), labels)
            features = torch.cat([features, std.to(features.dtype)], 1)
        x = self.dense(features)
        adversarial, *classes = self.heads(x).float().split(self.sizes, 1)
        if self.projection is not None:
            products = self.projection(labels) * x
            adversarial = adversarial + products.sum(1, keepdim=True, dtype=torch.float32)
        return adversarial, classes

    def class_std(self, features, labels):
        """As `layers.ClassStd`: [B, F], labels [B] -> [B, 1]."""
        members = functional.one_hot(labels, self.classes).float()
        count = members.sum(0)[:, None].clamp(min=1)
        means = members @ (members.T @ features / count)
        variances = members.T @ (features - means).square() / count
        return 10 * members @ (variances + 1e-6).sqrt().mean(1, keepdim=True)


class Program:
    """Two players, and what moves them; `step` is one step of the recipe."""

    def __init__(self, config: Config, precision: str, device: str = "cpu"):
        self.config = config
        self.completed = 0
        placed = {"device": device, "memory_format": torch.channels_last}
        self.generator = Generator(config).to(**placed)
        self.discriminator = Discriminator(config).to(**placed)
        self._ema = copy.deepcopy(self.generator)
        self._averaged, self._current = map(_floats, (self._ema, self.generator))
        self._optimizers = [
            torch.optim.Adam(
                network.parameters(),
                lr=rate,
                betas=(config.beta_1, config.beta_2),
                eps=1e-7,
                fused=True,
                capturable=device == "cuda",
            )
            for network, rate in (
                (self.generator, config.learning_rate),
                (self.discriminator, config.discriminator_learning_rate),
            )
        ]
        self._cast = contextlib.nullcontext
        if precision == "bfloat16":
            self._cast = lambda: torch.autocast(device, dtype=torch.bfloat16)

    def step(self, images, labels) -> torch.Tensor:
        """Moves both players; images float32 [B, 1, 28, 28], labels [B].

        Returns the discriminator's loss before the move.
        """
        config = self.config
        latents = torch.randn(len(images), config.latent_dim, device=images.device)
        generator_loss, discriminator_loss = self.losses(images, labels, latents)
        moves = (generator_loss, self.generator), (discriminator_loss, self.discriminator)
        # All gradients first: a player that has moved has lost what the other's need.
        found = [
            torch.autograd.grad(
                loss, list(network.parameters()), retain_graph=network is self.generator
            )
            for loss, network in moves
        ]
        for optimizer, rate in zip(self._optimizers, self._rates(), strict=True):
            optimizer.param_groups[0]["lr"] = rate
        for (_, network), optimizer, gradients in zip(
            moves, self._optimizers, found, strict=True
        ):
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
        self.completed += 1
        if config.ema_half_life and self.completed % config.r1_interval == 0:
            torch._foreach_lerp_(self._averaged, self._current, 1 - self._decay())
        return discriminator_loss.detach()

    def losses(self, images, labels, latents) -> tuple[torch.Tensor, torch.Tensor]:
        """The generator's and the discriminator's, from one forward pass."""
        config = self.config
        due = config.r1_weight and self.completed % config.r1_interval == 0
        images.requires_grad_(bool(due))
        with self._cast():  # once, so that weights are cast once
            fakes = self.generator(latents, labels)
            real, real_classes = self.discriminator(images, labels)
            fake, fake_classes = self.discriminator(fakes, labels)
            generator_loss = functional.softplus(-fake).mean()
            loss = functional.softplus(-real).mean() + functional.softplus(fake).mean()
            if config.mode == "acgan":
                fakes_labels = labels
                if config.class_head == "adc":
                    fake_classes, fakes_labels = fake_classes * 2, labels + config.classes
                of_real = functional.cross_entropy(real_classes[0], labels)
                as_real = functional.cross_entropy(fake_classes[0], labels)
                as_fake = functional.cross_entropy(fake_classes[1], fakes_labels)
                loss = loss + config.d_class_weight_real * (of_real + as_fake)
                apart = as_real - as_fake
                generator_loss = generator_loss + config.g_class_weight * apart
            if due:
                loss = loss + config.r1_weight * config.r1_interval * _r1(real, images)
        return generator_loss, loss

    def _rates(self) -> tuple[float, float]:
        """Both players', as `steps.cosine_decay` has them after so many images."""
        config, share = self.config, 1.0
        if config.decay_images:
            seen = min(self.completed * config.batch_size / config.decay_images, 1.0)
            left = 1 - config.lr_final_share
            share = config.lr_final_share + left * (1 + math.cos(math.pi * seen)) / 2
        return share * config.learning_rate, share * config.discriminator_learning_rate

    def samples(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns images of the EMA, uint8 [count, 28, 28, 1], of the classes in turn."""
        labels = torch.arange(count) % self.config.classes
        latents = torch.randn(count, self.config.latent_dim)
        with torch.no_grad():
            images = self._ema.eval()(latents, labels).permute(0, 2, 3, 1)
        return np.rint((images.numpy() + 1) * 127.5).astype(np.uint8), labels.numpy()

    def _decay(self) -> float:
        """What `r1_interval` steps leave of the EMA: see `steps.update_ema`."""
        decay = 0.5 ** (self.config.batch_size / self.config.ema_half_life)
        warm_up = (1 + self.completed) / (10 + self.completed)
        return min(decay, warm_up) ** self.config.r1_interval


def _floats(network: nn.Module) -> list[torch.Tensor]:
    """Weights and BatchNorm's moving averages, without its counters."""
    tensors = itertools.chain(network.parameters(), network.buffers())
    return [one.detach() for one in tensors if one.is_floating_point()]


def _r1(logits, images):
    """Half the mean squared norm of the logit's gradient (Mescheder et al. 2018)."""
    (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradients.square().sum() / (2 * len(images))


def batches(
    images: np.ndarray, labels: np.ndarray, config: Config, device: str = "cpu"
) -> Iterator[tuple]:
    """For `Program.step`, without end, of uint8 [N, 28, 28, 1] and int [N]."""
    images = torch.from_numpy(images).to(device)
    labels = torch.from_numpy(labels).long().to(device)
    order = np.random.default_rng(0)
    while True:
        shuffled = torch.from_numpy(order.permutation(len(images))).to(device)
        for rows in shuffled.split(config.batch_size)[: len(images) // config.batch_size]:
            chosen = images[rows]
            if config.max_translation:
                chosen = _translated(chosen, config.max_translation)
            scaled = chosen.float().div_(127.5).sub_(1.0)
            yield scaled.permute(0, 3, 1, 2), labels[rows]


def _translated(images, most: int):
    """Each image [28, 28, 1] moved by up to `most` pixels; its edge is repeated."""
    offsets = torch.randint(-most, most + 1, (2, len(images), 1), device=images.device)
    pixels = torch.arange(28, device=images.device)
    rows, columns = (offsets + pixels).clamp_(0, 27)  # [B, 28] each
    number = torch.arange(len(images), device=images.device)[:, None, None]
    return images[number, rows[:, :, None], columns[:, None, :]]


def images_per_second(step: Callable[[], torch.Tensor], steps: int, batch: int) -> float:
    """The median of BLOCKS blocks of `steps` steps, but the first; step: its loss."""
    speeds = []
    for _ in range(BLOCKS):
        began = time.perf_counter()
        for _ in range(steps):
            loss = step()
        speeds.append(batch * steps / (time.perf_counter() - began))
        if not math.isfinite(loss):
            raise SystemExit("a loss is not finite")
    return statistics.median(speeds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("dcgan", "cgan", "acgan"))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--data", help="a file of data.write; else random images")
    parser.add_argument("--dataset", default="mnist", help="whose settings the recipe has")
    parser.add_argument(
        "--samples", help="a .npz for 10,000 images, for evaluate --samples"
    )
    given = parser.parse_args()
    torch.set_flush_denormal(True)  # as TensorFlow does
    torch.manual_seed(0)
    config = recipe(given.mode, given.dataset)
    if given.data:
        images, labels = data.load(given.data)
    else:
        images = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1), np.uint8)
        labels = np.arange(len(images)) % config.classes
    program, stream = Program(config, given.precision), batches(images, labels, config)
    speed = images_per_second(
        lambda: program.step(*next(stream)), given.steps, config.batch_size
    )
    print(round(speed, 1))
    if given.samples:
        images, labels = program.samples(10_000)
        named = {"labels": labels} if config.conditional else {}
        np.savez(given.samples, images=images, **named)


if __name__ == "__main__":
    main()
