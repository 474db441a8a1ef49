"""Many recipes of the compact networks at once on one GPU, in PyTorch.

    python experiments/recipes/screen.py PLAN.jsonl --mnist=mnist.npz --out=results.jsonl

Each line of the plan is a JSON object of what differs from RECIPE and OF_MODE; what else
it has is ignored, so results are a plan.  Each run is four steps in a CUDA graph with a
stream of its own.  At the end 10,000 images of the EMA generator are measured, as
`dcgan-tf evaluate` does it, by the package's classifier of MNIST: of latents as they were
trained with, and of latents 1.1 times as long.

mnist.npz: x uint8 [60000, 28, 28], y [60000], of the test images tx and ty.

It stands alone, so that it runs where there is no TensorFlow.  Networks, losses, updates,
initial weights and figures are those of this package; random numbers are others.
"""

import argparse
import copy
import json
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

STEPS = 4  # in a graph
CLASSIFIER = "dcgan_tf/metrics/classifiers/mnist.npz"
SCALES = (1.0, 1.1)  # of the latents that images are made of

# acgan's on MNIST before these runs.  lr_d: the discriminator's rate, None for the same;
# decay: the share of the run in which rates and R1 fall; loss: "ns", "rel" or "hinge";
# heads: "twin", "adc" (Hou et al. 2022), "projection" or "none"; cbn: a scale and a shift
# for each class in the generator's BatchNorm; mbstd: images in a group of the minibatch's
# standard deviation; dcw, gcw: the players' class weights; hidden, ghidden: units of the
# hidden layers of the discriminator and the generator.
RECIPE = {
    "mode": "acgan",
    "seed": 0,
    "batch": 64,
    "steps": 9368,
    "lr": 1e-3,
    "lr_d": None,
    "lr_final": 0.25,
    "decay": 0.9,
    "r1": 1.0,
    "r1_final": 0.1,
    "r1_interval": 4,
    "beta1": 0.5,
    "beta2": 0.99,
    "ema": 20_000,
    "ema_interval": 4,
    "loss": "ns",
    "translate": 0,
    "cbn": False,
    "mbstd": 0,
    "latent": 100,
    "fusion": "multiply",
    "heads": "twin",
    "dcw": 1.0,
    "gcw": 1.0,
    "width": 32,
    "hidden": 256,
    "ghidden": 256,
}
WITHOUT_HEADS = {
    "r1": 0.1,
    "r1_final": 1.0,
    "lr_final": 1.0,
    "beta2": 0.999,
    "ema": 100_000,
    "r1_interval": 1,
}
OF_MODE = {
    "acgan": {},
    "cgan": {**WITHOUT_HEADS, "heads": "projection"},
    "dcgan": {**WITHOUT_HEADS, "heads": "none", "fusion": None},
}
# How many logits each head has.
HEADS = {
    "twin": [1, 10, 10],
    "adc": [1, 20],
    "projection": [1],
    "none": [1],
}


def glorot(shape, fan_in: int, fan_out: int) -> nn.Parameter:
    """Glorot-uniform, Keras's default."""
    limit = math.sqrt(6 / (fan_in + fan_out))
    return nn.Parameter(nn.init.uniform_(torch.empty(*shape), -limit, limit))


def zeros(size: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(size))


class BatchNorm(nn.Module):
    """With Keras's constants; of_class: with a scale and a shift for each class."""

    def __init__(self, channels: int, of_class: bool):
        super().__init__()
        self.of_class = of_class
        shape = (10, channels) if of_class else (channels,)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x, labels):
        affine = (None, None) if self.of_class else (self.gamma, self.beta)
        x = functional.batch_norm(
            x, self.mean, self.var, *affine, self.training, 0.01, 1e-3
        )
        if not self.of_class:
            return x
        shape = (len(x), -1, *[1] * (x.dim() - 2))
        return x * self.gamma[labels].view(shape) + self.beta[labels].view(shape)


class Generator(nn.Module):
    """latents [B, Z], labels [B] -> images [B, 1, 28, 28]."""

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe
        width, hidden, size = recipe["width"], recipe["ghidden"], recipe["latent"]
        fused = size
        if recipe["fusion"]:
            self.embedding = nn.Parameter(torch.empty(10, size))
            deviation = math.sqrt(2 / (10 + size)) / 0.87962566
            limits = -2 * deviation, 2 * deviation
            nn.init.trunc_normal_(self.embedding, 0, deviation, *limits)
            if recipe["fusion"] == "concatenate":
                fused *= 2
        maps = 49 * 4 * width
        self.dense1 = glorot((hidden, fused), fused, hidden)
        self.norm1 = BatchNorm(hidden, recipe["cbn"])
        self.dense2 = glorot((maps, hidden), hidden, maps)
        self.norm2 = BatchNorm(maps, recipe["cbn"])
        self.up1 = glorot((4 * width, 2 * width, 4, 4), 64 * width, 32 * width)
        self.norm3 = BatchNorm(2 * width, recipe["cbn"])
        self.up2 = glorot((2 * width, 1, 4, 4), 32 * width, 16)
        self.bias = zeros(1)

    def forward(self, latents, labels):
        x = latents
        fusion = self.recipe["fusion"]
        if fusion == "multiply":
            x = x * self.embedding[labels]
        elif fusion == "add":
            x = x + self.embedding[labels]
        elif fusion == "concatenate":
            x = torch.cat([x, self.embedding[labels]], 1)
        x = functional.relu(self.norm1(functional.linear(x, self.dense1), labels))
        x = functional.relu(self.norm2(functional.linear(x, self.dense2), labels))
        x = x.view(len(x), -1, 7, 7)
        x = functional.conv_transpose2d(x, self.up1, None, 2, 1)
        x = functional.relu(self.norm3(x, labels))
        return torch.tanh(functional.conv_transpose2d(x, self.up2, self.bias, 2, 1))


class Discriminator(nn.Module):
    """images [B, 1, 28, 28], labels [B] -> logits [B, 1], and a list of class logits."""

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe
        width, hidden = recipe["width"], recipe["hidden"]
        self.conv1 = glorot((width, 1, 4, 4), 16, 16 * width)
        self.bias1 = zeros(width)
        self.conv2 = glorot((2 * width, width, 4, 4), 16 * width, 32 * width)
        self.bias2 = zeros(2 * width)
        size = 49 * 2 * width + (49 if recipe["mbstd"] else 0)
        self.dense = glorot((hidden, size), size, hidden)
        self.bias3 = zeros(hidden)
        self.sizes = HEADS[recipe["heads"]]
        heads = [glorot((one, hidden), hidden, one).data for one in self.sizes]
        self.heads = nn.Parameter(torch.cat(heads))
        self.bias4 = zeros(sum(self.sizes))
        if recipe["heads"] == "projection":
            embedding = nn.init.uniform_(torch.empty(10, hidden), -0.05, 0.05)
            self.embedding = nn.Parameter(embedding)

    def forward(self, images, labels):
        x = functional.conv2d(images, self.conv1, self.bias1, 2, 1)
        x = functional.leaky_relu(x, 0.2)
        x = functional.conv2d(x, self.conv2, self.bias2, 2, 1)
        x = functional.leaky_relu(x, 0.2)
        if size := self.recipe["mbstd"]:  # Karras et al. 2018, section 3
            grouped = x.view(size, -1, *x.shape[1:])
            deviation = (grouped.var(0, unbiased=False) + 1e-8).sqrt()
            deviation = deviation.mean((1, 2, 3), keepdim=True)
            x = torch.cat([x, deviation.repeat(size, 1, 7, 7)], 1)
        x = functional.linear(x.flatten(1), self.dense, self.bias3)
        x = functional.leaky_relu(x, 0.2)
        logits = functional.linear(x, self.heads, self.bias4)
        adversarial, *classes = logits.split(self.sizes, 1)
        if self.recipe["heads"] == "projection":
            product = (self.embedding[labels] * x).sum(1, keepdim=True)
            adversarial = adversarial + product
        return adversarial, classes


def flat(tensors):
    """One tensor that holds them all; they become views of it."""
    held = torch.cat([one.detach().reshape(-1) for one in tensors])
    parts = held.split([one.numel() for one in tensors])
    for one, part in zip(tensors, parts, strict=True):
        one.data = part.view_as(one)
    return held


def translated(images, offsets):
    """images [B, 1, 28, 28] moved by offsets [2, B]; the edge is repeated."""
    place = torch.arange(28, device=images.device)
    rows = (offsets[0][:, None] + place).clamp(0, 27)
    columns = (offsets[1][:, None] + place).clamp(0, 27)
    images = images.gather(2, rows[:, None, :, None].expand(-1, 1, -1, 28))
    return images.gather(3, columns[:, None, None, :].expand(-1, 1, 28, -1))


def losses(recipe, real, fake, real_classes, fake_classes, labels):
    """The generator's and the discriminator's, without penalties.

    real, fake: logits [B, 1]; real_classes, fake_classes: lists of logits [B, n]
    labels: [B]
    """
    softplus, cross_entropy = functional.softplus, functional.cross_entropy
    if recipe["loss"] == "ns":
        discriminator = softplus(-real).mean() + softplus(fake).mean()
        generator = softplus(-fake).mean()
    elif recipe["loss"] == "rel":
        discriminator = softplus(fake - real).mean()
        generator = softplus(real.detach() - fake).mean()
    elif recipe["loss"] == "hinge":
        discriminator = functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
        generator = -fake.mean()
    if recipe["heads"] == "twin":
        first, twin = (cross_entropy(logits, labels) for logits in fake_classes)
        of_real = cross_entropy(real_classes[0], labels)
        discriminator = discriminator + recipe["dcw"] * (of_real + twin)
        generator = generator + recipe["gcw"] * (first - twin)
    elif recipe["heads"] == "adc":
        as_real = cross_entropy(fake_classes[0], 2 * labels)
        as_fake = cross_entropy(fake_classes[0], 2 * labels + 1)
        of_real = cross_entropy(real_classes[0], 2 * labels)
        discriminator = discriminator + recipe["dcw"] * (of_real + as_fake)
        generator = generator + recipe["gcw"] * (as_real - as_fake)
    return generator, discriminator


class Run:
    """A training: what it draws is drawn before it begins, so a graph draws nothing.

    given: what differs from the recipe of its mode; images uint8 [N, 28, 28], labels [N]
    """

    def __init__(self, given, images, labels):
        recipe = {**RECIPE, **OF_MODE[given.get("mode", "acgan")], **given}
        recipe["lr_d"] = recipe["lr_d"] or recipe["lr"]
        recipe["steps"] = recipe["steps"] // STEPS * STEPS
        assert STEPS % recipe["r1_interval"] == STEPS % recipe["ema_interval"] == 0
        self.recipe, self.images, self.labels = recipe, images, labels
        device = images.device
        torch.manual_seed(recipe["seed"])
        self.generator = Generator(recipe).to(device)
        self.discriminator = Discriminator(recipe).to(device)
        self._players = [
            _Player(network, rate)
            for network, rate in (
                (self.generator, recipe["lr"]),
                (self.discriminator, recipe["lr_d"]),
            )
        ]
        self.ema = copy.deepcopy(self.generator).eval()
        self._fast = [self._players[0].weights, flat(list(self.generator.buffers()))]
        self._slow = [flat(list(self.ema.parameters())), flat(list(self.ema.buffers()))]
        self._draw(torch.Generator(device).manual_seed(1000 + recipe["seed"]))
        self.completed = torch.zeros((), dtype=torch.int64, device=device)
        self._state = [
            *self._slow,
            self._fast[1],
            self.completed,
            *(tensor for player in self._players for tensor in player.state),
        ]

    def _draw(self, source) -> None:
        recipe, device = self.recipe, source.device
        steps, batch, count = recipe["steps"], recipe["batch"], len(self.images)
        per_epoch = count // batch
        orders = [
            torch.randperm(count, generator=source, device=device)[: per_epoch * batch]
            for _ in range(-(-steps // per_epoch))
        ]
        self._rows = torch.cat(orders)[: steps * batch].view(steps, batch)
        self._latents = torch.randn(
            steps, batch, recipe["latent"], generator=source, device=device
        )
        if most := recipe["translate"]:
            shape = steps, 2, 2, batch
            self._offsets = torch.randint(
                -most, most + 1, shape, generator=source, device=device, dtype=torch.int32
            )
        step = np.arange(steps, dtype=np.float64)
        seen, completed, interval = step * batch, step + 1, recipe["ema_interval"]
        rate = self._share(seen, recipe["lr_final"])
        rate *= np.sqrt(1 - recipe["beta2"] ** completed)
        rate /= 1 - recipe["beta1"] ** completed
        decay = np.minimum(
            0.5 ** (batch / recipe["ema"]), (1 + completed) / (10 + completed)
        )
        # [steps, 3]: of each step the share of the rates, that of R1, the EMA's weight.
        columns = rate, self._share(seen, recipe["r1_final"]), 1 - decay**interval
        self._schedule = torch.tensor(
            np.stack(columns, 1), dtype=torch.float32, device=device
        )

    def _share(self, seen, final):
        falling = self.recipe["decay"] * self.recipe["steps"] * self.recipe["batch"]
        cosine = 0.5 * (1 + np.cos(np.pi * np.minimum(seen / falling, 1)))
        return final + (1 - final) * cosine

    def step(self, number: int) -> None:
        """One step; number: which of its graph's."""
        recipe, at = self.recipe, self.completed.view(1)
        rows = self._rows.index_select(0, at)[0]
        images = self.images.index_select(0, rows).float().div_(127.5).sub_(1.0)
        images, labels = images.unsqueeze(1), self.labels.index_select(0, rows)
        latents = self._latents.index_select(0, at)[0]
        rate, share, ema_weight = self._schedule.index_select(0, at)[0]
        if recipe["translate"]:
            offsets = self._offsets.index_select(0, at)[0].long()
            images = translated(images, offsets[0])
        penalised = recipe["r1"] and number % recipe["r1_interval"] == 0
        images.requires_grad_(bool(penalised))
        fakes = self.generator(latents, labels)
        if recipe["translate"]:
            fakes = translated(fakes, offsets[1])
        real, real_classes = self.discriminator(images, labels)
        fake, fake_classes = self.discriminator(fakes, labels)
        generator_loss, loss = losses(
            recipe, real, fake, real_classes, fake_classes, labels
        )
        if penalised:
            (gradient,) = torch.autograd.grad(real.sum(), images, create_graph=True)
            weight = recipe["r1"] * recipe["r1_interval"] * share
            loss = loss + weight * gradient.square().sum() / (2 * len(images))
        one, other = self._players
        found = [
            torch.autograd.grad(generator_loss, one.parameters, retain_graph=True),
            torch.autograd.grad(loss, other.parameters),
        ]
        with torch.no_grad():
            for player, gradients in zip(self._players, found, strict=True):
                player.move(gradients, rate, recipe["beta1"], recipe["beta2"])
            self.completed.add_(1)
            if (number + 1) % recipe["ema_interval"] == 0:
                for slow, fast in zip(self._slow, self._fast, strict=True):
                    slow.lerp_(fast, ema_weight)

    def capture(self) -> None:
        """The graph; nothing has moved when it is made."""
        self._stream = torch.cuda.Stream()
        before = [tensor.clone() for tensor in self._state]
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for number in range(STEPS):
                self.step(number)
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=self._stream):
            for number in range(STEPS):
                self.step(number)
        for tensor, value in zip(self._state, before, strict=True):
            tensor.copy_(value)
        torch.cuda.synchronize()

    def replay(self) -> None:
        with torch.cuda.stream(self._stream):
            self._graph.replay()

    @torch.no_grad()
    def sample(self, labels, scale: float):
        """uint8 [N, 28, 28] of the EMA generator."""
        source = torch.Generator(labels.device).manual_seed(12345)
        shape = len(labels), self.recipe["latent"]
        latents = torch.randn(*shape, generator=source, device=labels.device) * scale
        pairs = zip(latents.split(2000), labels.split(2000), strict=True)
        images = torch.cat([self.ema(*pair).squeeze(1) for pair in pairs])
        return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


class _Player:
    """A network's weights in one tensor, and Adam (Kingma & Ba 2015) of them."""

    def __init__(self, network: nn.Module, rate: float):
        self.parameters, self._rate = list(network.parameters()), rate
        self.weights = flat(self.parameters)
        self._first, self._second = (torch.zeros_like(self.weights) for _ in range(2))
        self.state = self.weights, self._first, self._second

    def move(self, gradients, rate, beta_1: float, beta_2: float) -> None:
        """rate: the share of the player's own, with Adam's correction of both moments."""
        gradient = torch.cat([one.reshape(-1) for one in gradients])
        self._first.lerp_(gradient, 1 - beta_1)
        self._second.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
        direction = self._first / (self._second.sqrt() + 1e-7)
        self.weights.sub_(direction * (self._rate * rate))


class Evaluator:
    """The figures of `dcgan_tf.metrics`, in float64 where distances are taken."""

    def __init__(self, path, images, labels):
        """The classifier in `path`, and the test images uint8 [N, 28, 28], labels [N]."""
        held = np.load(path)
        weights = [torch.from_numpy(held[key]).to(images.device) for key in held.files]
        self._convolutions = [
            (weights[at].permute(3, 2, 0, 1).contiguous(), *weights[at + 1 : at + 5])
            for at in (0, 5, 10)
        ]
        self._dense = weights[15:]
        self._real, _ = self._predict(images)
        self._radii = self._radii_of(self._real)
        self._deviations = self._intra_class(self._real, labels)

    def _predict(self, images):
        dense, bias, out, out_bias = self._dense
        features = []
        for x in images.split(2000):
            x = x.float().div(127.5).sub(1).unsqueeze(1)
            for place, convolution in enumerate(self._convolutions):
                kernel, gamma, beta, mean, variance = convolution
                x = functional.conv2d(x, kernel)
                x = functional.batch_norm(x, mean, variance, gamma, beta, eps=1e-3)
                x = functional.relu(x)
                if place != 1:
                    x = functional.max_pool2d(x, 2)
            flattened = x.permute(0, 2, 3, 1).flatten(1)
            features.append(functional.relu(flattened @ dense + bias))
        features = torch.cat(features)
        return features, features @ out + out_bias

    @staticmethod
    def _squared_distances(one, other):
        other = other.double()
        lengths = (other**2).sum(1)
        for rows in one.double().split(2500):
            squares = (rows @ other.T).mul_(-2).add_(lengths)
            yield squares.add_((rows**2).sum(1)[:, None]).clamp_(min=0)

    def _radii_of(self, features):
        blocks = self._squared_distances(features, features)
        nearest = [block.topk(6, dim=1, largest=False).values[:, 5] for block in blocks]
        return torch.cat(nearest)

    @staticmethod
    def _intra_class(features, labels):
        groups = (features[labels == label].double() for label in range(10))
        return torch.stack([one.var(0, unbiased=False).sum().sqrt() for one in groups])

    def figures(self, images, requested) -> dict[str, float]:
        """Of images uint8 [N, 28, 28]; requested: the classes asked for [N], or None."""
        features, logits = self._predict(images)
        predicted = logits.argmax(1)
        radii = self._radii_of(features).split(2500)
        covered = recalled = torch.zeros(len(self._real), dtype=torch.bool)
        covered, recalled = covered.to(images.device), recalled.to(images.device)
        inside = []
        blocks = self._squared_distances(features, self._real)
        for block, own in zip(blocks, radii, strict=True):
            near = block < self._radii
            inside.append(near.any(1))
            covered = covered | near.any(0)
            recalled = recalled | (block < own[:, None]).any(0)
        labels = predicted if requested is None else requested
        shares = torch.bincount(predicted, minlength=10) / len(predicted)
        found = {
            "frechet": self._frechet(features),
            "precision": torch.cat(inside).double().mean().item(),
            "recall": recalled.double().mean().item(),
            "coverage": covered.double().mean().item(),
            "intra_class_std": (self._intra_class(features, labels) / self._deviations)
            .mean()
            .item(),
            "least_share": shares.min().item(),
            "greatest_share": shares.max().item(),
        }
        if requested is not None:
            found["class_accuracy"] = (predicted == requested).double().mean().item()
        return {name: round(value, 4) for name, value in found.items()}

    def _frechet(self, features) -> float:
        real, fake = (one.double().cpu().numpy() for one in (self._real, features))
        first, second = (np.cov(one, rowvar=False) for one in (real, fake))
        values, vectors = np.linalg.eigh(first)
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        shared = np.linalg.eigvalsh(root @ second @ root)
        between = ((real.mean(0) - fake.mean(0)) ** 2).sum()
        common = 2 * np.sqrt(np.maximum(shared, 0)).sum()
        return float(between + np.trace(first) + np.trace(second) - common)


def allow_tf32(allowed: bool) -> None:
    """In training; figures are computed in float32."""
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def train(plan, images, labels) -> list[Run]:
    """The runs of the plan's lines, trained beside each other to their ends."""
    allow_tf32(True)
    runs = []
    for given in plan:
        runs.append(Run(given, images, labels))
        runs[-1].capture()
    for number in range(max(run.recipe["steps"] for run in runs) // STEPS):
        for run in runs:
            if number * STEPS < run.recipe["steps"]:
                run.replay()
    torch.cuda.synchronize()
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=pathlib.Path)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="is appended to")
    parser.add_argument("--classifier", default=CLASSIFIER)
    parser.add_argument("--at_once", type=int, default=32, help="runs beside each other")
    given = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    with np.load(given.mnist) as data:
        images, labels, test_images, test_labels = (
            torch.from_numpy(data[name]).to("cuda") for name in ("x", "y", "tx", "ty")
        )
    labels, test_labels = labels.long(), test_labels.long()
    allow_tf32(False)
    evaluator = Evaluator(given.classifier, test_images, test_labels)
    plan = [
        {name: value for name, value in json.loads(line).items() if name in RECIPE}
        for line in given.plan.read_text().splitlines()
    ]
    for start in range(0, len(plan), given.at_once):
        lines = plan[start : start + given.at_once]
        began = time.perf_counter()
        runs = train(lines, images, labels)
        seconds = time.perf_counter() - began
        steps = sum(run.recipe["steps"] for run in runs)
        print(f"{len(runs)} runs: {1e3 * seconds / steps:.3f} ms a step of one")
        allow_tf32(False)
        with given.out.open("a") as file:
            for line, run in zip(lines, runs, strict=True):
                requested = None if run.recipe["mode"] == "dcgan" else test_labels
                found = {
                    f"latents x {scale}": evaluator.figures(
                        run.sample(test_labels, scale), requested
                    )
                    for scale in SCALES
                }
                file.write(json.dumps({**line, **found}) + "\n")
        del runs
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
