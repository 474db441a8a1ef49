import dataclasses
import json

import pytest

from dcgan_tf import config, errors, settings


def test_json_round_trip(small):
    for mode in ("dcgan", "cgan", "acgan"):
        run = small(mode, learning_rate=3e-4)
        assert settings.from_json(json.loads(json.dumps(dataclasses.asdict(run)))) == run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "wgan"}, "mode must be one of"),
        ({"noise_size": 10**9}, "noise_size must be"),
        ({"epochs": "5"}, "epochs must be"),
        ({"epochs": True}, "epochs must be"),
        ({"architecture": "../../etc"}, "architecture that its mode lacks"),
        ({"surprise": 1}, "surprise"),
        ({"auxiliary_real_weight": 1.0}, "auxiliary_real_weight is 1.0, which does not go"),
        ({"shift": None}, "shift is None, which does not go"),
        ({"precision": "auto"}, "precision is auto"),
        ({"dataset": "auto"}, "dataset is auto"),
    ],
)
def test_json_is_checked(small, change, message):
    values = dataclasses.asdict(small("dcgan")) | change
    with pytest.raises(ValueError, match=message):
        settings.from_json(values)


@pytest.mark.parametrize("content", [None, [], "config", {}])
def test_json_of_another_shape_is_refused(content):
    with pytest.raises(ValueError, match="settings"):
        settings.from_json(content)


def test_what_was_said_beats_the_defaults():
    said = {"mode": "acgan", "batch_size": 12}
    run = settings.new(said, dataset="mnist", classes=10)
    assert (run.batch_size, run.learning_rate, run.dataset) == (12, 1e-3, "mnist")


def test_one_learning_rate_said_alone_is_both_players():
    one = settings.new({"mode": "cgan", "learning_rate": 0.5}, dataset="mnist", classes=10)
    assert (one.learning_rate, one.discriminator_learning_rate) == (0.5, 0.5)
    said = {"mode": "cgan", "learning_rate": 0.5, "discriminator_learning_rate": 0.25}
    two = settings.new(said, dataset="mnist", classes=10)
    assert (two.learning_rate, two.discriminator_learning_rate) == (0.5, 0.25)


def test_a_setting_that_the_mode_lacks_is_refused():
    said = {"mode": "dcgan", "auxiliary_real_weight": 2.0}
    with pytest.raises(errors.UsageError, match=r"real_weight=2.0: goes with --mode=acgan"):
        settings.check_said(said)


def test_an_architecture_that_the_mode_lacks_is_refused():
    with pytest.raises(errors.UsageError, match="has only compact, maxout"):
        settings.check_said({"mode": "cgan", "architecture": "resnet"})


def test_differences_name_every_one_but_the_length(small):
    said = {"mode": "acgan", "batch_size": 3, "seed": 0, "epochs": 99}
    different = settings.differences(small("dcgan"), said)
    assert different == [
        "--mode=acgan (the run has dcgan)",
        "--batch_size=3 (the run has 16)",
    ]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"generator_batches": 2}, "goes with --schedule=alternating"),
        (
            {"mode": "cgan", "architecture": "maxout", "label_fusion": "add"},
            "goes with --architecture=compact or convolutional",
        ),
        ({"label_fusion": "add"}, "goes with --mode=cgan or acgan"),
        ({"steps": 9, "epochs": 2}, "counted in one of them"),
        ({"steps": 9, "checkpoint_every": 2}, "counted in epochs"),
        ({"sample_every_steps": 2}, "counted in steps"),
        ({"mode": "acgan", "architecture": "maxout"}, "convolutional, batchnorm, upsampl"),
        (
            {"schedule": "alternating", "generator_noise": "same"},
            "goes with --generator_batches=1",
        ),
        ({"mode": "acgan", "auxiliary_real_weight": 0.0}, "with it goes --auxiliary_twin"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(said, message):
    with pytest.raises(errors.UsageError, match=message):
        settings.new(said, dataset="mnist", classes=10)


def test_a_choice_brings_its_settings():
    run = settings.new({"schedule": "alternating", "steps": 9}, dataset="mnist", classes=10)
    assert (run.generator_batches, run.sample_every_steps, run.epochs) == (2, 200, None)


def test_a_run_cannot_change_what_its_length_is_counted_in():
    run = settings.new({"epochs": 3}, dataset="mnist", classes=10)
    assert settings.differences(run, {"steps": 9}) == [
        "--steps=9 (the run has no such setting)"
    ]
    assert settings.differences(run, {"epochs": 4}) == []


def test_the_config_of_an_older_version_is_read(small):
    """Which had none of these, and did what they now say by default."""
    old = small("acgan", auxiliary_generator_weight=1.0, auxiliary_twin=False)
    values = dataclasses.asdict(old)
    absent = {name for name, f in config.FIELDS.items() if f.metadata["absent"] is not None}
    assert absent >= {"deterministic", "checkpoint_minutes", "precision"}
    for name in absent:
        del values[name]
    assert settings.from_json(values) == old


def test_the_config_of_an_older_version_gets_nothing_that_its_mode_lacks(small):
    values = dataclasses.asdict(small("dcgan"))
    del values["auxiliary_generator_weight"]
    assert settings.from_json(values) == small("dcgan")


def test_a_descendant_has_its_ancestors_recipe_but_for_what_is_said(small):
    ancestor = small("acgan", seed=5, schedule="alternating", generator_batches=3, epochs=9)
    said = settings.inherited(ancestor, {"learning_rate": 0.5, "epochs": 4}, "it")
    child = settings.new(said, dataset="digits", classes=10)
    assert (child.seed, child.batch_size, child.generator_batches) == (5, 16, 3)
    assert (child.learning_rate, child.discriminator_learning_rate) == (0.5, 0.5)
    assert child.epochs == 4


def test_a_descendant_may_change_its_schedule(small):
    """And takes what goes with it from the schedule, not from the ancestor."""
    alternating = small("acgan", schedule="alternating")
    said = settings.inherited(alternating, {"schedule": "paired"}, "it")
    assert settings.new(said, dataset="digits", classes=10).generator_batches is None
    said = settings.inherited(small("acgan"), {"schedule": "alternating"}, "it")
    assert settings.new(said, dataset="digits", classes=10).generator_batches == 2


@pytest.mark.parametrize(
    "said",
    [
        {"mode": "cgan"},
        {"noise_size": 7},
        {"label_fusion": "add"},
        {"auxiliary_twin": False},
    ],
)
def test_a_descendant_cannot_have_other_networks(small, said):
    with pytest.raises(errors.UsageError, match="the weights of it are of"):
        settings.inherited(small("acgan"), said, "it")
