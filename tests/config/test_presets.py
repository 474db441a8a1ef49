import itertools

import pytest

from dcgan_tf import main
from dcgan_tf.cli import flags
from dcgan_tf.config import formulas, presets, schema
from dcgan_tf.config.formulas import Data


@pytest.mark.parametrize(
    ("system", "differing"),
    [
        ("dcgan_tutorial", {"precision"}),
        ("cgan_maxout", {"ema_half_life"}),
        ("acgan_keras", {"precision"}),
        ("acgan_keras_gan", {"precision", "g_batch_multiplier", "resample_latents"}),
        ("acgan_keras_2017", {"precision"}),
    ],
)
def test_published_networks_bring_the_settings_of_their_flagfile(system, differing):
    """A setting that is missing in PUBLISHED has another default than its system's."""
    values = main.define_flags()
    values(["main", f"--flagfile={presets.FLAGFILES[system]}"])
    given = flags.overrides(values)
    defaults = presets.PRESETS[given["mode"]].default_values(given)
    training = {n for n in defaults if schema.FIELDS[n].json_schema_extra["group"] != "run"}
    compared = (training | {"epochs"}) & given.keys()
    assert {n for n in compared if given[n] != defaults[n]} == differing


@pytest.mark.parametrize("mode", presets.PRESETS)
@pytest.mark.parametrize(
    "data",
    [
        formulas.MNIST,
        Data(presets.DIGITS, images=1500),
        Data("./few", 16, 24, 3, images=6),
        Data("./many", 128, 128, 4, images=2_000_000),
    ],
)
def test_defaults_are_within_the_bounds_of_their_flags(mode, data):
    """As text, so that each of them can be given back as a flag."""
    preset = presets.PRESETS[mode]
    names = ("architecture", *presets.CHOICES, "steps")
    for chosen in itertools.product(
        preset.architectures, *presets.CHOICES.values(), (None, 9)
    ):
        choices = dict(zip(names, chosen, strict=True))
        for name, value in preset.default_values(choices, data).items():
            parsed = schema.parse(name, str(value))
            assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize("mode", presets.PRESETS)
def test_published_systems_know_nothing_of_the_formulas(mode):
    preset = presets.PRESETS[mode]
    for architecture in preset.architectures.keys() - {*presets.OURS}:
        values = preset.default_values({"architecture": architecture})
        names = ("decay_images", "augment_target", "beta_2", "r1_interval")
        assert [values[name] for name in names] == [0, 0.0, 0.999, 1]
