"""Which settings go together: those that a user gives, and those that a file holds."""

from collections.abc import Mapping
from typing import Any

from dcgan_tf.config import schema
from dcgan_tf.config.presets import (
    ADDED,
    AUTO,
    CHOICES,
    CONSTANT,
    LENGTHS,
    PRESETS,
)
from dcgan_tf.config.schema import Config
from dcgan_tf.losses.adversarial import ADVERSARIAL_LOSSES
from dcgan_tf.losses.class_heads import CLASS_HEADS
from dcgan_tf.support import errors

DEFAULT_MODE = "dcgan"
MOST_COLUMNS = 20  # of classes in a grid
NETWORK_FIELDS = ("mode", "architecture", "latent_dim", "label_fusion", "class_head")
# Settings that had another name in config.json, and what their values are now.
OLD = {"twin": ("class_head", {True: "twin", False: "ac"})}
_ALWAYS = {name for name in schema.FIELDS if schema.kind(name) == schema.DERIVED}
_ALWAYS |= {"mode", "dataset"}

# Settings that do nothing where all of those beside them are 0.
_NEEDS = {
    "lr_final_share": ("lr_decay_images",),
    "r1_interval": ("r1_weight", "r2_weight"),
    "r1_decay_images": ("r1_weight", "r2_weight"),
    "r1_final_share": ("r1_decay_images",),
    "ema_interval": ("ema_half_life",),
}


def check(overrides: Mapping[str, Any]) -> None:
    """UsageError for settings that do not go together."""
    mode = overrides.get("mode", DEFAULT_MODE)
    preset = PRESETS[mode]
    architecture = overrides.get("architecture")
    if architecture is not None and architecture not in preset.architectures:
        raise errors.UsageError(
            f"--architecture={architecture}: --mode={mode} has only "
            f"{', '.join(preset.architectures)}"
        )
    if overrides.keys() >= {"steps", "epochs"}:
        raise errors.UsageError(
            f"--steps={overrides['steps']} and --epochs={overrides['epochs']}: one of "
            "them gives a run's length; leave one out (beside a flagfile, "
            "give the one that it gives)"
        )
    own = preset.default_values(overrides, overrides.get("dataset", AUTO))
    for name in sorted(overrides.keys() - own.keys() - _ALWAYS):
        raise errors.UsageError(
            f"--{name}={overrides[name]}: goes with {_owner(name, mode)}"
        )
    values = {**own, **overrides}
    if conflict := _conflict(values):
        raise errors.UsageError(conflict)
    if overrides.get("augment_fakes") and not (values["max_translation"] or values["flip"]):
        raise errors.UsageError(
            "--augment_fakes: there is no augmentation to share; it goes with "
            "--max_translation or --flip"
        )
    for name in _NEEDS.keys() & overrides.keys():
        if _does_nothing(name, values):
            raise errors.UsageError(
                f"--{name}={overrides[name]}: does nothing without "
                f"--{' or --'.join(_NEEDS[name])}; give that as well, or leave it out"
            )


def _does_nothing(name: str, values: Mapping[str, Any]) -> bool:
    """Whether a setting has a value of its own, and what it needs is 0."""
    return values[name] != CONSTANT[name] and not any(values[n] for n in _NEEDS[name])


def _conflict(values: Mapping[str, Any]) -> str:
    """What is wrong with settings that a run has, but not together; "" for nothing."""
    multiplier = values.get("g_batch_multiplier")
    if values.get("g_class_weight"):
        settings = CLASS_HEADS[values["class_head"]].discriminator_weights.values()
        if not any(values[name] for name in settings):
            return (
                f"--{' and --'.join(dict.fromkeys(settings))} are 0: no class head would "
                "learn what the generator is to show; one of them must be above 0, or "
                "--g_class_weight=0"
            )
    if values.get("resample_latents") is False and multiplier != 1:
        return (
            "--resample_latents=false: the generator has the latents of the "
            "discriminator's step; it goes with --g_batch_multiplier=1"
        )
    loss = values["adversarial_loss"]
    if ADVERSARIAL_LOSSES[loss]().needs_pair:
        reason = f"--adversarial_loss={loss}: compares each fake with a real image; "
        if values.get("discriminator_update") == "separate":
            return f"{reason}it goes with --discriminator_update=mixed"
        if multiplier not in (None, 1):
            return f"{reason}it goes with --g_batch_multiplier=1"
    return ""


def _owner(name: str, mode: str) -> str:
    """The choice that brings a setting which this run does not have."""
    architectures = {n: one.settings for n, one in PRESETS[mode].architectures.items()}
    for flag, choices in {**CHOICES, "architecture": architectures}.items():
        if having := [choice for choice, brings in choices.items() if name in brings]:
            return f"--{flag}={' or '.join(having)}"
    for length, brings in LENGTHS.items():
        if name in brings or name == length:
            return f"a run whose length is given by --{length}"
    having = [
        mode
        for mode, preset in PRESETS.items()
        if name in preset.defaults
        or any(name in choice.settings for choice in preset.architectures.values())
    ]
    return f"--mode={' or '.join(having)}"


def new(overrides: Mapping[str, Any], **derived: Any) -> Config:
    """The Config of a new run: what the user gave, and the mode's defaults for the rest.

    derived: dataset (its name), classes, class_names, height, width, channels
    """
    mode = overrides.get("mode", DEFAULT_MODE)
    check({**overrides, "dataset": derived["dataset"]})
    defaults = PRESETS[mode].default_values(
        overrides, derived["dataset"], derived["height"], derived["width"]
    )
    values = {"mode": mode, **defaults}
    if "learning_rate" in overrides:
        values["discriminator_learning_rate"] = overrides["learning_rate"]
    return schema.read({**values, **overrides, **derived})


def inherit(parent: Config, overrides: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The settings of a run that begins from the weights of the run called `name`.

    The parent's, where `overrides` is silent.  UsageError where `overrides` asks for other
    networks than those of the weights.
    """
    for field in NETWORK_FIELDS:
        if overrides.get(field, getattr(parent, field)) != getattr(parent, field):
            raise errors.UsageError(
                f"--{field}={overrides[field]}: the weights of {name} are of "
                f"{field} {getattr(parent, field)}; leave it out"
            )
    fixed = {
        name: value
        for name, value in parent.model_dump(exclude_none=True).items()
        if schema.kind(name) == schema.FIXED
    }
    if "learning_rate" in overrides:
        del fixed["discriminator_learning_rate"]
    own = PRESETS[parent.mode].default_values({**fixed, **overrides}, dataset="")
    kept = {n: v for n, v in fixed.items() if n in own or n in ("mode", "dataset")}
    values = {**own, **kept, **overrides}
    for name in _NEEDS:
        if name not in overrides and _does_nothing(name, values):
            kept[name] = values[name] = CONSTANT[name]
    return {**kept, **overrides}


def class_numbers(text: str, names: list[str]) -> list[int]:
    """The classes that a text names, by name or number, separated by commas.

    ValueError where one is no class.
    """
    found = []
    for part in (part.strip() for part in text.split(",")):
        if part in names:
            found.append(names.index(part))
        elif part.isascii() and part.isdecimal() and int(part) < len(names):
            found.append(int(part))
        else:
            known = ", ".join(names[:20]) + (", ..." if names[20:] else "")
            near = errors.near_matches(part, names)
            raise ValueError(f"{part!r} is no class of {known}{near}")
    return found


def preview_labels(config: Config) -> list[int]:
    """The classes in the grid that shows a run's training; ValueError as above."""
    if config.preview_classes:
        return class_numbers(config.preview_classes, config.names)
    return shown_classes(config.classes)


def shown_classes(classes: int) -> list[int]:
    """All classes, or MOST_COLUMNS of them, evenly chosen."""
    shown = min(classes, MOST_COLUMNS)
    return [number * classes // shown for number in range(shown)]


def differences(saved: Config, overrides: Mapping[str, Any]) -> list[str]:
    """What `overrides` would change of a run that cannot change, a phrase for each."""
    phrases = []
    for name, value in overrides.items():
        held = getattr(saved, name)
        may_change = schema.kind(name) == schema.ADJUSTABLE
        if held != value and (held is None or not may_change):
            has = "no such setting" if held is None else held
            phrases.append(f"--{name}={value} (the run has {has})")
    return phrases


def _modern(values: object) -> object:
    """What a config.json of an older version holds, in the names of this version."""
    if not (isinstance(values, dict) and values.get("mode") in PRESETS):
        return values
    values = dict(values)
    for old, (name, renamed) in OLD.items():
        if (value := values.get(old)) in renamed:
            values[name] = renamed[value]
            del values[old]
    preset = PRESETS[values["mode"]]
    if values.get("architecture") in preset.architectures:
        own = preset.default_values({"architecture": values["architecture"]}, dataset="")
        values = {n: v for n, v in ADDED.items() if n in own} | values
    return values


def from_json(values: object) -> Config:
    """A Config from what a config.json holds; ValueError says what is wrong with it."""
    config = schema.read(_modern(values))
    preset = PRESETS[config.mode]
    if config.architecture not in preset.architectures:
        raise ValueError(f"mode {config.mode} has no architecture {config.architecture}")
    held = config.model_dump(exclude_none=True)
    own = {*preset.default_values(held, dataset=""), *_ALWAYS}
    own -= {"class_names"} - held.keys()
    if odd := sorted(held.keys() ^ own):
        raise ValueError(f"{odd[0]} is {held.get(odd[0])}, which does not go with the rest")
    if len(config.names) != config.classes:
        raise ValueError(f"class_names has {len(config.names)} names of {config.classes}")
    for name in ("precision", "dataset"):
        if held[name] == AUTO:
            raise ValueError(f"{name} is auto, which a run settles when it begins")
    if conflict := _conflict(held):
        raise ValueError(conflict)
    return config
