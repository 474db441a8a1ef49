import itertools

import pytest
from conftest import new_config

from dcgan_tf.config import presets, schema

# From the publications, not from published.py.
BOTH_RATES = ("learning_rate", "discriminator_learning_rate")
PUBLISHED = {
    ("dcgan", "tf_tutorial"): {
        "batch_size": 256,
        "epochs": 50,
        **dict.fromkeys(BOTH_RATES, 1e-4),
        "beta_1": 0.9,
        "latent_prior": "normal",
        "latent_dim": 100,
        "adversarial_loss": "non_saturating",
        "real_label": 1.0,
        "d_weight_real": 1.0,
        "d_weight_fake": 1.0,
        "negative_slope": 0.3,
        "dropout_rate": 0.3,
        "checkpoint_every": 15,
    },
    ("cgan", "maxout"): {"latent_prior": "normal", "fake_label_source": "batch"},
    ("acgan", "keras_gan"): {
        "batch_size": 32,
        **dict.fromkeys(BOTH_RATES, 2e-4),
        "beta_1": 0.5,
        "latent_prior": "normal",
        "adversarial_loss": "non_saturating",
        "real_label": 1.0,
        "generator_label": 1.0,
        "d_weight_real": 1.0,
        "d_weight_fake": 1.0,
        "d_class_weight_real": 1.0,
        "d_class_weight_fake": 1.0,
        "class_head": "ac",
        "negative_slope": 0.2,
        "dropout_rate": 0.25,
    },
    ("acgan", "keras_2017"): {
        "batch_size": 100,
        "epochs": 50,
        **dict.fromkeys(BOTH_RATES, 5e-5),
        "latent_prior": "uniform",
        "adversarial_loss": "non_saturating",
        "beta_1": 0.5,
        "real_label": 1.0,
        "class_head": "ac",
        "d_class_weight_real": 0.5,
        "d_class_weight_fake": 0.5,
        "negative_slope": 0.3,
        "dropout_rate": 0.3,
    },
    ("acgan", "keras_2018"): {
        "batch_size": 100,
        "epochs": 100,
        **dict.fromkeys(BOTH_RATES, 2e-4),
        "beta_1": 0.5,
        "latent_prior": "uniform",
        "fake_label_source": "uniform",
        "adversarial_loss": "non_saturating",
        "class_head": "ac",
        "real_label": 0.95,
        "generator_label": 0.95,
        "d_weight_real": 0.5,
        "d_weight_fake": 0.5,
        "g_class_weight": 1.0,
        "d_class_weight_real": 1.0,
        "d_class_weight_fake": 0.0,
        "negative_slope": 0.2,
        "dropout_rate": 0.3,
    },
}


@pytest.mark.parametrize(("mode", "architecture"), PUBLISHED)
def test_published_networks_bring_the_published_values(mode, architecture):
    run = new_config(mode=mode, architecture=architecture)
    published = PUBLISHED[mode, architecture]
    assert {name: getattr(run, name) for name in published} == published


@pytest.mark.parametrize("mode", presets.PRESETS)
@pytest.mark.parametrize("dataset", ["mnist", presets.DIGITS, "./own"])
def test_defaults_are_within_the_bounds_of_their_flags(mode, dataset):
    """As text, so that each of them can be given back as a flag."""
    preset = presets.PRESETS[mode]
    names = ("architecture", *presets.CHOICES, "steps")
    for chosen in itertools.product(
        preset.architectures, *presets.CHOICES.values(), (None, 9)
    ):
        choices = dict(zip(names, chosen, strict=True))
        for name, value in preset.default_values(choices, dataset).items():
            assert schema.parse(name, str(value)) == value


@pytest.mark.parametrize("architecture", ["compact", "keras_2018"])
@pytest.mark.parametrize(
    ("loss", "brings"),
    [
        ("non_saturating", {"real_label", "generator_label"}),
        ("hinge", set()),
        ("least_squares", set()),
        ("relativistic", None),
    ],
)
def test_a_loss_has_the_settings_that_it_knows_and_no_other(architecture, loss, brings):
    """Whatever the architecture brings: those of keras_2018 are for labels and weights."""
    names = {"real_label", "generator_label", "d_weight_real", "d_weight_fake"}
    choices = {"architecture": architecture, "adversarial_loss": loss}
    values = presets.PRESETS["acgan"].default_values(choices, "mnist")
    expected = set() if brings is None else brings | {"d_weight_real", "d_weight_fake"}
    assert values.keys() & names == expected


@pytest.mark.parametrize("mode", presets.PRESETS)
def test_what_was_tuned_on_mnist_is_for_sets_of_its_shape_alone(mode):
    """And for our networks: not for few images, and in no published system."""
    preset = presets.PRESETS[mode]
    for dataset in (*presets.MNIST_LIKE, presets.DIGITS, "./own"):
        for architecture in preset.architectures:
            values = preset.default_values({"architecture": architecture}, dataset)
            ours = architecture == "compact" and dataset in presets.MNIST_LIKE
            tuned = ours and preset.conditional
            assert (values["lr_decay_images"] > 0) == tuned
            assert (values["beta_2"] != 0.999) == tuned
            assert (values["ema_half_life"] == 20_000) == tuned
            assert (values.get("label_fusion") == "concatenate") == tuned
            assert (values["r1_decay_images"] > 0) == (ours and mode == "acgan")
            assert values["r1_interval"] == values["ema_interval"] == (4 if ours else 1)
            assert (values["beta_1"] == 0) == (ours and mode == "dcgan")
            assert (values.get("epochs") == 15) == (ours and mode == "dcgan")
