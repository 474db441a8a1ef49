"""Config: every choice that defines a run, with its type, bounds, help and kind."""

from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from dcgan_tf.config.presets import AUTO, PRESETS, UPDATE_RULES
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.losses.class_heads import CLASS_HEADS
from dcgan_tf.support import errors

# Kinds of settings.
FIXED = "fixed"  # makes the run what it is: a resume may not change it
ADJUSTABLE = "adjustable"  # how long, how often, what is kept: a resume may
DERIVED = "derived"  # follows from the data set: no flag

GROUPS = ("data", "model", "loss", "optimisation", "run")  # of --help


def _setting(group, help_text, *, kind=FIXED, common=False, default=..., **bounds):
    """`common`: whether the short --help shows it."""
    extra = {"group": group, "kind": kind, "common": common}
    return Field(default, description=help_text, json_schema_extra=extra, **bounds)


def _optional(group, help_text, **more):
    """A setting that not every run has."""
    return _setting(group, help_text, default=None, **more)


def _sources(choices) -> str:
    return ", ".join(f"{name} ({choice.source})" for name, choice in choices.items())


Weight = Annotated[float, Field(ge=0.0, le=1e6)]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Steps = Annotated[int, Field(ge=1, le=1_000_000_000)]
Epochs = Annotated[int, Field(ge=1, le=10_000_000)]


class Config(pydantic.BaseModel):
    """A run.  None stands in settings that the run's choices do not have."""

    model_config = pydantic.ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False
    )

    dataset: str = _setting(
        "data",
        "images to train on: a folder with a folder of pictures for each class, or of "
        "pictures alone; a .npz with images uint8 [N, H, W] or [N, H, W, C] and labels int "
        "[N]; mnist, digits (bundled with scikit-learn), fashion_mnist, kmnist, or the "
        "name of any other image set of tensorflow-datasets; or auto: mnist if prepared on "
        "disk or its host answers, else digits",
        common=True,
        min_length=1,
    )
    classes: int = _setting("data", "classes", kind=DERIVED, ge=1, le=1000)
    class_names: list[str] | None = _optional(
        "data", "names of the classes, where they are not numbers from 0", kind=DERIVED
    )
    height: int = _setting("data", "pixels", kind=DERIVED, ge=1, le=1024)
    width: int = _setting("data", "pixels", kind=DERIVED, ge=1, le=1024)
    channels: int = _setting("data", "1: grey, 3: RGB", kind=DERIVED, ge=1, le=3)
    max_translation: int = _setting(
        "data",
        "augmentation: pixels by which real images move at most, each way; an image's "
        "edge pixels are repeated outwards",
        ge=0,
        le=32,
    )
    flip: bool = _setting(
        "data",
        "augmentation: real images are mirrored left to right, each with probability 1/2; "
        "not for characters",
        common=True,
    )
    augment_fakes: bool = _setting(
        "data",
        "translate and flip fakes as well, before the discriminator sees them, so that the "
        "generator does not learn the augmentation (DiffAugment, Zhao et al. 2020)",
        common=True,
    )
    class_balance: Literal["data", "uniform"] = _setting(
        "data",
        "classes in the batches: as often as in the data, or equally often (uniform): an "
        "epoch has as many images, those of small classes several times",
    )

    mode: Literal[tuple(PRESETS)] = _setting("model", "which GAN to train", common=True)
    architecture: str = _setting("model", "which networks of the mode", common=True)
    latent_dim: int = _setting("model", "size of a latent vector", ge=1, le=10_000)
    latent_prior: Literal["normal", "uniform"] = _setting(
        "model", "distribution of latents: standard normal, or uniform in [-1, 1]"
    )
    label_fusion: Literal["multiply", "add", "concatenate"] | None = _optional(
        "model", "how the class's embedding is combined with the latents"
    )
    negative_slope: Share = _setting("model", "LeakyReLU's slope below zero")
    dropout_rate: float = _setting(
        "model",
        "share of the discriminator's activations that are dropped",
        ge=0.0,
        le=0.99,
    )
    ema_half_life: int = _setting(
        "model",
        "images after which a weight counts half in the generator's exponential moving "
        "average (EMA), which then generates all images that are shown; 0: no EMA",
        ge=0,
        le=1_000_000_000,
    )
    ema_interval: int = _setting(
        "model",
        "every how many steps the EMA is updated, then for all of them",
        ge=1,
        le=100,
    )
    precision: Literal[AUTO, "float32", "bfloat16"] = _setting(
        "model",
        "what the networks compute in (weights, losses, last layers and a convolutional "
        "discriminator's first layer are float32); auto: bfloat16 on a GPU of compute "
        "capability 8 or more, a processor with AMX, or one of AMD with AVX512_BF16",
    )

    adversarial_loss: Literal[tuple(ADVERSARIAL_LOSSES)] = _setting(
        "loss",
        "the players' loss on the discriminator's logits: "
        + _sources({name: loss() for name, loss in ADVERSARIAL_LOSSES.items()}),
        common=True,
    )
    real_label: Share | None = _optional(
        "loss",
        "with non_saturating: the discriminator's target for real images; below 1: "
        "one-sided label smoothing",
    )
    generator_label: Share | None = _optional(
        "loss", "the generator's target for its images"
    )
    d_weight_real: Weight | None = _optional(
        "loss", "weight of the adversarial loss on real images, for the discriminator"
    )
    d_weight_fake: Weight | None = _optional(
        "loss", "weight of the adversarial loss on fakes, for the discriminator"
    )
    d_class_weight_real: Weight | None = _optional(
        "loss", "weight of the class loss on real images, for the discriminator"
    )
    d_class_weight_fake: Weight | None = _optional(
        "loss", "weight of the class loss on fakes, for the discriminator"
    )
    g_class_weight: Weight | None = _optional(
        "loss", "weight of the class loss, for the generator"
    )
    class_head: Literal[tuple(CLASS_HEADS)] | None = _optional(
        "loss", f"the discriminator's class heads: {_sources(CLASS_HEADS)}"
    )
    r1_weight: Weight = _setting(
        "loss",
        "weight of R1: half the squared gradient norm of the discriminator's logit at real "
        "images (Mescheder et al. 2018)",
    )
    r2_weight: Weight = _setting("loss", "weight of R2: the same at fakes")
    r1_interval: int = _setting(
        "loss",
        "every how many steps R1 and R2 are computed; their weight is then multiplied by "
        "this number (lazy regularisation: StyleGAN2, Karras et al. 2020, appendix B)",
        ge=1,
        le=100,
    )
    r1_decay_images: int = _setting(
        "loss",
        "images over which the weights of R1 and R2 fall to r1_final_share of themselves, "
        "along half a cosine, whatever the run's length; 0: they are constant",
        ge=0,
        le=1_000_000_000,
    )
    r1_final_share: Share = _setting(
        "loss", "share of the weights of R1 and R2 that is left after r1_decay_images"
    )

    batch_size: int = _setting(
        "optimisation", "real images a step", common=True, ge=1, le=1_000_000
    )
    learning_rate: Rate = _setting(
        "optimisation",
        "of the generator's Adam; given alone, of the discriminator's as well",
        common=True,
    )
    discriminator_learning_rate: Rate = _setting(
        "optimisation", "of the discriminator's Adam"
    )
    beta_1: float = _setting(
        "optimisation",
        "decay of the mean gradient in both players' Adam",
        ge=0.0,
        le=0.9999,
    )
    beta_2: float = _setting(
        "optimisation",
        "decay of the mean squared gradient in both players' Adam",
        ge=0.0,
        le=0.999999,
    )
    lr_decay_images: int = _setting(
        "optimisation",
        "images over which both learning rates fall to lr_final_share of themselves, along "
        "half a cosine, whatever the run's length; 0: they are constant",
        ge=0,
        le=1_000_000_000,
    )
    lr_final_share: Share = _setting(
        "optimisation", "share of the learning rates that is left after lr_decay_images"
    )
    update_rule: Literal[tuple(UPDATE_RULES)] = _setting(
        "optimisation",
        "paired: both players move from one forward pass (simultaneous); alternating: the "
        "discriminator moves, then the generator against it",
    )
    discriminator_update: Literal["mixed", "separate"] | None = _optional(
        "optimisation",
        "one step on real images and fakes in one mixed batch, or a step on each",
    )
    d_step_batchnorm: Literal["inference", "training"] | None = _optional(
        "optimisation",
        "BatchNorm of the generator when it makes the discriminator's fakes: moving "
        "averages (inference), or the batch's statistics (training)",
    )
    g_batch_multiplier: int | None = _optional(
        "optimisation", "the generator's batch, as a multiple of batch_size", ge=1, le=64
    )
    resample_latents: bool | None = _optional(
        "optimisation",
        "whether the generator's step has latents and classes of its own, or those of the "
        "discriminator's step",
    )
    fake_label_source: Literal["batch", "uniform"] | None = _optional(
        "optimisation", "classes of the fakes: those of the real batch, or uniformly random"
    )
    deterministic: bool = _setting(
        "optimisation",
        "TensorFlow's deterministic operations: the same bits however threads interleave "
        "(not with another number of them)",
    )

    seed: int = _setting(
        "run",
        "seed of weights, order of the data, latents and dropout",
        common=True,
        ge=0,
        le=2**31 - 1,
    )
    epochs: Epochs | None = _optional(
        "run", "passes over the training images", kind=ADJUSTABLE, common=True
    )
    steps: Steps | None = _optional(
        "run", "length in batches of real images, instead of epochs", kind=ADJUSTABLE
    )
    checkpoint_every: Epochs | None = _optional(
        "run", "epochs between checkpoints", kind=ADJUSTABLE
    )
    log_every_steps: Steps | None = _optional(
        "run", "steps between log entries, and between previews", kind=ADJUSTABLE
    )
    checkpoint_every_steps: Steps | None = _optional(
        "run", "steps between checkpoints", kind=ADJUSTABLE
    )
    checkpoint_minutes: float = _setting(
        "run",
        "minutes after which a latest checkpoint is saved in between",
        kind=ADJUSTABLE,
        gt=0.0,
        le=100_000.0,
    )
    keep_checkpoints: int = _setting(
        "run",
        "how many regular checkpoints are kept, the newest",
        kind=ADJUSTABLE,
        ge=1,
        le=10_000,
    )
    preview_rows: int = _setting(
        "run", "rows of the grid that shows the training", ge=1, le=100
    )
    preview_real: bool | None = _optional(
        "run", "real images of the same classes beside the generated ones in the grid"
    )
    preview_classes: str | None = _optional(
        "run",
        "classes in the grid that shows the training, by name or number, separated by "
        "commas; empty: all, or of more than 20 classes 20 evenly chosen ones",
    )
    keep_frames: int = _setting(
        "run",
        "grids kept in samples/, evenly over the run",
        kind=ADJUSTABLE,
        ge=2,
        le=1_000_000,
    )
    evaluate_every: int = _setting(
        "run",
        "log entries (epochs, or --log_every_steps) between evaluations, each as that of "
        "dcgan-tf evaluate; the best checkpoint is kept; 0: none",
        kind=ADJUSTABLE,
        common=True,
        ge=0,
        le=10_000_000,
    )
    test_losses: bool = _setting(
        "run",
        "also log both players' losses on the test split",
        kind=ADJUSTABLE,
    )
    steps_per_execution: int = _setting(
        "run",
        "steps in one tf.function call, within which signals and losses are not looked at; "
        "no call goes beyond a log entry; 0: as many as take about a second",
        kind=ADJUSTABLE,
        ge=0,
        le=1_000_000,
    )

    @property
    def conditional(self) -> bool:
        """Whether the generator makes the class that it is asked for."""
        return PRESETS[self.mode].conditional

    @property
    def names(self) -> list[str]:
        """The names of the classes; numbers where they have none."""
        return self.class_names or [str(number) for number in range(self.classes)]


FIELDS: dict[str, Any] = Config.model_fields
_ADAPTERS: dict[str, pydantic.TypeAdapter] = {
    name: pydantic.TypeAdapter(Annotated[field.annotation, field])
    for name, field in FIELDS.items()
}


def kind(name: str) -> str:
    return FIELDS[name].json_schema_extra["kind"]


def choices(name: str) -> tuple[str, ...]:
    """The words that a setting may be; () where it is a number or any word."""
    return tuple(_json_schema(name).get("enum", ()))


def parse(name: str, text: str) -> object:
    """A setting's value from a flag's text, or ValueError that says what is allowed."""
    try:
        return _ADAPTERS[name].validate_strings(text)
    except pydantic.ValidationError:
        near = errors.near_matches(text, choices(name))
        raise ValueError(f"{_allowed(name)}{near}") from None


def read(values: object) -> Config:
    """A Config from what JSON holds, or ValueError that says what is wrong with it."""
    try:
        return Config.model_validate(values)
    except pydantic.ValidationError as error:
        raise ValueError(_reason(error)) from None


def _reason(error: pydantic.ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if not name:
        return "holds no settings"
    if first["type"] == "missing":
        return f"the setting {name} is missing"
    return f"{name} {_allowed(name)}" if name in FIELDS else f"{name} is no setting"


def _allowed(name: str) -> str:
    """What a setting must be, in words that follow its name and value."""
    found = _json_schema(name)
    if words := choices(name):
        return f"must be one of {', '.join(words)}"
    if found["type"] == "boolean":
        return "must be true or false"
    if found["type"] == "string":
        return "must be a word"
    if found["type"] == "array":
        return "must be a list of words"
    noun = "a whole number" if found["type"] == "integer" else "a number"
    if "exclusiveMinimum" in found:
        lowest = f"above {found['exclusiveMinimum']:g}"
    else:
        lowest = f"at least {found['minimum']:g}"
    return f"must be {noun} {lowest} and at most {found['maximum']:,.10g}"


def _json_schema(name: str) -> dict:
    """A setting's type and bounds in JSON Schema's words, without its None."""
    found = _ADAPTERS[name].json_schema()
    return next(one for one in found.get("anyOf", [found]) if one["type"] != "null")
