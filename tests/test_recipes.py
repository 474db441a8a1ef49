import pytest

from dcgan_tf import bounds, recipes, settings

# From the three publications, not from recipes.py.
PUBLISHED = {
    ("dcgan", "convolutional"): {
        "batch_size": 256,
        "epochs": 50,
        "learning_rate": 1e-4,
        "discriminator_learning_rate": 1e-4,
        "beta_1": 0.9,
        "noise": "normal",
        "noise_size": 100,
        "real_target": 1.0,
        "real_weight": 1.0,
        "fake_weight": 1.0,
        "leaky_slope": 0.3,
        "dropout": 0.3,
        "checkpoint_every": 15,
    },
    ("cgan", "maxout"): {"noise": "normal", "fake_labels": "real"},
    ("acgan", "batchnorm"): {
        "batch_size": 32,
        "learning_rate": 2e-4,
        "beta_1": 0.5,
        "noise": "normal",
        "real_target": 1.0,
        "generator_target": 1.0,
        "auxiliary_real_weight": 1.0,
        "auxiliary_fake_weight": 1.0,
        "leaky_slope": 0.2,
        "dropout": 0.25,
    },
    ("acgan", "upsampling"): {
        "batch_size": 100,
        "epochs": 50,
        "learning_rate": 5e-5,
        "discriminator_learning_rate": 5e-5,
        "noise": "uniform",
        "real_target": 1.0,
        "auxiliary_real_weight": 0.5,
        "auxiliary_fake_weight": 0.5,
        "leaky_slope": 0.3,
        "dropout": 0.3,
    },
    ("acgan", "convolutional"): {
        "batch_size": 100,
        "epochs": 100,
        "learning_rate": 2e-4,
        "discriminator_learning_rate": 2e-4,
        "beta_1": 0.5,
        "noise": "uniform",
        "real_target": 0.95,
        "generator_target": 0.95,
        "real_weight": 0.5,
        "fake_weight": 0.5,
        "auxiliary_real_weight": 1.0,
        "auxiliary_fake_weight": 0.0,
        "auxiliary_generator_weight": 1.0,
        "fake_labels": "random",
        "leaky_slope": 0.2,
        "dropout": 0.3,
    },
}


@pytest.mark.parametrize(("mode", "architecture"), PUBLISHED)
def test_published_networks_bring_the_published_values(mode, architecture):
    said = {"mode": mode, "architecture": architecture}
    run = settings.new(said, dataset="mnist", classes=10)
    published = PUBLISHED[mode, architecture]
    assert {name: getattr(run, name) for name in published} == published


def test_defaults_are_within_the_bounds_of_their_flags():
    for recipe in recipes.RECIPES.values():
        for dataset in ("mnist", recipes.DIGITS):
            for architecture in recipe.architectures:
                for schedule in recipes.SCHEDULES:
                    for length in ({}, {"steps": 9}):
                        said = {"architecture": architecture, "schedule": schedule}
                        values = recipe.default_values(said | length, dataset)
                        for name, value in values.items():
                            assert bounds.check(name, value) == value
