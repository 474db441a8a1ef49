"""Which settings go together: those that a user gives, and those that a file holds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dcgan_tf.config import class_names, presets, schema
from dcgan_tf.config.formulas import MNIST, OF_COURSE, Data
from dcgan_tf.config.presets import AUTO, CHOICES, PRESETS
from dcgan_tf.config.schema import Config
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.losses.class_heads import CLASS_HEADS
from dcgan_tf.support import errors

DEFAULT_MODE, WITHOUT_CLASSES = "cgan", "dcgan"  # of images with classes, and others
_ALWAYS = {name for name in schema.FIELDS if schema.kind(name) == schema.DERIVED}
_ALWAYS |= {"mode", "dataset"}


def check(overrides: Mapping[str, Any], data: Data | None = None) -> None:
    """UsageError for settings that do not go together; without `data` for any images."""
    for conflict in _conflicts(overrides, data):
        raise errors.UsageError(conflict)


def _conflicts(overrides: Mapping[str, Any], data: Data | None) -> Iterator[str]:
    """Yields what is wrong with settings that do not go together."""
    mode = overrides.get("mode", DEFAULT_MODE)
    preset = PRESETS[mode]
    architecture = overrides.get("architecture")
    if architecture not in (None, *preset.architectures):
        known = ", ".join(preset.architectures)
        yield f"--architecture={architecture}: --mode={mode} has only {known}"
    if overrides.keys() >= {"steps", "epochs"}:
        yield (
            f"--steps={overrides['steps']} and --epochs={overrides['epochs']}: one of them "
            "gives a run's length; leave one out (beside a flagfile, give the one that it "
            "gives)"
        )
    own = preset.default_values(overrides, data or MNIST)
    of_length = set().union(*presets.LENGTHS.values())
    if data or overrides.keys() & presets.LENGTHS.keys():
        of_length = set()  # what the length is counted in is known
    for name in sorted(overrides.keys() - own.keys() - _ALWAYS - of_length):
        yield f"--{name}={overrides[name]}: goes with {_owner(name, mode)}"
    values = {**own, **overrides}
    if values.get("g_class_weight"):
        weights = set(CLASS_HEADS[values["class_head"]].discriminator_weights.values())
        if not any(values[name] for name in weights):
            yield (
                f"--{'=0 and --'.join(sorted(weights))}=0: no class head would learn what "
                "the generator is to show; it goes with --g_class_weight=0"
            )
    if values.get("class_head") == "adc" and overrides.get("d_class_weight_fake"):
        weight = overrides["d_class_weight_fake"]
        yield f"--d_class_weight_fake={weight}: goes with --class_head=ac or twin"
    multiplier = values.get("g_batch_multiplier")
    if values.get("resample_latents") is False and multiplier != 1:
        yield (
            "--resample_latents=false: the generator has the latents of the "
            "discriminator's step; it goes with --g_batch_multiplier=1"
        )
    loss = values["adversarial_loss"]
    separate = values["update_rule"] == "separate"
    if ADVERSARIAL_LOSSES[loss]().needs_pair and (separate or multiplier not in (None, 1)):
        yield (
            f"--adversarial_loss={loss}: compares each fake with a real image; it goes "
            "with --update_rule=paired, or alternating and --g_batch_multiplier=1"
        )


def _owner(name: str, mode: str) -> str:
    """Returns the choice that brings a setting which this run does not have."""
    for length, brings in presets.LENGTHS.items():
        if name in brings:
            return f"a run whose length is given by --{length}"
    architectures = {n: a.settings for n, a in PRESETS[mode].architectures.items()}
    modes = {
        other: {*preset.defaults}.union(
            *(a.settings for a in preset.architectures.values())
        )
        for other, preset in PRESETS.items()
    }
    for flag, choices in {**CHOICES, "architecture": architectures}.items():
        if owners := [choice for choice, brings in choices.items() if name in brings]:
            return f"--{flag}={' or '.join(owners)}"
    return f"--mode={' or '.join(mode for mode in modes if name in modes[mode])}"


def new(
    overrides: Mapping[str, Any], *, images: int = MNIST.images, **derived: Any
) -> Config:
    """Returns the Config of a new run on so many images to train on.

    derived: its data set's name, shape and classes
    """
    mode = overrides.get("mode", DEFAULT_MODE)
    data = Data.of(derived, images)
    check(overrides, data)
    values = {"mode": mode, **PRESETS[mode].default_values(overrides, data)}
    if "learning_rate" in overrides:
        values["discriminator_learning_rate"] = overrides["learning_rate"]
    return schema.read({**values, **overrides, **derived})


def inherit(parent: Config, overrides: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns the settings of a run that begins from the weights of the run `name`."""
    for field in ("mode", "architecture", "latent_dim", "label_fusion", "class_head"):
        if overrides.get(field, getattr(parent, field)) != getattr(parent, field):
            raise errors.UsageError(
                f"--{field}={overrides[field]}: the weights of {name} are of "
                f"{field} {getattr(parent, field)}; leave it out"
            )
    given = parent.model_dump(exclude_none=True)
    fixed = {n: value for n, value in given.items() if schema.kind(n) == schema.FIXED}
    if PRESETS[parent.mode].architectures[parent.architecture].recipe:
        fixed = {n: value for n, value in fixed.items() if n not in OF_COURSE}
    if "learning_rate" in overrides:
        del fixed["discriminator_learning_rate"]
    own = PRESETS[parent.mode].default_values({**fixed, **overrides})
    kept = {n: v for n, v in fixed.items() if n in own or n in ("mode", "dataset")}
    return {**kept, **overrides}


def preview_labels(config: Config) -> list[int] | None:
    """Returns the classes in the grid of a training, or None; UsageError for others."""
    if not config.conditional:
        return None
    if config.preview_classes:
        return class_names.find("preview_classes", config.preview_classes, config.names)
    return shown_classes(config.classes)


def shown_classes(classes: int) -> list[int]:
    """Returns all classes, or 20 of them, evenly chosen: the most columns of a grid."""
    shown = min(classes, 20)
    return [number * classes // shown for number in range(shown)]


def differences(saved: Config, overrides: Mapping[str, Any]) -> list[str]:
    """Returns what `overrides` would change of a run that cannot change, as phrases."""
    before = {name: getattr(saved, name) for name in overrides}
    fixed = {n for n in before if before[n] is None or schema.kind(n) != schema.ADJUSTABLE}
    has = {n: "no such setting" if value is None else value for n, value in before.items()}
    return [
        f"--{name}={value} (the run has {has[name]})"
        for name, value in overrides.items()
        if name in fixed and value != before[name]
    ]


def from_json(values: Mapping[str, Any]) -> Config:
    """Returns the Config of a config.json; ValueError says what is wrong with it."""
    values = _by_todays_names(values or {})
    config = schema.read({**presets.ADDED, **values})
    preset = PRESETS[config.mode]
    if config.architecture not in preset.architectures:
        raise ValueError(f"mode {config.mode} has no architecture {config.architecture}")
    given = config.model_dump(exclude_none=True)
    own = _ALWAYS | preset.default_values(given).keys()
    for name in sorted((given.keys() ^ own) - {"class_names"}):
        if name in values or name not in presets.ADDED:
            raise ValueError(f"{name} is {given.get(name)}: does not go with the rest")
    return config.model_copy(update=dict.fromkeys(given.keys() - own))


def _by_todays_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns version 0.3's settings by today's names; RunError if these lack one."""
    values, lost = dict(values), ""
    if "twin" in values:
        values["class_head"] = "twin" if values.pop("twin") else "ac"
    if values.pop("discriminator_update", None) == "separate":
        values["update_rule"] = "separate"
    penalised = values.get("r1_weight") or values.get("r2_weight")
    interval = values.pop("ema_interval", None)
    if values.get("ema_half_life") and interval not in (None, values.get("r1_interval")):
        if penalised:
            lost = f"ema_interval {interval} beside r1_interval {values['r1_interval']}"
        values["r1_interval"] = interval
    if "lr_decay_images" in values or "r1_decay_images" in values:
        lr, r1 = (values.pop(f"{name}_decay_images", 0) for name in ("lr", "r1"))
        if lr and r1 and lr != r1:
            if penalised:
                lost = f"lr_decay_images {lr} beside r1_decay_images {r1}"
            r1 = 0
        values["decay_images"] = lr or r1
        if not r1:
            values["r1_final_share"] = 1.0
        elif not lr:
            values["lr_final_share"] = 1.0
    if lost:
        raise errors.RunError(
            f"config.json: {lost} is one setting today; go on with dcgan-tf 0.3"
        )
    return values


def not_defaults(config: Config, images: int) -> tuple[list[str], list[str]]:
    """Returns what differs from a mode's defaults on MNIST: flags given, and implied.

    images: how many the run is trained on
    """
    values = config.model_dump()
    preset = PRESETS[config.mode]
    data = Data.of(values, images)
    defaults = preset.default_values({"architecture": config.architecture})
    brings = preset.default_values(values, data)
    usual = {**brings, **{name: defaults[name] for name in CHOICES}}
    defaults["architecture"] = usual["architecture"] = preset.usual
    length = preset.default_values({**values, "steps": None, "epochs": None}, data)
    usual |= {name: length.get(name) for name in ("steps", "epochs")}
    other_batch = preset.default_values({**values, "batch_size": None}, data)
    usual["batch_size"] = other_batch["batch_size"]
    flags = {name: f"--{name}={values[name]}" for name in brings if brings[name] != AUTO}
    given = [flag for name, flag in flags.items() if values[name] != usual[name]]
    others = [flag for name, flag in flags.items() if values[name] != defaults.get(name)]
    return given, [flag for flag in others if flag not in given]


def help_of(name: str) -> str:
    """Returns the help of a setting's flag: its meaning, words or bounds, and default."""
    values = schema.json_schema(name)
    allowed = ""
    if name == "architecture":
        modes = (f"{mode} {' or '.join(p.architectures)}" for mode, p in PRESETS.items())
        allowed = f"Of {', '.join(modes)}"
    elif "enum" in values:
        allowed = f"One of {', '.join(values['enum'])}"
    elif "exclusiveMinimum" in values:
        allowed = f"Above {values['exclusiveMinimum']:g}"
    elif "minimum" in values:
        allowed = f"From {values['minimum']:g} to {values['maximum']:,}"
    resume = "May change on a resume" if schema.kind(name) == schema.ADJUSTABLE else ""
    parts = schema.FIELDS[name].description, allowed, f"Default: {_default(name)}", resume
    return ".  ".join(part for part in parts if part)


def _default(name: str) -> str:
    """Returns what decides a setting's default, or the default that all runs have."""
    architectures = [a for p in PRESETS.values() for a in p.architectures.values()]
    formulas = [a.on(MNIST, {}).keys() - a.settings.keys() for a in architectures]
    deciding: dict[str, list[Iterable[str]]] = {
        f"{DEFAULT_MODE}; {WITHOUT_CLASSES} of images without classes": [["mode"]],
        AUTO: [["dataset"]],
        "the first": [["architecture"]],
        "by data set": [presets.ON_DIGITS, *formulas],
        "by architecture": [a.settings for a in architectures],
        "by mode": [*(p.defaults for p in PRESETS.values())],
        "by --steps or --epochs": [*presets.LENGTHS.values()],
        **{f"by --{flag}": [*choices.values()] for flag, choices in CHOICES.items()},
        **{next(iter(choices)): [[flag]] for flag, choices in CHOICES.items()},
    }
    for what, tables in deciding.items():
        if any(name in table for table in tables):
            return what
    return str(presets.COMMON[name])
