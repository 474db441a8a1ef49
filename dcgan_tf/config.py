"""Config: every choice that defines a run, with its bounds, help and kind."""

import dataclasses
from collections.abc import Mapping

from dcgan_tf import errors
from dcgan_tf.recipes import RECIPES

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
    """A run.  None stands in fields that the run's mode does not have."""

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
        "of the discriminator's slope at real images in its loss (R1)"
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
    epochs: int = _field(
        LENGTH, "passes over the training images", minimum=1, maximum=10_000_000
    )
    checkpoint_every: int = _field(
        LENGTH, "epochs from one checkpoint to the next", minimum=1, maximum=10_000_000
    )
    keep_checkpoints: int = _field(
        LENGTH,
        "checkpoints kept, the newest, beside one of an interruption",
        minimum=1,
        maximum=10_000,
    )

    @property
    def conditional(self) -> bool:
        return RECIPES[self.mode].conditional

    @property
    def losses(self) -> str:
        return RECIPES[self.mode].losses


FIELDS = {field.name: field for field in dataclasses.fields(Config)}


def parse(name: str, text: str) -> object:
    """The field's value from a flag's text, or ValueError that says what is allowed."""
    number = _number_type(FIELDS[name])
    try:
        value = number(text) if number else text
    except ValueError:
        value = text  # which `check` refuses in its own words
    return check(name, value)


def check(name: str, value: object) -> object:
    """`value` itself if the field may have it, or ValueError that says what is allowed."""
    field = FIELDS[name]
    number = _number_type(field)
    if number is None:
        return _check_word(field, value)
    low, above, high = (field.metadata[key] for key in ("minimum", "above", "maximum"))
    right_type = isinstance(value, (int, number)) and not isinstance(value, bool)
    # Written so that NaN fails.
    if not (
        right_type and value <= high and (value > above if low is None else value >= low)
    ):
        kind = "a whole number" if number is int else "a number"
        lower = f"at least {low:g}" if above is None else f"above {above:g}"
        raise ValueError(f"must be {kind} {lower} and at most {high:,}")
    return number(value)


def _number_type(field: dataclasses.Field) -> type | None:
    return next((kind for kind in (int, float) if field.type in (kind, kind | None)), None)


def _check_word(field: dataclasses.Field, value: object) -> str:
    choices = field.metadata["choices"]
    if not isinstance(value, str) or not value:
        raise ValueError("must be a word")
    if choices and value not in choices:
        near = errors.near_matches(value, choices)
        raise ValueError(f"must be one of {', '.join(choices)}{near}")
    return value


def check_said(said: Mapping[str, object]) -> None:
    """UsageError for a setting or an architecture that the mode does not have."""
    mode = said.get("mode", DEFAULT_MODE)
    recipe = RECIPES[mode]
    for name in (
        said.keys() - recipe.default_values(dataset="").keys() - {"mode", "dataset"}
    ):
        having = [m for m, r in RECIPES.items() if name in r.defaults]
        raise errors.UsageError(
            f"--{name}={said[name]}: --mode={mode} has no such setting; "
            f"only {', '.join(having)}"
        )
    if said.get("architecture", recipe.architectures[0]) not in recipe.architectures:
        raise errors.UsageError(
            f"--architecture={said['architecture']}: --mode={mode} has only "
            f"{', '.join(recipe.architectures)}"
        )


def new(said: Mapping[str, object], dataset: str, classes: int) -> Config:
    """The Config of a new run: what the user said, and the mode's defaults for the rest."""
    check_said(said)
    mode = said.get("mode", DEFAULT_MODE)
    values = {"mode": mode, **RECIPES[mode].default_values(dataset)}
    if "learning_rate" in said:
        values["discriminator_learning_rate"] = said["learning_rate"]
    values.update(said, dataset=dataset, classes=classes)
    return Config(**{name: values.get(name) for name in FIELDS})


def differences(saved: Config, said: Mapping[str, object]) -> list[str]:
    """What `said` would change of a run that cannot change, a phrase for each."""
    return [
        f"--{name}={value} (the run has {getattr(saved, name)})"
        for name, value in said.items()
        if FIELDS[name].metadata["kind"] != LENGTH and getattr(saved, name) != value
    ]


def from_json(values: object) -> Config:
    """A Config from what a config.json holds; ValueError says what is wrong with it."""
    if not isinstance(values, dict):
        raise ValueError("holds no settings")
    if values.keys() != FIELDS.keys():
        odd = ", ".join(sorted(map(str, values.keys() ^ FIELDS.keys())))
        raise ValueError(f"unknown or missing settings: {odd}")
    checked = {"mode": _named(check, "mode", values["mode"])}
    recipe = RECIPES[checked["mode"]]
    own = {*recipe.default_values(""), "mode", "dataset", "classes"}
    for name, value in values.items():
        if name in own:
            checked[name] = _named(check, name, value)
        elif value is None:
            checked[name] = None
        else:
            raise ValueError(f"{name} means nothing to mode {checked['mode']}")
    if checked["architecture"] not in recipe.architectures:
        raise ValueError(f"mode {checked['mode']} has no architecture of that name")
    return Config(**checked)


def _named(function, name, value):
    try:
        return function(name, value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
