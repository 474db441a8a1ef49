import json
import re

import pytest
from conftest import KERAS, MODES, new_config

from dcgan_tf.config import class_names, presets, resolve
from dcgan_tf.support import errors

ALTERNATING = {"update_rule": "alternating"}
RELATIVISTIC = {"adversarial_loss": "relativistic"}
NO_CLASS_LOSS = {"mode": "acgan", "d_class_weight_real": 0.0}


def as_json(config):
    return json.loads(json.dumps(config.model_dump(exclude_none=True)))


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "wgan"},
        {"latent_dim": 10**9},
        {"architecture": "../../etc"},
        {"architecture": "maxout"},  # of cgan
        {"surprise": 1},
        {"d_class_weight_real": 1.0},  # of acgan
        {"max_translation": None},
        {"real_label": None},
        {"adversarial_loss": "hinge"},  # beside labels of non_saturating
        {"steps": 9},  # beside epochs
    ],
)
def test_json_is_checked(small, change):
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        resolve.from_json(as_json(small("dcgan")) | change)
    for content in (None, [], "config", {}):
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            resolve.from_json(content)


@pytest.mark.parametrize("mode", MODES)
def test_a_run_of_before_a_setting_came_has_the_settings_that_its_mode_has(mode):
    """The first setting of one mode alone must not break older runs of the others."""
    run = new_config(mode=mode, precision="float32")
    old = {n: v for n, v in as_json(run).items() if n not in presets.ADDED}
    expected = {n: v for n, v in presets.ADDED.items() if getattr(run, n) is not None}
    assert resolve.from_json(old) == run.model_copy(update=expected)
    assert ("preview_classes" in expected) == (mode != "dcgan")


def of_version_0_3(run, **changes):
    """What config.json held of a run: settings that today's others say, by their names."""
    values = as_json(run)
    rule = values["update_rule"]
    if rule != "paired":
        update = {"alternating": "mixed", "separate": "separate"}[rule]
        values |= {"update_rule": "alternating", "discriminator_update": update}
    if "class_head" in values:
        values["twin"] = values.pop("class_head") == "twin"
    images, share = values.pop("decay_images"), values["r1_final_share"]
    decays = {"lr_decay_images": images, "r1_decay_images": images if share < 1 else 0}
    if share == 1:
        values["r1_final_share"] = 0.0
    return values | {"ema_interval": values["r1_interval"]} | decays | changes


# What the acgan of version 0.3 had.
HEADED = dict(mode="acgan", precision="float32", architecture="compact", class_head="twin")
HEADED["r1_final_share"] = 0.1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", presets.UPDATE_RULES)
def test_a_run_of_version_0_3_is_read_by_todays_names(mode, rule):
    """The default runs of every mode, which users have, must not become others."""
    theirs = HEADED if mode == "acgan" else {"architecture": "compact"}
    theirs = {**theirs, "mode": mode, "precision": "float32", "update_rule": rule}
    run = new_config(**theirs)
    assert resolve.from_json(of_version_0_3(run)) == run


@pytest.mark.parametrize(
    ("settings", "old"),
    [
        ({"class_head": "ac"}, {"twin": False}),
        # R1 alone fell; or no penalty did anything, so that its own numbers say nothing.
        ({"lr_final_share": 1.0}, {"lr_decay_images": 0}),
        ({"r1_weight": 0.0, "r1_final_share": 1.0}, {"r1_decay_images": 7}),
        ({"r1_weight": 0.0, "r1_interval": 3}, {"r1_interval": 4}),
        ({"ema_half_life": 0}, {"ema_interval": 9}),
        ({"decay_images": 0, "r1_final_share": 1.0}, {}),
    ],
)
def test_what_a_run_of_version_0_3_did_is_kept(settings, old):
    run = new_config(**HEADED | settings)
    assert resolve.from_json(of_version_0_3(run, **old)) == run


@pytest.mark.parametrize("name", ["ema_interval", "r1_decay_images"])
def test_a_run_of_which_no_setting_of_today_says_something_is_refused(name):
    """Catches a run of version 0.3 whose schedule becomes another one without a word."""
    old = of_version_0_3(new_config(**HEADED), **{name: 7})
    with pytest.raises(errors.RunError, match=rf"{name} 7 .*dcgan-tf 0\.3"):
        resolve.from_json(old)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"d_class_weight_real": 2.0}, "--d_class_weight_real=2.0: goes with --mode=acgan"),
        (
            {"mode": "cgan", "architecture": "resnet"},
            "has only compact2, compact, maxout",
        ),
        ({"g_batch_multiplier": 2}, "goes with --update_rule=alternating or separate"),
        (
            {"mode": "cgan", "architecture": "maxout", "label_fusion": "add"},
            "--label_fusion=add: goes with --architecture=compact2 or compact or ",
        ),
        (
            {"mode": "dcgan", "label_fusion": "add"},
            "--label_fusion=add: goes with --mode=cgan or acgan",
        ),
        ({"steps": 9, "epochs": 2}, "--steps=9 and --epochs=2: "),
        ({"log_every_steps": 2}, "whose length is given by --steps"),
        ({**ALTERNATING, "resample_latents": False}, "with --g_batch_multiplier=1"),
        (NO_CLASS_LOSS, "with --g_class_weight=0"),
        (
            {"real_label": 0.9, "adversarial_loss": "hinge"},
            "--real_label=0.9: goes with --adversarial_loss=non_saturating",
        ),
        (
            {"d_weight_fake": 2.0, **RELATIVISTIC},
            "goes with --adversarial_loss=non_saturating or hinge or least_squares",
        ),
        (
            {**RELATIVISTIC, "update_rule": "separate", "g_batch_multiplier": 1},
            "goes with --update_rule=paired, or alternating",
        ),
        # Two by default.
        ({**RELATIVISTIC, **ALTERNATING}, "and --g_batch_multiplier=1"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(overrides, message):
    with pytest.raises(errors.UsageError, match=re.escape(message)):
        new_config(**overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        {**ALTERNATING, "resample_latents": False, "g_batch_multiplier": 1},
        {**NO_CLASS_LOSS, "g_class_weight": 0.0},
        {**NO_CLASS_LOSS, "class_head": "ac", "d_class_weight_fake": 1.0},
        {"adversarial_loss": "hinge", "d_weight_fake": 2.0},
        RELATIVISTIC,
        {**RELATIVISTIC, **ALTERNATING, "g_batch_multiplier": 1},
    ],
)
def test_the_way_out_that_a_refusal_names_is_one(overrides):
    run = new_config(**overrides)
    assert {name: getattr(run, name) for name in overrides} == overrides


def test_a_choice_brings_its_settings_and_takes_along_those_of_the_others():
    """Whatever the architecture brings: those of keras_2018 are for labels and weights."""
    run = new_config(update_rule="alternating", steps=9)
    assert (run.g_batch_multiplier, run.log_every_steps, run.epochs) == (2, 200, None)
    smoothed = new_config(mode="acgan", **KERAS)
    assert (smoothed.real_label, smoothed.d_weight_real) == (0.95, 0.5)
    hinge = new_config(mode="acgan", **KERAS, adversarial_loss="hinge")
    assert (hinge.real_label, hinge.d_weight_real) == (None, 0.5)
    pairs = new_config(mode="acgan", **KERAS, **RELATIVISTIC)
    assert (pairs.real_label, pairs.d_weight_real) == (None, None)


def test_differences_name_every_one_but_the_length(small):
    overrides = {"mode": "acgan", "batch_size": 3, "seed": 0, "epochs": 99, "steps": 9}
    assert resolve.differences(small("dcgan"), overrides) == [
        "--mode=acgan (the run has dcgan)",
        "--batch_size=3 (the run has 16)",
        "--steps=9 (the run has no such setting)",
    ]


def child(parent, **overrides):
    return new_config(**resolve.inherit(parent, overrides, "it"))


def test_a_child_has_its_parents_settings_but_for_length_and_what_is_given(small):
    rule = {"update_rule": "alternating", "g_batch_multiplier": 3}
    parent = small("acgan", seed=5, epochs=9, checkpoint_every=2, keep_frames=7, **rule)
    run, default = child(parent, learning_rate=0.5), small("acgan", epochs=10)
    own = parent.model_copy(update={"r1_weight": 9.0, "augment_target": 0.3})
    longer = child(own, epochs=18)
    assert longer.decay_images == 2 * parent.decay_images
    assert (longer.r1_weight, longer.augment_target) == (parent.r1_weight, 0.0)
    assert child(small("acgan", **KERAS, r1_weight=9.0)).r1_weight == 9.0
    assert (run.seed, run.batch_size, run.g_batch_multiplier) == (5, 16, 3)
    assert (run.learning_rate, run.discriminator_learning_rate) == (0.5, 0.5)
    assert (run.dataset, child(parent, epochs=4).epochs) == ("digits", 4)
    for name in ("epochs", "checkpoint_every", "keep_frames"):
        assert getattr(run, name) == getattr(default, name)


def test_a_child_may_change_its_update_rule_and_its_loss(small):
    """And takes what goes with them from the choice, not from the parent."""
    alternating = small("acgan", update_rule="alternating")
    assert child(alternating, update_rule="paired").g_batch_multiplier is None
    assert child(small("acgan"), update_rule="alternating").g_batch_multiplier == 2
    labels = small("acgan", **KERAS, real_label=0.8, d_weight_real=0.25)
    hinge = child(labels, adversarial_loss="hinge")
    assert (hinge.adversarial_loss, hinge.real_label) == ("hinge", None)
    assert hinge.d_weight_real == 0.25


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
        child(small("acgan"), **overrides)


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        (["01", "02"], "02,01", [1, 0]),
        (["cat", "dog"], "1,cat", [1, 0]),
        (["cafe\u0301", "tea"], "tea,caf\u00e9", [1, 0]),  # as macOS writes it
        (["tabby, tabby cat", "dog ", "tabby"], "tabby, tabby cat,dog,tabby", [0, 1, 2]),
        (["a\u200cb", "ab"], "ab,a\u200cb", [1, 0]),  # joiners are of Persian and emoji
        (["01", "02"], "1", "'1' is no class of 01, 02"),
        (["1", "2"], "0,1", "'0' is no class of 1, 2"),
        (["a", "b"], "a,,b", "'' is no class of a, b"),
    ],
)
def test_classes_are_found_by_name_then_by_number(names, text, found):
    """Catches a number that names another class than the one which is called so."""
    if isinstance(found, list):
        assert class_names.find("classes", text, names) == found
    else:
        with pytest.raises(errors.UsageError, match=f"--classes={text}: {found}"):
            class_names.find("classes", text, names)


def test_names_of_classes_can_be_printed_and_differ():
    """Catches names that steer a terminal, lose their letters, or are two classes' name."""
    names = [b"cat", "\x1b[31mdog", b"caf\xe9", "a\u200cb", "👩‍🚀", 7]
    shown = ("cat", "\ufffd[31mdog", "caf\ufffd", "a\u200cb", "👩‍🚀", "7")
    assert class_names.checked(names, "x") == shown
    for equal in (["caf\u00e9", "cafe\u0301"], [b"a\xe8", b"a\xe9"], ["dog", "dog "]):
        with pytest.raises(errors.UsageError, match="--dataset=x: 2 classes are called"):
            class_names.checked(["cat", *equal], "x")
