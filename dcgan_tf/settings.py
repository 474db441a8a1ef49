"""Which settings go together: those that a user says, and those that a file holds."""

import dataclasses
from collections.abc import Mapping

from dcgan_tf import bounds, config, errors
from dcgan_tf.recipes import AUTO, LENGTHS, RECIPES, SCHEDULES

DEFAULT_MODE = "dcgan"
WEIGHTS = (
    "real_weight",
    "fake_weight",
    "auxiliary_real_weight",
    "auxiliary_fake_weight",
)
NETWORK_FIELDS = ("mode", "architecture", "noise_size", "label_fusion", "auxiliary_twin")


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
            "one of them; leave one out (behind a flagfile, say the one that it says)"
        )
    own = recipe.default_values(said, dataset="")
    for name in sorted(said.keys() - own.keys() - {"mode", "dataset"}):
        raise errors.UsageError(f"--{name}={said[name]}: goes with {_owner(name, mode)}")
    merged = {**own, **said}
    if merged.get("auxiliary_twin") and not merged["auxiliary_real_weight"]:
        raise errors.UsageError(
            "--auxiliary_real_weight=0: neither class head would learn; with it goes "
            "--auxiliary_twin=false"
        )
    if not _noise_fits(merged):
        raise errors.UsageError(
            "--generator_noise=same: is one batch of noise; it goes with "
            "--generator_batches=1"
        )


def _noise_fits(settings: Mapping[str, object]) -> bool:
    return settings.get("generator_noise") != "same" or settings["generator_batches"] == 1


def _owner(name: str, mode: str) -> str:
    """The choice that brings a setting which this run does not have."""
    recipe = RECIPES[mode]
    architectures = {n: choice.settings for n, choice in recipe.architectures.items()}
    for flag, choices in (("schedule", SCHEDULES), ("architecture", architectures)):
        if having := [choice for choice, brings in choices.items() if name in brings]:
            return f"--{flag}={' or '.join(having)}"
    for length, brings in LENGTHS.items():
        if name in brings or name == length:
            return f"a run that is counted in {length} (--{length})"
    having = [
        mode
        for mode, recipe in RECIPES.items()
        if name in recipe.defaults
        or any(name in choice.settings for choice in recipe.architectures.values())
    ]
    return f"--mode={' or '.join(having)}"


def new(said: Mapping[str, object], dataset: str, classes: int) -> config.Config:
    """The Config of a new run: what the user said, and the mode's defaults for the rest."""
    check_said(said)
    mode = said.get("mode", DEFAULT_MODE)
    values = {"mode": mode, **RECIPES[mode].default_values(said, dataset)}
    if "learning_rate" in said:
        values["discriminator_learning_rate"] = said["learning_rate"]
    values.update(said, dataset=dataset, classes=classes)
    return config.Config(**{name: values.get(name) for name in config.FIELDS})


def inherited(
    ancestor: config.Config, said: Mapping[str, object], name: str
) -> dict[str, object]:
    """What a run says that starts from the weights of the run called `name`.

    The ancestor's recipe where `said` is silent.  UsageError where `said` asks for other
    networks than those of the weights.
    """
    for field in NETWORK_FIELDS:
        if said.get(field, getattr(ancestor, field)) != getattr(ancestor, field):
            raise errors.UsageError(
                f"--{field}={said[field]}: the weights of {name} are of "
                f"{field} {getattr(ancestor, field)}; leave it out"
            )
    recipe = {
        name: getattr(ancestor, name)
        for name, field in config.FIELDS.items()
        if field.metadata["kind"] == config.RECIPE and getattr(ancestor, name) is not None
    }
    if "learning_rate" in said:
        del recipe["discriminator_learning_rate"]
    own = RECIPES[ancestor.mode].default_values({**recipe, **said}, dataset="")
    return {
        **{n: v for n, v in recipe.items() if n in own or n in ("mode", "dataset")},
        **said,
    }


def differences(saved: config.Config, said: Mapping[str, object]) -> list[str]:
    """What `said` would change of a run that cannot change, a phrase for each."""
    phrases = []
    for name, value in said.items():
        held = getattr(saved, name)
        may_change = config.FIELDS[name].metadata["kind"] == config.LENGTH
        if held != value and (held is None or not may_change):
            has = "no such setting" if held is None else held
            phrases.append(f"--{name}={value} (the run has {has})")
    return phrases


def from_json(values: object) -> config.Config:
    """A Config from what a config.json holds; ValueError says what is wrong with it."""
    if not isinstance(values, dict):
        raise ValueError("holds no settings")
    absent = {
        name: field.metadata["absent"]
        for name, field in config.FIELDS.items()
        if field.metadata["absent"] is not None and name not in values
    }
    values = {**absent, **values}
    if values.keys() != config.FIELDS.keys():
        odd = ", ".join(sorted(map(str, values.keys() ^ config.FIELDS.keys())))
        raise ValueError(f"unknown or missing settings: {odd}")
    checked = {
        name: None if value is None else _named(bounds.check, name, value)
        for name, value in values.items()
    }
    recipe = RECIPES[_named(bounds.check, "mode", values["mode"])]
    if checked["architecture"] not in recipe.architectures:
        raise ValueError("has an architecture that its mode lacks")
    own = {*recipe.default_values(checked, dataset=""), "mode", "dataset", "classes"}
    checked.update(dict.fromkeys(absent.keys() - own))
    for name, value in checked.items():
        if (value is None) == (name in own):
            raise ValueError(f"{name} is {value}, which does not go with the rest")
    for name in ("precision", "dataset"):
        if checked[name] == AUTO:
            raise ValueError(f"{name} is auto, which a run settles when it begins")
    if not _noise_fits(checked):
        raise ValueError("generator_noise does not go with generator_batches")
    return config.Config(**checked)


def as_told(run: config.Config) -> config.Config:
    """The weights with which the terms add up to the discriminator's loss as told.

    Of two separate steps it is the mean.
    """
    if run.discriminator_update != "separate":
        return run
    names = [name for name in WEIGHTS if getattr(run, name) is not None]
    return dataclasses.replace(run, **{name: getattr(run, name) / 2 for name in names})


def on_held_out(run: config.Config) -> config.Config:
    """What held-out images are judged by: hard targets, classes of real and fake alike.

    The Keras examples' way: nothing smoothed, and no class term left out.  A second class
    head weighs what the first does.
    """
    told = as_told(run)
    classes = {}
    if run.auxiliary_real_weight is not None:
        classes["auxiliary_real_weight"] = told.real_weight
        classes["auxiliary_fake_weight"] = told.fake_weight
    return dataclasses.replace(told, real_target=1.0, generator_target=1.0, **classes)


def _named(function, name, value):
    try:
        return function(name, value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
