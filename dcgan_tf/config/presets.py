"""What tells the modes apart, as values: hyperparameters and their sources.

A preset names the networks of a mode that `gans.build` builds.  `defaults` and settings are
values of the `Config` fields of the same names.  Four choices bring settings of their own:
the architecture, the adversarial loss, the update rule, and what the run's length is
counted in.  A setting that none of a run's choices brings is one that the run does not
have.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES, WEIGHTS

DIGITS = "digits"  # scikit-learn's 1,797 bundled digits
MNIST_LIKE = ("mnist", "fashion_mnist", "kmnist")  # 60,000 images, 28x28x1, 10 classes
AUTO = "auto"  # what the machine decides: the data set, the precision

Settings = Mapping[str, Any]

# Constant rates, penalties and EMA at each step: as all flagfiles have it.
CONSTANT = {
    "beta_2": 0.999,
    "lr_decay_images": 0,
    "lr_final_share": 0.0,
    "r1_interval": 1,
    "r1_decay_images": 0,
    "r1_final_share": 0.0,
    "ema_interval": 1,
}

# On 1,500 images an epoch has few steps, and the discriminator overfits: smaller batches,
# translated images and a short EMA.
ON_DIGITS = {"batch_size": 32, "epochs": 45, "max_translation": 1, "ema_half_life": 5_000}


def on_own_images(height: int, width: int) -> dict[str, Any]:
    """What differs on any other data set: few images, of any size.

    A length in steps, because an epoch of few images is over in seconds.  Translations of
    real images and fakes by up to an eighth (DiffAugment: Zhao et al. 2020), without which
    the discriminator learns few images by heart.  R1's weight is in proportion to the
    pixels, as in StyleGAN2-ADA (Karras et al. 2020, appendix C): 1 at 32x32.
    """
    return {
        "max_translation": min(height, width) // 8,
        "augment_fakes": True,
        "steps": 10_000,
        "r1_weight": round(height * width / 1024, 3),
        "ema_half_life": 5_000,
    }


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Networks, and the settings that suit them.

    mnist, digits: what it has besides on MNIST_LIKE, and on DIGITS
    any_size: whether it takes other images than 28x28x1; on any other data set it has the
              settings of `on_own_images`
    """

    source: str
    settings: Settings
    mnist: Settings = dataclasses.field(default_factory=dict)
    digits: Settings = dataclasses.field(default_factory=dict)
    any_size: bool = False


@dataclasses.dataclass(frozen=True)
class Preset:
    conditional: bool  # the generator makes the class that it is asked for
    architectures: Mapping[str, Architecture]  # the first is the default
    defaults: Settings

    def default_values(
        self, overrides: Settings, dataset: str, height: int = 32, width: int = 32
    ) -> dict[str, Any]:
        """Values of all settings of a run on `dataset`, given what `overrides` choose.

        dataset: its name or path; "" for MNIST's settings
        height, width: of its images

        Those of `overrides` themselves are not among them, but for the choices.
        """
        architecture = overrides.get("architecture", next(iter(self.architectures)))
        chosen = self.architectures[architecture]
        chosen_of = {
            name: overrides.get(name, next(iter(choices)))
            for name, choices in CHOICES.items()
        }
        loss, rule = chosen_of["adversarial_loss"], chosen_of["update_rule"]
        of_losses = CHOICES["adversarial_loss"]
        of_dataset: Settings = {}
        if dataset in ("", AUTO, *MNIST_LIKE):
            of_dataset = chosen.mnist
        elif dataset == DIGITS:
            of_dataset = {**ON_DIGITS, **chosen.digits}
        elif chosen.any_size:
            of_dataset = on_own_images(height, width)
        steps = overrides.get("steps")
        if steps is None and overrides.get("epochs") is None:
            steps = of_dataset.get("steps")
        length = "epochs" if steps is None else "steps"
        values = {
            **COMMON,
            **of_losses[loss],
            **self.defaults,
            **chosen.settings,
            **of_dataset,
            **UPDATE_RULES[rule],
            **LENGTHS[length],
            "architecture": architecture,
            **chosen_of,
        }
        for brings in of_losses.values():
            for name in brings.keys() - of_losses[loss].keys():
                values.pop(name, None)
        values.pop("epochs" if length == "steps" else "steps", None)
        if length == "steps":
            values["steps"] = steps
        return values


COMMON = {
    **CONSTANT,
    "seed": 0,
    "latent_dim": 100,
    "r1_weight": 0.0,
    "r2_weight": 0.0,
    "max_translation": 0,
    "flip": False,
    "augment_fakes": False,
    "class_balance": "data",
    "ema_half_life": 0,
    "deterministic": False,
    "precision": AUTO,
    "checkpoint_minutes": 5.0,
    "keep_checkpoints": 3,
    "keep_frames": 500,
    "evaluate_every": 0,
    "steps_per_execution": 0,
    "test_losses": False,
    "preview_rows": 10,
}

UPDATE_RULES = {
    "paired": {},
    "alternating": {
        "discriminator_update": "mixed",
        "d_step_batchnorm": "inference",
        "g_batch_multiplier": 2,
        "resample_latents": True,
    },
}

# What each value of a setting brings: settings, and their defaults.
CHOICES: Mapping[str, Mapping[str, Settings]] = {
    "adversarial_loss": {n: loss().settings for n, loss in ADVERSARIAL_LOSSES.items()},
    "update_rule": UPDATE_RULES,
}

LENGTHS = {
    "epochs": {"checkpoint_every": 15},
    "steps": {"log_every_steps": 200, "checkpoint_every_steps": 1000},
}

CONDITIONAL = {"preview_real": False, "preview_classes": ""}
# What settings that were added later are in a config.json that lacks them, if the run has
# such a setting.
ADDED = {
    "flip": False,
    "augment_fakes": False,
    "class_balance": "data",
    "preview_classes": "",
    **CONSTANT,
}
FUSION = {"label_fusion": "multiply"}

# What the default presets share; experiments/defaults and experiments/recipes tell how it
# was found.
COMPACT = {
    "batch_size": 64,
    "epochs": 10,
    "learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-3,
    "beta_1": 0.5,
    "latent_prior": "normal",
    "negative_slope": 0.2,
    "dropout_rate": 0.0,
}

COMPACT_ON_DIGITS = {"epochs": 90, "r1_weight": 1.0}

# Of ten epochs of MNIST the first nine.
MOST_OF_MNIST = 540_000

COMPACT_ON_MNIST = {
    # 1 leaves the discriminators of dcgan and cgan nearly undecided.
    "r1_weight": 0.1,
    "ema_half_life": 100_000,
    # Lazy regularisation (Karras et al. 2020, StyleGAN2, section 3.1); the EMA alike.
    "r1_interval": 4,
    "ema_interval": 4,
}

CONDITIONAL_ON_MNIST = {
    **COMPACT_ON_MNIST,
    "lr_decay_images": MOST_OF_MNIST,
    "lr_final_share": 0.25,
    "beta_2": 0.99,
    "ema_half_life": 20_000,
    # Multiplied, recall is 0.1 lower: experiments/recipes/README.md.
    "label_fusion": "concatenate",
}

TUTORIAL = {
    "batch_size": 256,
    "epochs": 50,
    "learning_rate": 1e-4,
    "discriminator_learning_rate": 1e-4,
    "beta_1": 0.9,
    "latent_prior": "normal",
    "negative_slope": 0.3,
    "dropout_rate": 0.3,
}

MAXOUT = {
    "batch_size": 100,
    "epochs": 50,
    "learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-3,
    "beta_1": 0.5,
    "latent_prior": "normal",
    "negative_slope": 0.2,
    "dropout_rate": 0.0,
    # The generator begins with grey images, which a free discriminator tells at once; then
    # the generator learns to ignore its latents: experiments/README.md.
    "r1_weight": 10.0,
    "ema_half_life": 10_000,
    # Small matrices: bfloat16 costs more in casts than it saves.
    "precision": "float32",
}

KERAS_2018 = {
    "batch_size": 100,
    "epochs": 100,
    "learning_rate": 2e-4,
    "discriminator_learning_rate": 2e-4,
    "beta_1": 0.5,
    "latent_prior": "uniform",
    "negative_slope": 0.2,
    "dropout_rate": 0.3,
    # One-sided smoothing; the example's generator aims at the same 0.95.
    "real_label": 0.95,
    "generator_label": 0.95,
    # Means over one batch of B real and B fake images: 1/2 of each half's mean.
    "d_weight_real": 0.5,
    "d_weight_fake": 0.5,
    # Published as weights 2 and 0 in that same mean: 2/2 and 0/2.
    "d_class_weight_real": 1.0,
    "d_class_weight_fake": 0.0,
    "g_class_weight": 1.0,
    "class_head": "ac",
    "fake_label_source": "uniform",
    **FUSION,
}

HARD_LABELS = {"real_label": 1.0, "generator_label": 1.0}
OURS = "this package"

PRESETS = {
    "dcgan": Preset(
        conditional=False,
        architectures={
            "compact": Architecture(
                OURS,
                COMPACT,
                # Each brings 0.02 of coverage: 0 in place of 0.5, and five more epochs.
                {**COMPACT_ON_MNIST, "beta_1": 0.0, "epochs": 15},
                COMPACT_ON_DIGITS,
                any_size=True,
            ),
            "tf_tutorial": Architecture("the DCGAN tutorial of tensorflow.org", TUTORIAL),
        },
        defaults={},
    ),
    "cgan": Preset(
        conditional=True,
        architectures={
            "compact": Architecture(
                OURS,
                {**COMPACT, **FUSION},
                CONDITIONAL_ON_MNIST,
                COMPACT_ON_DIGITS,
                any_size=True,
            ),
            "maxout": Architecture(
                "Mirza & Osindero 2014; optimizer, rates, batch, latents and R1 are ours",
                MAXOUT,
                # After 5,500 steps one class was still wrong, after 10,000 none.
                digits={"epochs": 250, "ema_half_life": 10_000},
            ),
            "tf_tutorial": Architecture(
                "the DCGAN tutorial of tensorflow.org, with the label; rates are ours",
                {
                    **TUTORIAL,
                    "batch_size": 100,
                    "learning_rate": 2e-4,
                    "discriminator_learning_rate": 2e-4,
                    "beta_1": 0.5,
                    "ema_half_life": 10_000,
                    **FUSION,
                },
            ),
        },
        defaults={"fake_label_source": "batch", **CONDITIONAL},
    ),
    "acgan": Preset(
        conditional=True,
        architectures={
            "compact": Architecture(
                OURS,
                {
                    **COMPACT,
                    **FUSION,
                    "d_class_weight_real": 1.0,
                    "d_class_weight_fake": 0.0,
                    "g_class_weight": 1.0,
                    "class_head": "twin",
                    "fake_label_source": "batch",
                },
                {
                    **CONDITIONAL_ON_MNIST,
                    # With 0.1 throughout the digits of a class are more alike.
                    "r1_weight": 1.0,
                    "r1_decay_images": MOST_OF_MNIST,
                    "r1_final_share": 0.1,
                },
                COMPACT_ON_DIGITS,
                any_size=True,
            ),
            "keras_2018": Architecture(
                "the ACGAN example of Keras, 2018, but for its update rule", KERAS_2018
            ),
            "keras_gan": Architecture(
                "the ACGAN of Keras-GAN, but for its update rule",
                {
                    **KERAS_2018,
                    **HARD_LABELS,
                    **WEIGHTS,
                    "batch_size": 32,
                    "latent_prior": "normal",
                    "dropout_rate": 0.25,
                    "d_class_weight_fake": 1.0,
                    # Without, two threads do not always sum in the same order here.
                    "deterministic": True,
                },
            ),
            "keras_2017": Architecture(
                "the ACGAN example of Keras, 2017, but for its update rule",
                {
                    **KERAS_2018,
                    **HARD_LABELS,
                    "epochs": 50,
                    "learning_rate": 5e-5,
                    "discriminator_learning_rate": 5e-5,
                    "negative_slope": 0.3,
                    "d_class_weight_real": 0.5,
                    "d_class_weight_fake": 0.5,
                },
            ),
        },
        defaults=CONDITIONAL,
    ),
}
