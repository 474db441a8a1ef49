"""Config: every choice that defines a run, with its bounds, help and kind."""

import dataclasses
from collections.abc import Mapping

from dcgan_tf import errors
from dcgan_tf.recipes import LENGTHS, RECIPES, SCHEDULES

RECIPE = "recipe"  # makes the run what it is: a resume may not change it
LENGTH = "length"  # how long and how often: a resume may
DERIVED = "derived"  # follows from the others: no flag

DEFAULT_MODE = "dcgan"
DEFAULT_DATASET = "auto"


def _field(kind, help_text, *, choices=None, minimum=None, above=None, maximum=None):
    bounds = {"choices": choices, "minimum": minimum, "above": above}
    metadata = {"kind": kind, "help": help_text, "maximum": maximum, **bounds}
    return dataclasses.field(metadata=metadata)


def _weight(help_text):
    return _field(RECIPE, help_text, minimum=0.0, maximum=1e6)


@dataclasses.dataclass(frozen=True)
class Config:
    """A run.  None stands in fields that the run's choices do not have."""

    mode: str = _field(RECIPE, "which GAN to train", choices=tuple(RECIPES))
    architecture: str = _field(RECIPE, "which networks of the mode")
    dataset: str = _field(
        RECIPE,
        "mnist, digits (bundled with scikit-learn), fashion_mnist, kmnist, any other "
        "28x28x1 labelled tensorflow-datasets name, or auto: mnist if prepared on disk "
        "or its host answers, else digits",
    )
    classes: int = _field(DERIVED, "classes of the data set", minimum=1, maximum=1000)
    seed: int = _field(
        RECIPE,
        "of weights, order of the data, noise and dropout",
        minimum=0,
        maximum=2**31 - 1,
    )
    batch_size: int = _field(RECIPE, "real images a step", minimum=1, maximum=1_000_000)
    learning_rate: float = _field(
        RECIPE,
        "of the generator's Adam; said alone, of the discriminator's as well",
        above=0.0,
        maximum=1.0,
    )
    discriminator_learning_rate: float = _field(
        RECIPE, "of the discriminator's Adam", above=0.0, maximum=1.0
    )
    beta_1: float = _field(
        RECIPE, "of both players' Adam: decay of the mean gradient", minimum=0.0,
        maximum=0.9999,
    )  # fmt: skip
    noise: str = _field(
        RECIPE,
        "standard normal, or uniform in [-1, 1]",
        choices=("normal", "uniform"),
    )
    noise_size: int = _field(
        RECIPE, "coordinates of a noise vector", minimum=1, maximum=10_000
    )
    leaky_slope: float = _field(
        RECIPE, "LeakyReLU's slope below zero", minimum=0.0, maximum=1.0
    )
    dropout: float = _field(
        RECIPE,
        "share of the discriminator's activations dropped",
        minimum=0.0,
        maximum=0.99,
    )
    real_target: float = _field(
        RECIPE,
        "what the discriminator should call a real image; below 1: one-sided smoothing",
        minimum=0.0,
        maximum=1.0,
    )
    generator_target: float = _field(
        RECIPE,
        "what the generator wants its images called",
        minimum=0.0,
        maximum=1.0,
    )
    real_weight: float = _weight("of the real images' term in the discriminator's loss")
    fake_weight: float = _weight("of the fakes' term in the discriminator's loss")
    auxiliary_real_weight: float | None = _weight(
        "of the real images' class term in the discriminator's loss"
    )
    auxiliary_fake_weight: float | None = _weight(
        "of the fakes' class term in the discriminator's loss"
    )
    gradient_penalty: float = _weight(
        "of half the mean squared slope of the discriminator's verdict at real images "
        "(R1), in its loss"
    )
    schedule: str = _field(
        RECIPE,
        "paired: both players move from one forward pass; alternating: the discriminator "
        "moves, then the generator against it",
        choices=tuple(SCHEDULES),
    )
    discriminator_update: str | None = _field(
        RECIPE,
        "one step on real and fake images in one mixed batch, or two separate steps",
        choices=("mixed", "separate"),
    )
    discriminator_fakes: str | None = _field(
        RECIPE,
        "what the discriminator's fakes are normalised by: moving averages, as in "
        "inference, or their batch, as in training",
        choices=("inference", "training"),
    )
    generator_batches: int | None = _field(
        RECIPE,
        "the generator's batch, as a multiple of batch_size",
        minimum=1,
        maximum=64,
    )
    generator_noise: str | None = _field(
        RECIPE,
        "whether the generator moves on fresh noise and classes, or on the same as the "
        "discriminator has seen",
        choices=("fresh", "same"),
    )
    label_fusion: str | None = _field(
        RECIPE,
        "how the class's embedding meets the noise",
        choices=("multiply", "add", "concatenate"),
    )
    fake_labels: str | None = _field(
        RECIPE,
        "classes of the fakes: those of the real batch, or drawn uniformly",
        choices=("real", "random"),
    )
    shift: int = _field(
        RECIPE,
        "augmentation: real images move by up to this many pixels each way",
        minimum=0,
        maximum=8,
    )
    average_half_life: int = _field(
        RECIPE,
        "images after which a weight counts half in the averaged generator, which is "
        "then the one that is drawn; 0: none",
        minimum=0,
        maximum=1_000_000_000,
    )
    sample_rows: int = _field(
        RECIPE, "rows of the picture that shows the training", minimum=1, maximum=100
    )
    sample_real: bool | None = _field(
        RECIPE, "real images of the same classes beside the generated ones in it"
    )
    epochs: int | None = _field(
        LENGTH, "passes over the training images", minimum=1, maximum=10_000_000
    )
    steps: int | None = _field(
        LENGTH,
        "batches of real images, instead of epochs",
        minimum=1,
        maximum=1_000_000_000,
    )
    checkpoint_every: int | None = _field(
        LENGTH, "epochs from one checkpoint to the next", minimum=1, maximum=10_000_000
    )
    sample_every_steps: int | None = _field(
        LENGTH,
        "steps from one picture and row of losses to the next",
        minimum=1,
        maximum=1_000_000_000,
    )
    checkpoint_every_steps: int | None = _field(
        LENGTH,
        "steps from one checkpoint to the next",
        minimum=1,
        maximum=1_000_000_000,
    )
    keep_checkpoints: int = _field(
        LENGTH,
        "checkpoints kept, the newest, beside one of an interruption",
        minimum=1,
        maximum=10_000,
    )
    evaluate_losses: bool = _field(
        LENGTH, "both players' losses on held-out images with each row"
    )

    @property
    def conditional(self) -> bool:
        return RECIPES[self.mode].conditional

    @property
    def losses(self) -> str:
        return RECIPES[self.mode].losses

    def on_held_out(self) -> "Config":
        """What held-out images are judged by: hard targets, classes of real and fake alike.

        The Keras examples' way: nothing smoothed, and no class term left out.
        """
        told = self.as_told()
        classes = {}
        if self.auxiliary_real_weight is not None:
            classes["auxiliary_real_weight"] = told.real_weight
            classes["auxiliary_fake_weight"] = told.fake_weight
        return dataclasses.replace(told, real_target=1.0, generator_target=1.0, **classes)

    def as_told(self) -> "Config":
        """The weights with which the terms add up to the discriminator's loss as told.

        Of two separate steps it is the mean.
        """
        if self.discriminator_update != "separate":
            return self
        names = [name for name in WEIGHTS if getattr(self, name) is not None]
        return dataclasses.replace(self, **{n: getattr(self, n) / 2 for n in names})


WEIGHTS = (
    "real_weight",
    "fake_weight",
    "auxiliary_real_weight",
    "auxiliary_fake_weight",
)
FIELDS = {field.name: field for field in dataclasses.fields(Config)}


def parse(name: str, text: str) -> object:
    """The field's value from a flag's text, or ValueError that says what is allowed."""
    kind = _type(FIELDS[name])
    try:
        value = kind(text)
    except ValueError:
        value = text  # which `check` refuses in its own words
    return check(name, value)


def check(name: str, value: object) -> object:
    """`value` itself if the field may have it, or ValueError that says what is allowed."""
    field = FIELDS[name]
    kind = _type(field)
    if kind is str:
        return _check_word(field, value)
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value
    low, above, high = (field.metadata[key] for key in ("minimum", "above", "maximum"))
    right_type = isinstance(value, (int, kind)) and not isinstance(value, bool)
    # Written so that NaN fails.
    if not (
        right_type and value <= high and (value > above if low is None else value >= low)
    ):
        noun = "a whole number" if kind is int else "a number"
        lower = f"at least {low:g}" if above is None else f"above {above:g}"
        raise ValueError(f"must be {noun} {lower} and at most {high:,}")
    return kind(value)


def _type(field: dataclasses.Field) -> type:
    kinds = (bool, int, float, str)
    return next(kind for kind in kinds if field.type in (kind, kind | None))


def _check_word(field: dataclasses.Field, value: object) -> str:
    choices = field.metadata["choices"]
    if not isinstance(value, str) or not value:
        raise ValueError("must be a word")
    if choices and value not in choices:
        near = errors.near_matches(value, choices)
        raise ValueError(f"must be one of {', '.join(choices)}{near}")
    return value


def check_said(said: Mapping[str, object]) -> None:
    """UsageError for settings that do not go together."""
    mode = said.get("mode", DEFAULT_MODE)
    recipe = RECIPES[mode]
    architecture = said.get("architecture")
    if architecture is not None and architecture not in recipe.architectures:
        raise errors.UsageError(
            f"--architecture={architecture}: --mode={mode} has only "
            f"{', '.join(recipe.architectures)}"
        )
    if said.keys() >= {"steps", "epochs"}:
        raise errors.UsageError(
            f"--steps={said['steps']} and --epochs={said['epochs']}: a run is counted in "
            "one of them; leave one out, where a flagfile says it, there"
        )
    own = recipe.default_values(said, dataset="")
    for name in sorted(said.keys() - own.keys() - {"mode", "dataset"}):
        raise errors.UsageError(f"--{name}={said[name]}: goes with {_owner(name, mode)}")
    if not _noise_fits({**own, **said}):
        raise errors.UsageError(
            "--generator_noise=same: is one batch of noise; it goes with "
            "--generator_batches=1"
        )


def _noise_fits(settings: Mapping[str, object]) -> bool:
    return settings.get("generator_noise") != "same" or settings["generator_batches"] == 1


def _owner(name: str, mode: str) -> str:
    """The choice that brings a setting which this run does not have."""
    recipe = RECIPES[mode]
    for flag, choices in (("schedule", SCHEDULES), ("architecture", recipe.architectures)):
        if having := [choice for choice, brings in choices.items() if name in brings]:
            return f"--{flag}={' or '.join(having)}"
    for length, brings in LENGTHS.items():
        if name in brings or name == length:
            return f"a run that is counted in {length} (--{length})"
    having = [
        mode
        for mode, recipe in RECIPES.items()
        if any(name in b for b in (recipe.defaults, *recipe.architectures.values()))
    ]
    return f"--mode={' or '.join(having)}"


def new(said: Mapping[str, object], dataset: str, classes: int) -> Config:
    """The Config of a new run: what the user said, and the mode's defaults for the rest."""
    check_said(said)
    mode = said.get("mode", DEFAULT_MODE)
    values = {"mode": mode, **RECIPES[mode].default_values(said, dataset)}
    if "learning_rate" in said:
        values["discriminator_learning_rate"] = said["learning_rate"]
    values.update(said, dataset=dataset, classes=classes)
    return Config(**{name: values.get(name) for name in FIELDS})


def differences(saved: Config, said: Mapping[str, object]) -> list[str]:
    """What `said` would change of a run that cannot change, a phrase for each."""
    return [
        f"--{name}={value} (the run has {_value(saved, name)})"
        for name, value in said.items()
        if getattr(saved, name) != value
        and (FIELDS[name].metadata["kind"] != LENGTH or getattr(saved, name) is None)
    ]


def _value(saved: Config, name: str) -> object:
    value = getattr(saved, name)
    return "no such setting" if value is None else value


def from_json(values: object) -> Config:
    """A Config from what a config.json holds; ValueError says what is wrong with it."""
    if not isinstance(values, dict):
        raise ValueError("holds no settings")
    if values.keys() != FIELDS.keys():
        odd = ", ".join(sorted(map(str, values.keys() ^ FIELDS.keys())))
        raise ValueError(f"unknown or missing settings: {odd}")
    checked = {
        name: None if value is None else _named(check, name, value)
        for name, value in values.items()
    }
    recipe = RECIPES[_named(check, "mode", values["mode"])]
    if checked["architecture"] not in recipe.architectures:
        raise ValueError("has an architecture that its mode lacks")
    own = {*recipe.default_values(checked, dataset=""), "mode", "dataset", "classes"}
    for name, value in checked.items():
        if (value is None) == (name in own):
            raise ValueError(f"{name} is {value}, which does not go with the rest")
    if not _noise_fits(checked):
        raise ValueError("generator_noise does not go with generator_batches")
    return Config(**checked)


def _named(function, name, value):
    try:
        return function(name, value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
