"""Settings of the published systems, where they differ from `presets.COMMON`."""

from dcgan_tf.losses.adversarial import WEIGHTS


def _rates(rate: float) -> dict[str, float]:
    return dict(learning_rate=rate, discriminator_learning_rate=rate)


DCGAN_TUTORIAL = dict(
    **dict(**_rates(1e-4), beta_1=0.9, batch_size=256, epochs=50),
    **dict(negative_slope=0.3, dropout_rate=0.3),
)

# The tutorial's networks, given the label; the rates are ours.
CGAN_TUTORIAL = {
    **DCGAN_TUTORIAL,
    **dict(**_rates(2e-4), beta_1=0.5, batch_size=100),
    **dict(ema_half_life=10_000, label_fusion="multiply"),
}

# The paper leaves out the optimizer, the rates, the batch size and the length.
MAXOUT = dict(
    **dict(batch_size=100, epochs=50, ema_half_life=10_000),
    # The generator begins with grey images, which a free discriminator tells at once; then
    # the generator learns to ignore its latents: experiments/README.md.
    r1_weight=10.0,
    # Small matrices: bfloat16 costs more in casts than it saves.
    precision="float32",
)

# After 5,500 steps one class was still wrong, after 10,000 none.
MAXOUT_ON_DIGITS = dict(epochs=250, ema_half_life=10_000)

KERAS_2018 = dict(
    **dict(**_rates(2e-4), batch_size=100, epochs=100, dropout_rate=0.3),
    **dict(latent_prior="uniform", fake_label_source="uniform"),
    **dict(label_fusion="multiply", class_head="ac"),
    # One-sided smoothing; the example's generator aims at the same 0.95.
    **dict(real_label=0.95, generator_label=0.95),
    # Means over one batch of B real and B fake images: 1/2 of each half's mean.
    **dict(d_weight_real=0.5, d_weight_fake=0.5),
    # Published as weights 2 and 0 in that same mean: 2/2 and 0/2.
    **dict(d_class_weight_real=1.0, d_class_weight_fake=0.0, g_class_weight=1.0),
)

_HARD_LABELS = dict(real_label=1.0, generator_label=1.0)

KERAS_GAN = {
    **KERAS_2018,
    **_HARD_LABELS,
    **WEIGHTS,
    **dict(batch_size=32, latent_prior="normal", dropout_rate=0.25),
    "d_class_weight_fake": 1.0,
    # Without, two threads do not always sum in the same order here.
    "deterministic": True,
}

KERAS_2017 = {
    **KERAS_2018,
    **_HARD_LABELS,
    **dict(**_rates(5e-5), epochs=50, negative_slope=0.3),
    **dict(d_class_weight_real=0.5, d_class_weight_fake=0.5),
}
