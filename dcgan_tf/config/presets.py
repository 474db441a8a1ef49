"""What tells the modes apart, as values of `Config` fields: hyperparameters and sources.

Four choices bring settings of their own: the architecture, the adversarial loss, the update
rule, and what the run's length is counted in.  A setting that none of a run's choices
brings is one that the run does not have.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.support import errors, package

DIGITS = "digits"  # scikit-learn's 1,797 bundled digits
MNIST_LIKE = ("mnist", "fashion_mnist", "kmnist")  # 60,000 images, 28x28x1, 10 classes
# This package's own: the default of cgan and acgan on MNIST, and of all on other sets.
OURS = ("compact2", "compact")
AUTO = "auto"  # what the machine decides: the data set, the precision

Settings = Mapping[str, Any]

_FOLDER = package.FOLDER / "flagfiles"
FLAGFILES = {path.stem: path for path in sorted(_FOLDER.glob("*.flags"))}
# What published networks bring without their flagfile: not its update rule, nor its log.
PUBLISHED = """
    batch_size epochs learning_rate discriminator_learning_rate beta_1 r1_weight
    latent_prior negative_slope dropout_rate label_fusion fake_label_source class_head
    real_label generator_label d_weight_real d_weight_fake
    d_class_weight_real d_class_weight_fake g_class_weight
""".split()

_IN_TURN = dict(d_step_batchnorm="inference", g_batch_multiplier=2, resample_latents=True)
UPDATE_RULES: Mapping[str, Settings] = {
    "paired": {},
    "alternating": _IN_TURN,
    "separate": _IN_TURN,
}

LENGTHS: Mapping[str, Settings] = {
    "epochs": dict(epochs=10, checkpoint_every=15),
    "steps": dict(steps=10_000, log_every_steps=200, checkpoint_every_steps=1000),
}

# What each choice of a setting brings, the default first: settings, and their defaults.
CHOICES: Mapping[str, Mapping[str, Settings]] = {
    "adversarial_loss": {n: loss().settings for n, loss in ADVERSARIAL_LOSSES.items()},
    "update_rule": UPDATE_RULES,
}

# Constant rates, penalties and EMA at each step: as all flagfiles have it.
CONSTANT = dict(
    **dict(beta_2=0.999, decay_images=0, lr_final_share=0.0),
    **dict(r1_interval=1, r1_final_share=1.0),
)

COMMON = dict(
    **CONSTANT,
    **dict(fit="crop", resample="smooth"),
    **dict(max_translation=0, flip=False, augment_fakes=False, class_balance="data"),
    **dict(latent_dim=100, latent_prior="normal", negative_slope=0.2, dropout_rate=0.0),
    **dict(ema_half_life=0, precision=AUTO, r1_weight=0.0, r2_weight=0.0),
    **dict(learning_rate=1e-3, discriminator_learning_rate=1e-3, beta_1=0.5),
    **dict(deterministic=False, seed=0, checkpoint_minutes=5.0, keep_checkpoints=3),
    **dict(keep_frames=500, preview_rows=10, evaluate_every=0, test_losses=False),
    steps_per_execution=0,
)

CONDITIONAL = dict(preview_real=False, preview_classes="")

# The settings that came after version 0.2, and what they are in a config.json without them.
ADDED = dict(
    **dict(**CONSTANT, flip=False, augment_fakes=False, class_balance="data"),
    **dict(preview_classes="", fit="crop", resample="smooth"),
)

# On 1,500 images an epoch has few steps, and the discriminator overfits: smaller batches,
# translated images and a short EMA.
ON_DIGITS = dict(batch_size=32, epochs=45, max_translation=1, ema_half_life=5_000)


def on_own_images(height: int, width: int) -> dict[str, Any]:
    """Returns what differs on any other data set: few images, of any size.

    An epoch of few images is over in seconds, and a discriminator learns them by heart
    unless they move (DiffAugment: Zhao et al. 2020).  R1's weight is in proportion to the
    pixels, as in StyleGAN2-ADA (Karras et al. 2020, appendix C): 1 at 32x32.
    """
    moved = dict(max_translation=min(height, width) // 8, augment_fakes=True)
    r1_weight = round(height * width / 1024, 3)
    steps = LENGTHS["steps"]["steps"]
    return dict(**moved, steps=steps, r1_weight=r1_weight, ema_half_life=5_000)


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

    def on(self, dataset: str, height: int, width: int) -> Settings:
        """Returns what the architecture has besides on a data set."""
        if dataset in ("", AUTO, *MNIST_LIKE):
            return self.mnist
        if dataset == DIGITS:
            return {**ON_DIGITS, **self.digits}
        return on_own_images(height, width) if self.any_size else {}


@dataclasses.dataclass(frozen=True)
class Preset:
    conditional: bool  # the generator makes the requested class
    architectures: Mapping[str, Architecture]
    defaults: Settings

    def usual(self, dataset: str) -> str:
        """Returns the default architecture: on MNIST the first, on other sets compact."""
        tuned = dataset in ("", AUTO, *MNIST_LIKE)
        return next(iter(self.architectures)) if tuned else "compact"

    def default_values(
        self, overrides: Settings, dataset: str, height: int = 32, width: int = 32
    ) -> dict[str, Any]:
        """Returns the defaults beside `overrides`; dataset: a name, or "" for MNIST's."""
        architecture = overrides.get("architecture", self.usual(dataset))
        networks = self.architectures[architecture]
        of_dataset = networks.on(dataset, height, width)
        in_steps = "steps" in of_dataset and overrides.get("epochs") is None
        length = "steps" if overrides.get("steps") is not None or in_steps else "epochs"
        chosen = {n: overrides.get(n, next(iter(CHOICES[n]))) for n in CHOICES}
        tables = [(LENGTHS, length), *((CHOICES[n], chosen[n]) for n in CHOICES)]
        brought = {n: v for table, choice in tables for n, v in table[choice].items()}
        all_names = {n for table, _ in tables for brings in table.values() for n in brings}
        values = {**COMMON, **brought, **self.defaults, **networks.settings, **of_dataset}
        values |= {"architecture": architecture, **chosen}
        absent = all_names - brought.keys()
        return {name: value for name, value in values.items() if name not in absent}


# The default presets': experiments/defaults and experiments/recipes tell how found.
COMPACT_ACGAN = dict(
    **dict(label_fusion="multiply", class_head="twin", fake_label_source="batch"),
    **dict(d_class_weight_real=1.0, d_class_weight_fake=0.0, g_class_weight=1.0),
)

# 1 as R1's weight leaves the discriminators of dcgan and cgan nearly undecided.  Lazy
# regularisation (Karras et al. 2020, StyleGAN2, section 3.1); the EMA alike.
COMPACT_ON_MNIST = dict(r1_weight=0.1, r1_interval=4, ema_half_life=100_000)

# 0 as beta_1 in place of 0.5, and five more epochs: each brings 0.02 of coverage.
DCGAN_ON_MNIST = {**COMPACT_ON_MNIST, "beta_1": 0.0, "epochs": 15}

# Where the class is multiplied, recall is 0.1 lower: experiments/recipes/README.md.
FALLING_ON_MNIST = {
    **COMPACT_ON_MNIST,
    **dict(lr_final_share=0.25, beta_2=0.99, label_fusion="concatenate"),
}
# Rates fall over 90 % of the run.
CGAN_ON_MNIST = {
    **FALLING_ON_MNIST,
    **dict(epochs=9, decay_images=486_000, ema_half_life=50_000),
}

# With 0.1 as R1's weight throughout, the digits of a class are more alike.  A batch of 128
# has a dozen of each, whose spread the discriminator sees.  A rate of 2e-3 diverged.
ACGAN_ON_MNIST = {
    **FALLING_ON_MNIST,
    **dict(epochs=10, decay_images=540_000, ema_half_life=20_000),
    **dict(r1_weight=1.0, r1_final_share=0.1, batch_size=128, class_head="adc"),
    **dict(learning_rate=1.4e-3, discriminator_learning_rate=1.4e-3),
}


def _compact(on_mnist: Settings, **settings: Any) -> Architecture:
    settings, on_digits = dict(settings, batch_size=64), dict(epochs=90, r1_weight=1.0)
    return Architecture("this package", settings, on_mnist, on_digits, any_size=True)


def find_flagfile(name: str) -> pathlib.Path:
    """Returns the file of that name, or the one that the package carries under it."""
    path = pathlib.Path(name).expanduser()
    if not path.is_file():
        path = FLAGFILES.get(name.removesuffix(".flags"), path)
    if not path.is_file():
        raise errors.UsageError(
            f"--flagfile={name}: no such file; the package has "
            f"{', '.join(FLAGFILES)}{errors.near_matches(path.stem, FLAGFILES)}"
        )
    return path


def published(flagfile: str, **ours: Any) -> dict[str, Any]:
    """Returns the settings in PUBLISHED that a flagfile gives, and ours."""
    text = FLAGFILES[flagfile].read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("--")]
    given = dict(line.removeprefix("--").split("=") for line in lines)
    values = {name: given[name] for name in PUBLISHED if name in given}
    numbers = {n: json.loads(value) for n, value in values.items() if value[0].isdigit()}
    return {**values, **numbers, **ours}


# The tutorial's networks, given the label.
CGAN_TUTORIAL = dict(
    **dict(learning_rate=2e-4, discriminator_learning_rate=2e-4, beta_1=0.5),
    **dict(batch_size=100, ema_half_life=10_000, label_fusion="multiply"),
)

PRESETS = {
    "dcgan": Preset(
        conditional=False,
        architectures={
            "compact": _compact(DCGAN_ON_MNIST),
            "tf_tutorial": Architecture(
                "the DCGAN tutorial of tensorflow.org", published("dcgan_tutorial")
            ),
        },
        defaults={},
    ),
    "cgan": Preset(
        conditional=True,
        architectures={
            **dict.fromkeys(OURS, _compact(CGAN_ON_MNIST, label_fusion="multiply")),
            "maxout": Architecture(
                "Mirza & Osindero 2014; optimizer, rates, batch, latents and R1 are ours",
                # Small matrices: bfloat16 costs more in casts than it saves.
                published("cgan_maxout", ema_half_life=10_000, precision="float32"),
                # After 5,500 steps one class was still wrong, after 10,000 none.
                digits=dict(epochs=250, ema_half_life=10_000),
            ),
            "tf_tutorial": Architecture(
                "the DCGAN tutorial of tensorflow.org, with the label; rates are ours",
                published("dcgan_tutorial", **CGAN_TUTORIAL),
            ),
        },
        defaults=dict(**CONDITIONAL, fake_label_source="batch"),
    ),
    "acgan": Preset(
        conditional=True,
        architectures={
            **dict.fromkeys(OURS, _compact(ACGAN_ON_MNIST, **COMPACT_ACGAN)),
            "keras_2018": Architecture(
                "the ACGAN example of Keras, 2018, but for its update rule",
                published("acgan_keras"),
            ),
            "keras_gan": Architecture(
                "the ACGAN of Keras-GAN, but for its update rule",
                published("acgan_keras_gan", epochs=100, deterministic=True),
            ),
            "keras_2017": Architecture(
                "the ACGAN example of Keras, 2017, but for its update rule",
                published("acgan_keras_2017"),
            ),
        },
        defaults=CONDITIONAL,
    ),
}
