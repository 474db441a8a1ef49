import json
import re

import pytest
from conftest import KERAS, new_config

from dcgan_tf.config import resolve
from dcgan_tf.support import errors


def as_json(config):
    return json.loads(json.dumps(config.model_dump(exclude_none=True)))


def test_json_round_trip(small):
    for mode in ("dcgan", "cgan", "acgan"):
        run = small(mode, learning_rate=3e-4)
        assert resolve.from_json(as_json(run)) == run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "wgan"}, "mode must be one of"),
        ({"latent_dim": 10**9}, "latent_dim must be"),
        ({"epochs": "5"}, "epochs must be"),
        ({"epochs": True}, "epochs must be"),
        ({"architecture": "../../etc"}, "mode dcgan has no architecture"),
        ({"architecture": "maxout"}, "mode dcgan has no architecture maxout"),
        ({"surprise": 1}, "surprise"),
        ({"d_class_weight_real": 1.0}, "d_class_weight_real is 1.0, which does not go"),
        ({"max_translation": None}, "max_translation must be"),
        ({"real_label": None}, "real_label is None, which does not go"),
        ({"adversarial_loss": "hinge"}, "generator_label is 1.0, which does not go"),
        ({"steps": 9}, "checkpoint_every is 15, which does not go"),
        ({"precision": "auto"}, "precision is auto"),
        ({"dataset": "auto"}, "dataset is auto"),
    ],
)
def test_json_is_checked(small, change, message):
    values = as_json(small("dcgan")) | change
    with pytest.raises(ValueError, match=message):
        resolve.from_json(values)


def test_json_of_settings_that_do_not_go_together_is_refused(small):
    values = as_json(small("acgan")) | {"d_class_weight_real": 0.0}
    with pytest.raises(ValueError, match="no class head would learn"):
        resolve.from_json(values)


@pytest.mark.parametrize("content", [None, [], "config", {}])
def test_json_of_another_shape_is_refused(content):
    with pytest.raises(ValueError, match="setting"):
        resolve.from_json(content)


def test_what_is_given_beats_the_defaults():
    run = new_config(mode="acgan", batch_size=12)
    assert (run.batch_size, run.learning_rate, run.dataset) == (12, 1e-3, "mnist")


def test_one_learning_rate_given_alone_is_both_players():
    one = new_config(mode="cgan", learning_rate=0.5)
    assert (one.learning_rate, one.discriminator_learning_rate) == (0.5, 0.5)
    two = new_config(mode="cgan", learning_rate=0.5, discriminator_learning_rate=0.25)
    assert (two.learning_rate, two.discriminator_learning_rate) == (0.5, 0.25)


def test_a_setting_that_the_mode_lacks_is_refused():
    with pytest.raises(
        errors.UsageError, match=r"^--d_class_weight_real=2.0: goes with --mode=acgan$"
    ):
        resolve.check({"mode": "dcgan", "d_class_weight_real": 2.0})


def test_an_architecture_that_the_mode_lacks_is_refused():
    with pytest.raises(errors.UsageError, match="has only compact, maxout"):
        resolve.check({"mode": "cgan", "architecture": "resnet"})


def test_differences_name_every_one_but_the_length(small):
    overrides = {"mode": "acgan", "batch_size": 3, "seed": 0, "epochs": 99}
    different = resolve.differences(small("dcgan"), overrides)
    assert different == [
        "--mode=acgan (the run has dcgan)",
        "--batch_size=3 (the run has 16)",
    ]


ALTERNATING = {"update_rule": "alternating"}
RELATIVISTIC = {"adversarial_loss": "relativistic"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"g_batch_multiplier": 2},
            "--g_batch_multiplier=2: goes with --update_rule=alternating",
        ),
        (
            {"mode": "cgan", "architecture": "maxout", "label_fusion": "add"},
            "--label_fusion=add: goes with --architecture=compact or tf_tutorial",
        ),
        ({"label_fusion": "add"}, "--label_fusion=add: goes with --mode=cgan or acgan"),
        ({"steps": 9, "epochs": 2}, "--steps=9 and --epochs=2: "),
        ({"steps": 9, "checkpoint_every": 2}, "whose length is given by --epochs"),
        ({"log_every_steps": 2}, "whose length is given by --steps"),
        ({"mode": "acgan", "architecture": "maxout"}, "keras_2018, keras_gan, keras_2017"),
        (
            {**ALTERNATING, "resample_latents": False},
            "latents of the discriminator's step; it goes with --g_batch_multiplier=1",
        ),
        ({"mode": "acgan", "d_class_weight_real": 0.0}, "or --g_class_weight=0"),
        (
            {"real_label": 0.9, "adversarial_loss": "hinge"},
            "--real_label=0.9: goes with --adversarial_loss=non_saturating",
        ),
        (
            {"d_weight_fake": 2.0, **RELATIVISTIC},
            "--d_weight_fake=2.0: goes with --adversarial_loss=non_saturating or hinge or "
            "least_squares",
        ),
        (
            {
                **RELATIVISTIC,
                **ALTERNATING,
                "discriminator_update": "separate",
                "g_batch_multiplier": 1,
            },
            "--adversarial_loss=relativistic: compares each fake with a real image; it "
            "goes with --discriminator_update=mixed",
        ),
        (
            {**RELATIVISTIC, **ALTERNATING, "g_batch_multiplier": 2},
            "--adversarial_loss=relativistic: compares each fake with a real image; it "
            "goes with --g_batch_multiplier=1",
        ),
        # Two by default.
        ({**RELATIVISTIC, **ALTERNATING}, "it goes with --g_batch_multiplier=1"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(overrides, message):
    with pytest.raises(errors.UsageError, match=re.escape(message)):
        new_config(**overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        {**ALTERNATING, "resample_latents": False, "g_batch_multiplier": 1},
        {"mode": "acgan", "d_class_weight_real": 0.0, "g_class_weight": 0.0},
        {"adversarial_loss": "hinge", "d_weight_fake": 2.0},
        RELATIVISTIC,
        {**RELATIVISTIC, **ALTERNATING, "g_batch_multiplier": 1},
    ],
)
def test_the_way_out_that_a_refusal_names_is_one(overrides):
    run = new_config(**overrides)
    assert {name: getattr(run, name) for name in overrides} == overrides


def test_a_choice_brings_its_settings():
    run = new_config(update_rule="alternating", steps=9)
    assert (run.g_batch_multiplier, run.log_every_steps, run.epochs) == (2, 200, None)


def test_a_loss_takes_along_what_it_has_no_use_for():
    smoothed = new_config(mode="acgan", **KERAS)
    assert (smoothed.real_label, smoothed.d_weight_real) == (0.95, 0.5)
    hinge = new_config(mode="acgan", **KERAS, adversarial_loss="hinge")
    assert (hinge.real_label, hinge.d_weight_real) == (None, 0.5)


def test_a_run_cannot_change_what_its_length_is_counted_in():
    run = new_config(epochs=3)
    assert resolve.differences(run, {"steps": 9}) == [
        "--steps=9 (the run has no such setting)"
    ]
    assert resolve.differences(run, {"epochs": 4}) == []


def test_a_child_has_its_parents_settings_but_for_what_is_given(small):
    parent = small(
        "acgan", seed=5, update_rule="alternating", g_batch_multiplier=3, epochs=9
    )
    overrides = resolve.inherit(parent, {"learning_rate": 0.5, "epochs": 4}, "it")
    child = new_config(**overrides)
    assert (child.seed, child.batch_size, child.g_batch_multiplier) == (5, 16, 3)
    assert (child.learning_rate, child.discriminator_learning_rate) == (0.5, 0.5)
    assert (child.epochs, child.dataset) == (4, "digits")


def test_a_child_does_not_inherit_length_and_intervals(small):
    parent = small("cgan", epochs=9, checkpoint_every=2, keep_frames=7)
    child = new_config(**resolve.inherit(parent, {}, "it"))
    default = small("cgan", epochs=90)
    for name in ("epochs", "checkpoint_every", "keep_frames"):
        assert getattr(child, name) == getattr(default, name)


def test_a_child_may_change_its_update_rule(small):
    """And takes what goes with it from the rule, not from the parent."""
    alternating = small("acgan", update_rule="alternating")
    overrides = resolve.inherit(alternating, {"update_rule": "paired"}, "it")
    assert new_config(**overrides).g_batch_multiplier is None
    overrides = resolve.inherit(small("acgan"), {"update_rule": "alternating"}, "it")
    assert new_config(**overrides).g_batch_multiplier == 2


def test_a_child_may_change_its_loss(small):
    parent = small("acgan", **KERAS, real_label=0.8, d_weight_real=0.25)
    overrides = resolve.inherit(parent, {"adversarial_loss": "hinge"}, "it")
    child = new_config(**overrides)
    assert (child.adversarial_loss, child.real_label) == ("hinge", None)
    assert child.d_weight_real == 0.25


@pytest.mark.parametrize(
    "overrides",
    [
        {"mode": "cgan"},
        {"architecture": "keras_2018"},
        {"latent_dim": 7},
        {"label_fusion": "add"},
        {"class_head": "ac"},
    ],
)
def test_a_child_cannot_have_other_networks(small, overrides):
    with pytest.raises(errors.UsageError, match="the weights of it are of"):
        resolve.inherit(small("acgan"), overrides, "it")


@pytest.mark.parametrize(
    ("overrides", "needed"),
    [
        ({"lr_final_share": 0.5}, "--lr_decay_images"),
        ({"r1_final_share": 0.5}, "--r1_decay_images"),
        ({"r1_interval": 4, "r1_weight": 0.0}, "--r1_weight or --r2_weight"),
        ({"r1_decay_images": 9, "r1_weight": 0.0}, "--r1_weight or --r2_weight"),
        ({"ema_interval": 2, "ema_half_life": 0}, "--ema_half_life"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(overrides, needed):
    with pytest.raises(errors.UsageError, match=f": does nothing without {needed}; give"):
        resolve.check({"mode": "dcgan", **overrides})
    neutral = {"lr_final_share": 0.0, "r1_interval": 1, "ema_interval": 1}
    off = {"r1_weight": 0.0, "ema_half_life": 0}
    resolve.check({"mode": "dcgan", **neutral, **off})  # as flagfiles have it
    resolve.check({"mode": "acgan", **off})  # whose defaults would do nothing then


def test_a_child_without_r1_has_none_of_its_interval():
    parent = new_config(mode="acgan")
    assert parent.r1_interval > 1
    child = new_config(**resolve.inherit(parent, {"r1_weight": 0.0}, "it"))
    assert (child.r1_interval, child.r1_decay_images) == (1, 0)
    assert child.lr_decay_images == parent.lr_decay_images


def test_a_config_of_before_is_read_as_constant():
    added = ("beta_2", "lr_decay_images", "r1_interval", "r1_final_share", "ema_interval")
    old = as_json(new_config(mode="acgan", precision="float32"))
    for name in (*added, "lr_final_share", "r1_decay_images"):
        del old[name]
    read = resolve.from_json(old)
    assert [getattr(read, name) for name in added] == [0.999, 0, 1, 0.0, 1]
