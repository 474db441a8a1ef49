"""Config: every choice that defines a run, with its bounds, help and kind."""

import dataclasses

from dcgan_tf.recipes import AUTO, RECIPES, SCHEDULES

RECIPE = "recipe"  # makes the run what it is: a resume may not change it
LENGTH = "length"  # how long and how often: a resume may
DERIVED = "derived"  # follows from the others: no flag


def _field(
    kind,
    help_text,
    *,
    choices=None,
    minimum=None,
    above=None,
    maximum=None,
    absent=None,
):
    """`absent`: what the config.json of a version that had no such field stands for."""
    bounds = {"choices": choices, "minimum": minimum, "above": above, "maximum": maximum}
    metadata = {"kind": kind, "help": help_text, "absent": absent, **bounds}
    return dataclasses.field(metadata=metadata)


def _weight(help_text, absent=None):
    return _field(RECIPE, help_text, minimum=0.0, maximum=1e6, absent=absent)


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
    auxiliary_generator_weight: float | None = _weight(
        "of the class term in the generator's loss", absent=1.0
    )
    auxiliary_twin: bool | None = _field(
        RECIPE,
        "a second class head that learns the classes of the fakes, with the weight that "
        "the first has on real images; the generator's class term is then the first's "
        "minus the second's, which no longer rewards classes without variety (Gong et al. "
        "2019, where the first learns nothing of fakes)",
        absent=False,
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
    deterministic: bool = _field(
        RECIPE,
        "TensorFlow's deterministic operations: the same bits however threads interleave "
        "(not with another number of them)",
        absent=False,
    )
    precision: str = _field(
        RECIPE,
        "what the networks compute in (weights, losses, last layers and a convolutional "
        "discriminator's first are float32); auto: bfloat16 where the processor "
        "(avx512_bf16, amx_bf16) or the GPU (compute capability 8) has it natively",
        choices=(AUTO, "float32", "bfloat16"),
        absent="float32",
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
    checkpoint_minutes: float = _field(
        LENGTH,
        "minutes, or parts of one, after which one latest checkpoint is saved in between",
        above=0.0,
        maximum=100_000.0,
        absent=5.0,
    )
    keep_checkpoints: int = _field(
        LENGTH,
        "checkpoints kept, the newest, beside the latest in between",
        minimum=1,
        maximum=10_000,
    )
    frames_kept: int = _field(
        LENGTH,
        "pictures kept in samples/, evenly over the run",
        minimum=2,
        maximum=1_000_000,
        absent=500,
    )
    evaluate_every: int = _field(
        LENGTH,
        "pictures (an epoch each, or --sample_every_steps) from one evaluation, as that of "
        "python -m dcgan_tf.evaluate, to the next; the best checkpoint is kept; 0: none",
        minimum=0,
        maximum=10_000_000,
        absent=0,
    )
    steps_per_call: int = _field(
        LENGTH,
        "steps in one call of TensorFlow, within which signals and losses are not looked "
        "at; no call goes beyond a row; 0: as many as take about a second",
        minimum=0,
        maximum=1_000_000,
        absent=0,
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


FIELDS = {field.name: field for field in dataclasses.fields(Config)}
