import itertools

import pytest

from dcgan_tf import main
from dcgan_tf.cli import flags
from dcgan_tf.config import presets, schema


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
    defaults = presets.PRESETS[given["mode"]].default_values(given, "mnist")
    training = {n for n in defaults if schema.FIELDS[n].json_schema_extra["group"] != "run"}
    compared = (training | {"epochs"}) & given.keys()
    assert {n for n in compared if given[n] != defaults[n]} == differing


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
            parsed = schema.parse(name, str(value))
            assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize("mode", presets.PRESETS)
def test_what_was_tuned_on_mnist_is_for_sets_of_its_shape_alone(mode):
    """And for our networks: not for few images, and in no published system."""
    preset = presets.PRESETS[mode]
    for dataset in (*presets.MNIST_LIKE, presets.DIGITS, "./own"):
        for architecture in preset.architectures:
            values = preset.default_values({"architecture": architecture}, dataset)
            own = architecture in presets.OURS
            ours = own and dataset in presets.MNIST_LIKE
            tuned = ours and preset.conditional
            assert (values["decay_images"] > 0) == (values["beta_2"] != 0.999) == tuned
            assert (values.get("label_fusion") == "concatenate") == tuned
            assert (values["batch_size"] == 128) == (ours and mode == "acgan")
            assert (values["r1_final_share"] < 1) == (ours and mode == "acgan")
            assert values["r1_interval"] == (4 if ours else 1)
            assert (values.get("epochs") == 15) == (ours and mode == "dcgan")
            in_steps = own and dataset == "./own"
            assert values.get("steps") == (10_000 if in_steps else None)
