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

from dcgan_tf.config.formulas import MNIST, Data, Recipe
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.support import errors, package

DIGITS = "digits"  # scikit-learn's 1,797 bundled digits
MNIST_LIKE = ("mnist", "fashion_mnist", "kmnist")  # 60,000 images, 28x28x1, 10 classes
OURS = ("compact2", "compact")  # this package's own
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
    **dict(augment_target=0.0, augment_policy="translation"),
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

# Of published networks on 1,500 images: smaller batches, translated images, a short EMA.
ON_DIGITS = dict(batch_size=32, epochs=45, max_translation=1, ema_half_life=5_000)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Networks, and the settings that suit them.

    recipe: from which other settings follow by formulas; None: they are for 28x28x1 alone,
            and `digits` has what differs on DIGITS
    """

    source: str
    settings: Settings
    recipe: Recipe | None = None
    digits: Settings = dataclasses.field(default_factory=dict)

    def on(self, data: Data, overrides: Settings) -> dict[str, Any]:
        """Returns all settings of the architecture on images, beside a user's."""
        if self.recipe:
            return {**self.settings, **self.recipe.settings(data, overrides)}
        on_digits = {**ON_DIGITS, **self.digits} if data.name == DIGITS else {}
        return {**self.settings, **on_digits}


@dataclasses.dataclass(frozen=True)
class Preset:
    conditional: bool  # the generator makes the requested class
    architectures: Mapping[str, Architecture]
    defaults: Settings

    @property
    def usual(self) -> str:
        """The default architecture: the first."""
        return next(iter(self.architectures))

    def default_values(self, overrides: Settings, data: Data = MNIST) -> dict[str, Any]:
        """Returns the defaults beside `overrides`."""
        architecture = overrides.get("architecture", self.usual)
        own = self.architectures[architecture].on(data, overrides)
        in_steps = "steps" in own and overrides.get("epochs") is None
        length = "steps" if overrides.get("steps") is not None or in_steps else "epochs"
        chosen = {n: overrides.get(n, next(iter(CHOICES[n]))) for n in CHOICES}
        tables = [(LENGTHS, length), *((CHOICES[n], chosen[n]) for n in CHOICES)]
        brought = {n: v for table, choice in tables for n, v in table[choice].items()}
        all_names = {n for table, _ in tables for brings in table.values() for n in brings}
        values = {**COMMON, **brought, **self.defaults, **own}
        values |= {"architecture": architecture, **chosen}
        absent = all_names - brought.keys()
        return {name: value for name, value in values.items() if name not in absent}


# The default presets': experiments/defaults and experiments/recipes tell how found.
# R1 and the EMA at every fourth step: lazy regularisation (Karras et al. 2020, StyleGAN2,
# section 3.1).
OURS_ALL = dict(r1_interval=4)
# Of few large images cgan multiplies: see formulas.
CLASSES = dict(lr_final_share=0.25, beta_2=0.99, label_fusion="concatenate")


# With 0.1 as R1's weight throughout, the digits of a class are more alike.  A batch of 128
# has a dozen of each, whose spread the discriminator sees.  A rate of 2e-3 diverged.
ACGAN_RECIPE = Recipe(600_000, 1 / 30, batch_size=128, r1_weight=1.0)
ACGAN = dict(
    **dict(learning_rate=1.4e-3, discriminator_learning_rate=1.4e-3, class_head="adc"),
    **dict(d_class_weight_real=1.0, d_class_weight_fake=0.0, g_class_weight=1.0),
    fake_label_source="batch",
)


def _ours(recipe: Recipe, *names: str, **settings: Any) -> dict[str, Architecture]:
    of_all = Architecture("this package", {**OURS_ALL, **settings}, recipe)
    return dict.fromkeys(names, of_all)


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
            # 0 as beta_1 in place of 0.5, and more images: each brings 0.02 of coverage.
            **_ours(Recipe(900_000, 1 / 9, falls=False), "compact", beta_1=0.0),
            "tf_tutorial": Architecture(
                "the DCGAN tutorial of tensorflow.org", published("dcgan_tutorial")
            ),
        },
        defaults={},
    ),
    "cgan": Preset(
        conditional=True,
        architectures={
            **_ours(Recipe(540_000, 5 / 54, multiplied=True), *OURS, **CLASSES),
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
            **_ours(ACGAN_RECIPE, *OURS, **CLASSES, **ACGAN),
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
