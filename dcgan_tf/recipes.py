"""What tells the modes apart, as values: hyperparameters and their sources.

A recipe names the networks and losses that `gans.py` builds.  `defaults` and settings are
values of the `Config` fields of the same names.  Three choices bring settings of their
own: the architecture, the schedule of the updates, and what the run's length is counted
in.  A setting that none of a run's choices brings is one that the run does not have.
"""

import dataclasses
from collections.abc import Mapping

DIGITS = "digits"  # scikit-learn's 1,797 bundled digits; see datasets.py
AUTO = "auto"  # what the machine decides: the data set, the precision

Settings = Mapping[str, object]

# On 1,500 images an epoch has few steps, and the discriminator knows them all by heart:
# smaller batches, shifted images and a generator that averages out the last steps.
ON_DIGITS = {
    "batch_size": 32,
    "epochs": 45,
    "shift": 1,
    "average_half_life": 5_000,
}


@dataclasses.dataclass(frozen=True)
class Architecture:
    source: str
    settings: Settings  # what comes with it
    digits: Settings = dataclasses.field(default_factory=dict)  # and, on DIGITS, these


@dataclasses.dataclass(frozen=True)
class Recipe:
    conditional: bool  # the generator draws the class that it is asked for
    architectures: Mapping[str, Architecture]  # the first is the default
    losses: str
    defaults: Settings

    def default_values(self, said: Settings, dataset: str) -> dict[str, object]:
        """Values of all fields that a run on `dataset` has, given the choices in `said`."""
        name = said.get("architecture", next(iter(self.architectures)))
        architecture = self.architectures[name]
        schedule = said.get("schedule", next(iter(SCHEDULES)))
        length = "epochs" if said.get("steps") is None else "steps"
        values = {
            **COMMON,
            **self.defaults,
            **architecture.settings,
            **({**ON_DIGITS, **architecture.digits} if dataset == DIGITS else {}),
            **SCHEDULES.get(schedule, {}),
            "architecture": name,
            "schedule": schedule,
        }
        epochs = values.pop("epochs")
        count = {"epochs": epochs} if length == "epochs" else {"steps": said["steps"]}
        return {**values, **count, **LENGTHS[length]}


COMMON = {
    "seed": 0,
    "noise_size": 100,
    "gradient_penalty": 0.0,
    "shift": 0,
    "average_half_life": 0,
    "deterministic": False,
    "precision": AUTO,
    "checkpoint_minutes": 5.0,
    "keep_checkpoints": 3,
    "frames_kept": 500,
    "evaluate_every": 0,
    "steps_per_call": 0,
    "evaluate_losses": False,
    "sample_rows": 10,
}

# The settings of the schedule alone; `step.py` says what the words mean.
SCHEDULES = {
    "paired": {},
    "alternating": {
        "discriminator_update": "mixed",
        "discriminator_fakes": "inference",
        "generator_batches": 2,
        "generator_noise": "fresh",
    },
}

LENGTHS = {
    "epochs": {"checkpoint_every": 15},
    "steps": {"sample_every_steps": 200, "checkpoint_every_steps": 1000},
}

CONDITIONAL = {"sample_real": False}
FUSION = {"label_fusion": "multiply"}

HARD_TARGETS = {"real_target": 1.0, "generator_target": 1.0}
# The discriminator minimises the sum of its two terms, not their mean.
PLAIN_LOSS = {**HARD_TARGETS, "real_weight": 1.0, "fake_weight": 1.0}

# What the default recipes share; experiments/defaults/README.md tells how it was found.
COMPACT = {
    "batch_size": 64,
    "epochs": 10,
    "learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-3,
    "beta_1": 0.5,
    "noise": "normal",
    "leaky_slope": 0.2,
    "dropout": 0.0,
    **PLAIN_LOSS,
    # 1 leaves the discriminators of dcgan and cgan nearly undecided on MNIST.
    "gradient_penalty": 0.1,
    "average_half_life": 100_000,
}

COMPACT_ON_DIGITS = {"epochs": 90, "gradient_penalty": 1.0}

TUTORIAL = {
    "batch_size": 256,
    "epochs": 50,
    "learning_rate": 1e-4,
    "discriminator_learning_rate": 1e-4,
    "beta_1": 0.9,
    "noise": "normal",
    "leaky_slope": 0.3,
    "dropout": 0.3,
    **PLAIN_LOSS,
}

MAXOUT = {
    "batch_size": 100,
    "epochs": 50,
    "learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-3,
    "beta_1": 0.5,
    "noise": "normal",
    "leaky_slope": 0.2,
    "dropout": 0.0,
    **PLAIN_LOSS,
    # The generator begins with grey images, which a free discriminator tells at once; then
    # the generator learns to ignore its noise: experiments/README.md.
    "gradient_penalty": 10.0,
    "average_half_life": 10_000,
    # Small matrices: bfloat16 costs more in casts than it saves.
    "precision": "float32",
}

KERAS_ACGAN = {
    "batch_size": 100,
    "epochs": 100,
    "learning_rate": 2e-4,
    "discriminator_learning_rate": 2e-4,
    "beta_1": 0.5,
    "noise": "uniform",
    "leaky_slope": 0.2,
    "dropout": 0.3,
    # One-sided smoothing; the example's generator aims at the same 0.95.
    "real_target": 0.95,
    "generator_target": 0.95,
    # Means over one batch of B real and B fake images: 1/2 of each half's mean.
    "real_weight": 0.5,
    "fake_weight": 0.5,
    # Published as weights 2 and 0 in that same mean: 2/2 and 0/2.
    "auxiliary_real_weight": 1.0,
    "auxiliary_fake_weight": 0.0,
    "auxiliary_generator_weight": 1.0,
    "auxiliary_twin": False,
    "fake_labels": "random",
    **FUSION,
}

OURS = "this package (experiments/defaults/README.md)"

RECIPES = {
    "dcgan": Recipe(
        conditional=False,
        architectures={
            "compact": Architecture(OURS, COMPACT, COMPACT_ON_DIGITS),
            "convolutional": Architecture("the DCGAN tutorial of tensorflow.org", TUTORIAL),
        },
        losses="adversarial",
        defaults={},
    ),
    "cgan": Recipe(
        conditional=True,
        architectures={
            "compact": Architecture(OURS, {**COMPACT, **FUSION}, COMPACT_ON_DIGITS),
            "maxout": Architecture(
                "Mirza & Osindero 2014; optimizer, rates, batch, noise and R1 are ours",
                MAXOUT,
                # After 5,500 steps one class was still wrong, after 10,000 none.
                digits={"epochs": 250, "average_half_life": 10_000},
            ),
            "convolutional": Architecture(
                "the DCGAN tutorial of tensorflow.org, seeing the label; rates are ours",
                {
                    **TUTORIAL,
                    "batch_size": 100,
                    "learning_rate": 2e-4,
                    "discriminator_learning_rate": 2e-4,
                    "beta_1": 0.5,
                    "average_half_life": 10_000,
                    **FUSION,
                },
            ),
        },
        losses="adversarial",
        defaults={"fake_labels": "real", **CONDITIONAL},
    ),
    "acgan": Recipe(
        conditional=True,
        architectures={
            "compact": Architecture(
                OURS,
                {
                    **COMPACT,
                    **FUSION,
                    # With the values of COMPACT the digits of a class are more alike.
                    "epochs": 15,
                    "gradient_penalty": 1.0,
                    "average_half_life": 20_000,
                    "auxiliary_real_weight": 1.0,
                    "auxiliary_fake_weight": 0.0,
                    "auxiliary_generator_weight": 1.0,
                    "auxiliary_twin": True,
                    "fake_labels": "real",
                },
                COMPACT_ON_DIGITS,
            ),
            "convolutional": Architecture(
                "the ACGAN example of Keras, 2018, but for its update rule", KERAS_ACGAN
            ),
            "batchnorm": Architecture(
                "the ACGAN of Keras-GAN, but for its update rule",
                {
                    **KERAS_ACGAN,
                    **PLAIN_LOSS,
                    "batch_size": 32,
                    "noise": "normal",
                    "dropout": 0.25,
                    "auxiliary_fake_weight": 1.0,
                    # Without, two threads do not always sum in the same order here.
                    "deterministic": True,
                },
            ),
            "upsampling": Architecture(
                "the ACGAN example of Keras, 2017, but for its update rule",
                {
                    **KERAS_ACGAN,
                    **HARD_TARGETS,
                    "epochs": 50,
                    "learning_rate": 5e-5,
                    "discriminator_learning_rate": 5e-5,
                    "leaky_slope": 0.3,
                    "auxiliary_real_weight": 0.5,
                    "auxiliary_fake_weight": 0.5,
                },
            ),
        },
        losses="auxiliary",
        defaults=CONDITIONAL,
    ),
}
