"""Config: every choice that defines a run, with its type, bounds, help and kind."""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from dcgan_tf.config.presets import AUTO, PRESETS, UPDATE_RULES
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.losses.class_heads import CLASS_HEADS

# Kinds of settings.
FIXED = "fixed"  # makes the run what it is: a resume may not change it
ADJUSTABLE = "adjustable"  # how long, how often, what is kept: a resume may
DERIVED = "derived"  # follows from the data set: no flag

GROUPS = ("data", "model", "loss", "optimisation", "run")  # of --help


def _setting(text, lowest=None, highest=None, *, group, kind=FIXED, common=False):
    """Returns a setting of a group of --help; common: whether the short --help shows it."""
    extra = {"group": group, "kind": kind, "common": common}
    return Field(description=text, json_schema_extra=extra, ge=lowest, le=highest)


_data, _model, _loss, _optimisation, _run = (
    functools.partial(_setting, group=group) for group in GROUPS
)
_derived = functools.partial(_data, kind=DERIVED)
_adjustable = functools.partial(_run, kind=ADJUSTABLE)

_HEADS = ", ".join(f"{name} ({head.source})" for name, head in CLASS_HEADS.items())
_LOSSES = ", ".join(f"{n} ({loss().source})" for n, loss in ADVERSARIAL_LOSSES.items())

Weight = Annotated[float, Field(ge=0.0, le=1e6)]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Pixels = Annotated[int, Field(ge=1, le=1024)]
Images = Annotated[int, Field(ge=0, le=1_000_000_000)]
Steps = Annotated[int, Field(ge=1, le=1_000_000_000)]
Epochs = Annotated[int, Field(ge=1, le=10_000_000)]


class Config(pydantic.BaseModel):
    """A run.  None stands in settings that the run's choices do not have."""

    model_config = pydantic.ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False
    )

    dataset: Annotated[str, Field(min_length=1)] = _data(
        "images: a folder of pictures, or of a folder of them for each class; a .npz of "
        "images uint8 [N, H, W] or [N, H, W, C] and labels int [N]; digits (of "
        "scikit-learn), mnist or another image set of tensorflow-datasets; or auto: mnist "
        "if it is prepared on disk or its host answers, else digits",
        common=True,
    )
    classes: int = _derived("classes", 1, 1000)
    class_names: list[str] | None = _derived("names of the classes, if no numbers")
    height: Pixels = _derived("pixels")
    width: Pixels = _derived("pixels")
    channels: int = _derived("1: grey, 3: RGB, 4: RGBA", 1, 4)
    fit: Literal["crop", "pad"] = _data(
        "how pictures of another shape become square: by their largest centred part "
        "(crop), or whole, on white (pad)",
        common=True,
    )
    resample: Literal["smooth", "nearest"] = _data(
        "how pictures are resized: to means over areas, or enlarged bicubically (smooth); "
        "or to the nearest pixels, for pixel art",
        common=True,
    )
    max_translation: int = _data(
        "pixels by which real images move at most, each way; edges are repeated", 0, 32
    )
    flip: bool = _data(
        "mirror real images, each with probability 1/2; not for characters", common=True
    )
    augment_fakes: bool = _data(
        "translate and flip fakes for the discriminator (DiffAugment: Zhao et al. 2020)",
        common=True,
    )
    augment_target: Share = _data(
        "share of real images classified as real above which real images and fakes are "
        "augmented more often, and below which less often (ADA: Karras et al. 2020); 0: "
        "never",
        common=True,
    )
    augment_policy: Literal["translation", "cutout", "colour"] = _data(
        "how: moved by up to an eighth; a square of half the size hidden as well; or also "
        "brightness, saturation and contrast changed (DiffAugment: Zhao et al. 2020)"
    )
    class_balance: Literal["data", "uniform"] = _data(
        "classes in the batches: as often as in the data, or equally often (uniform); an "
        "epoch then has as many images, those of small classes several times"
    )

    mode: Literal[tuple(PRESETS)] = _model("which GAN to train", common=True)
    architecture: str = _model("which networks of the mode", common=True)
    latent_dim: int = _model("size of a latent vector", 1, 10_000)
    latent_prior: Literal["normal", "uniform"] = _model(
        "distribution of latents: standard normal, or uniform in [-1, 1]"
    )
    label_fusion: Literal["multiply", "add", "concatenate"] | None = _model(
        "how the class's embedding is combined with the latents"
    )
    negative_slope: Share = _model("LeakyReLU's slope below zero")
    dropout_rate: float = _model("share of the discriminator's units to drop", 0, 0.99)
    ema_half_life: Images = _model(
        "images after which a weight counts half in the generator's exponential moving "
        "average (EMA), which then generates all images that are shown; it is updated at "
        "every r1_interval steps, for all of them; 0: no EMA"
    )
    precision: Literal[AUTO, "float32", "bfloat16"] = _model(
        "type of most layers (the rest is float32); auto: bfloat16 on a GPU of compute "
        "capability 8 or more, a CPU with AMX, or one of AMD with AVX512_BF16"
    )

    adversarial_loss: Literal[tuple(ADVERSARIAL_LOSSES)] = _loss(
        "loss on the discriminator's logits: " + _LOSSES, common=True
    )
    real_label: Share | None = _loss("target for real images; below 1: smoothing")
    generator_label: Share | None = _loss("the generator's target for its images")
    d_weight_real: Weight | None = _loss("the discriminator's weight of real images")
    d_weight_fake: Weight | None = _loss("the discriminator's weight of fakes")
    class_head: Literal[tuple(CLASS_HEADS)] | None = _loss(
        "the discriminator's class heads: " + _HEADS
    )
    d_class_weight_real: Weight | None = _loss("weight of real images' class loss")
    d_class_weight_fake: Weight | None = _loss("weight of the class loss of fakes")
    g_class_weight: Weight | None = _loss("the generator's weight of the class loss")
    r1_weight: Weight = _loss(
        "R1's weight: half the squared gradient norm at real images (Mescheder et al. 2018)"
    )
    r2_weight: Weight = _loss("weight of R2: the same at fakes")
    r1_interval: Annotated[int, Field(ge=1, le=100)] = _loss(
        "every how many steps R1 and R2 are computed, and then count that many times (lazy "
        "regularisation: StyleGAN2, Karras et al. 2020, appendix B); and the EMA is updated"
    )
    r1_final_share: Share = _loss(
        "share of the weights of R1 and R2 after decay_images; 1: they do not fall"
    )

    batch_size: int = _optimisation("real images a step", 1, 1_000_000, common=True)
    learning_rate: Rate = _optimisation(
        "of the generator's Adam; given alone, of the discriminator's as well", common=True
    )
    discriminator_learning_rate: Rate = _optimisation("of the discriminator's Adam")
    beta_1: float = _optimisation("Adam's decay of the mean gradient", 0, 0.9999)
    beta_2: float = _optimisation("Adam's decay of the mean squared gradient", 0, 0.999999)
    decay_images: Images = _optimisation(
        "images over which rates and penalties fall to lr_final_share and r1_final_share, "
        "along half a cosine; 0: never"
    )
    lr_final_share: Share = _optimisation("share of both rates after decay_images")
    update_rule: Literal[tuple(UPDATE_RULES)] = _optimisation(
        "paired: both move from one forward pass; alternating: the discriminator is first, "
        "by a step on real images and fakes in one batch; separate: by a step on each"
    )
    d_step_batchnorm: Literal["inference", "training"] | None = _optimisation(
        "BatchNorm of the generator when it makes the discriminator's fakes: moving "
        "averages (inference), or the batch's statistics (training)"
    )
    g_batch_multiplier: int | None = _optimisation(
        "the generator's batch, as a multiple of batch_size", 1, 64
    )
    resample_latents: bool | None = _optimisation(
        "give the generator's step other latents and classes than the discriminator's"
    )
    fake_label_source: Literal["batch", "uniform"] | None = _optimisation(
        "classes of the fakes: those of the real batch, or uniformly random"
    )
    deterministic: bool = _optimisation(
        "TensorFlow's deterministic operations: the same bits however threads interleave "
        "(not with another number of them)"
    )

    seed: int = _run("of weights, order, latents and dropout", 0, 2**31 - 1, common=True)
    epochs: Epochs | None = _adjustable("passes over the training images", common=True)
    steps: Steps | None = _adjustable("length in batches of real images, instead of epochs")
    checkpoint_every: Epochs | None = _adjustable("epochs between checkpoints")
    log_every_steps: Steps | None = _adjustable("steps between log entries and previews")
    checkpoint_every_steps: Steps | None = _adjustable("steps between checkpoints")
    checkpoint_minutes: Annotated[float, Field(gt=0.0, le=100_000.0)] = _adjustable(
        "minutes between latest checkpoints"
    )
    keep_checkpoints: int = _adjustable("newest regular checkpoints kept", 1, 10_000)
    preview_rows: int = _run("rows of the grid that shows the training", 1, 100)
    preview_real: bool | None = _run("real images of the same classes in the grid, too")
    preview_classes: str | None = _run(
        "classes in that grid, by name or number, with commas; empty: all, or 20 of them"
    )
    keep_frames: int = _adjustable("grids kept in samples/, evenly", 2, 1_000_000)
    evaluate_every: Annotated[int, Field(ge=0, le=10_000_000)] = _adjustable(
        "log entries (epochs, or --log_every_steps) between evaluations, each as that of "
        "dcgan-tf evaluate; the best checkpoint is kept; 0: none",
        common=True,
    )
    test_losses: bool = _adjustable("also log both players' losses on the test split")
    steps_per_execution: int = _adjustable(
        "steps in one tf.function call; 0: as many as a second allows", 0, 1_000_000
    )

    @property
    def conditional(self) -> bool:
        """Whether the generator makes the requested class."""
        return PRESETS[self.mode].conditional

    @property
    def names(self) -> list[str]:
        """The names of the classes; numbers where they have none."""
        return self.class_names or [str(number) for number in range(self.classes)]

    @property
    def unit(self) -> str:
        """A run's length is counted in it: "epoch" or "step"."""
        return "epoch" if self.steps is None else "step"


FIELDS: dict[str, Any] = Config.model_fields
_ADAPTERS: dict[str, pydantic.TypeAdapter] = {
    name: pydantic.TypeAdapter(Annotated[field.annotation, field])
    for name, field in FIELDS.items()
}


def kind(name: str) -> str:
    return FIELDS[name].json_schema_extra["kind"]


# What decides a run's weights, not just what is logged, shown and kept.
WEIGHTS = {name for name in FIELDS if kind(name) == FIXED and "preview" not in name}
WEIGHTS |= {"epochs", "steps"}
# What a user may choose.
SETTINGS = [name for name in FIELDS if kind(name) != DERIVED]


def parse(name: str, text: str) -> object:
    """Returns a setting's value from a flag's text; ValueError says what is allowed."""
    with _errors_in_one_line():
        return _ADAPTERS[name].validate_strings(text)


def read(values: Mapping[str, object]) -> Config:
    """Returns a Config from what JSON holds; ValueError says what is wrong with it."""
    with _errors_in_one_line():
        return Config.model_validate({**dict.fromkeys(FIELDS), **values})


@contextlib.contextmanager
def _errors_in_one_line() -> Iterator[None]:
    try:
        yield
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"].replace("Input should", "must").split(", unable to")[0]
        name = ".".join(map(str, first["loc"]))
        raise ValueError(f"{name}: {reason}" if name else reason) from None


def json_schema(name: str) -> dict[str, Any]:
    """Returns a setting's words ("enum") or bounds ("minimum", ...), as JSON Schema."""
    schema = _ADAPTERS[name].json_schema()
    return schema.get("anyOf", [schema])[0]
