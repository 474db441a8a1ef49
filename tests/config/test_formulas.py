import pytest

from dcgan_tf.config import presets
from dcgan_tf.config.formulas import MNIST, Data

# What was found on MNIST: of each mode epochs, batch, R1 at first and last, decay, EMA.
ON_MNIST = {
    "dcgan": (15, 64, 0.1, 1.0, 0, 100_000),
    "cgan": (9, 64, 0.1, 1.0, 486_000, 50_000),
    "acgan": (10, 128, 1.0, 0.1, 540_000, 20_000),
}
NAMES = "epochs batch_size r1_weight r1_final_share decay_images ema_half_life".split()


def values(mode, data, **given):
    return presets.PRESETS[mode].default_values(given, data)


@pytest.mark.parametrize("mode", presets.PRESETS)
def test_a_set_of_mnists_shape_and_size_has_its_settings(mode):
    """A recipe by the set's name would give a user's own 60,000 pictures others."""
    own = values(mode, Data("/own.npz", images=60_000))
    assert own == values(mode, MNIST)
    assert tuple(own[name] for name in NAMES) == ON_MNIST[mode]


@pytest.mark.parametrize("mode", presets.PRESETS)
def test_schedules_follow_the_length(mode):
    whole = values(mode, MNIST)
    third = values(mode, MNIST, epochs=3)
    share = 3 / whole["epochs"]
    assert third["decay_images"] == round(whole["decay_images"] * share)
    assert third["ema_half_life"] == pytest.approx(whole["ema_half_life"] * share, abs=1)
    in_steps = values(mode, MNIST, steps=1000, batch_size=180)
    assert in_steps["decay_images"] == (0 if mode == "dcgan" else 162_000)


def test_few_and_large_images():
    """By hand: 64x64 has 5.224 times the pixels, 600 a tenth of a tenth of 60,000."""
    few = values("cgan", Data("/own", 64, 64, 3, 600))
    assert few["r1_weight"] == pytest.approx(5.224 * 0.1 * 10, abs=1e-3)
    assert (few["architecture"], few["batch_size"]) == ("compact2", 32)
    assert few["label_fusion"] == "multiply"
    assert (few["augment_policy"], few["augment_target"]) == ("colour", 0.8)
    many = values("cgan", Data("/own", images=10_000))
    assert many["augment_target"] == 0.0
    other = Data("/own", 40, 40, 3, 600), Data("/own", 64, 64, 3, 10_000)
    assert {values("cgan", d)["label_fusion"] for d in other} == {"concatenate"}
    assert few["steps"] == 16_900  # 540,000 images
    assert few["decay_images"] == round(0.9 * 16_900 * 32)
    assert "epochs" not in few
    # Three fifths of 540,000 images in batches of 32.
    large = values("cgan", Data("/own", 128, 128, 3, 2_000))
    assert (large["augment_policy"], large["steps"]) == ("translation", 10_100)
    grey = values("acgan", Data("/own", 28, 28, 1, 600))
    assert (grey["augment_policy"], grey["batch_size"]) == ("cutout", 128)
    # R1 falls from 1 at 28x28, but not below what few images need.
    assert (grey["r1_weight"], grey["r1_final_share"]) == (1.0, 1.0)
    assert values("acgan", Data("/own", images=20))["batch_size"] == 8
