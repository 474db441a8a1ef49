"""Adversarial losses: each a pair of functions of the logits on real images and on fakes.

Both take (real, fake), logits [B, 1] (the generator's batch of fakes may be larger), and
return named terms, means over the batch.  The discriminator's are "adversarial_real" and
"adversarial_fake", or "adversarial" where they cannot be told apart, and beside them
"adversarial_accuracy...": the share of images that it is right about.  The generator's is
"adversarial".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from dcgan_tf.support.lazy import tensorflow as tf

Terms = dict[str, Any]  # scalar tensors

# The discriminator minimises the sum of its two terms, not their mean.
WEIGHTS = {"d_weight_real": 1.0, "d_weight_fake": 1.0}


@dataclasses.dataclass(frozen=True)
class AdversarialLoss:
    """What each player minimises of the discriminator's logits.

    source:     who describes it, for --help
    settings:   the settings of a run that the loss brings, and their values
    needs_pair: whether a fake is compared with a real image.  Without it, the
                discriminator's function takes None for either kind, whose term it then
                leaves out, and the generator's takes None for real.
    """

    source: str
    discriminator: Callable[[tf.Tensor | None, tf.Tensor | None], Terms]
    generator: Callable[[tf.Tensor | None, tf.Tensor], Terms]
    settings: Mapping[str, float]
    needs_pair: bool = False


def non_saturating(real_label=1.0, generator_label=1.0) -> AdversarialLoss:
    """-log D(x) and -log(1 - D(G(z))); for the generator -log D(G(z)).

    Goodfellow et al. 2014, section 3.  real_label below 1 is one-sided label smoothing
    (Salimans et al. 2016, section 3.4): the probability that D should give a real image.
    """
    return _separable(
        "Goodfellow et al. 2014",
        real=lambda logits: cross_entropy(logits, real_label),
        fake=lambda logits: cross_entropy(logits, 0.0),
        generator=lambda logits: cross_entropy(logits, generator_label),
        labels={"real_label": real_label, "generator_label": generator_label},
    )


def hinge() -> AdversarialLoss:
    """max(0, 1 - D(x)) and max(0, 1 + D(G(z))), D the logit; for the generator -D(G(z))."""
    return _separable(
        "Lim & Ye 2017",  # section 2
        real=lambda logits: tf.reduce_mean(tf.nn.relu(1.0 - logits)),
        fake=lambda logits: tf.reduce_mean(tf.nn.relu(1.0 + logits)),
        generator=lambda logits: -tf.reduce_mean(logits),
    )


def least_squares() -> AdversarialLoss:
    """(D(x) - 1)^2 / 2 and D(G(z))^2 / 2; for the generator (D(G(z)) - 1)^2 / 2.

    Mao et al. 2017, equation 9; D is the logit, and calls real what is above 1/2.
    """
    return _separable(
        "Mao et al. 2017",
        real=lambda logits: tf.reduce_mean((logits - 1.0) ** 2) / 2,
        fake=lambda logits: tf.reduce_mean(logits**2) / 2,
        generator=lambda logits: tf.reduce_mean((logits - 1.0) ** 2) / 2,
        threshold=0.5,
    )


def relativistic() -> AdversarialLoss:
    """softplus(D(G(z)) - D(x)), for the generator softplus(D(x) - D(G(z))), D the logit.

    Jolicoeur-Martineau 2018, section 4.1, with the logistic loss: each fake is paired with
    a real image, as in R3GAN (Huang et al. 2024, section 2.1).
    """

    def discriminator(real, fake):
        return {
            "adversarial": tf.reduce_mean(tf.nn.softplus(fake - real)),
            "adversarial_accuracy": share(real > fake),
        }

    def generator(real, fake):
        return {"adversarial": tf.reduce_mean(tf.nn.softplus(real - fake))}

    source = "compares each fake with a real image: Jolicoeur-Martineau 2018"
    return AdversarialLoss(source, discriminator, generator, {}, needs_pair=True)


def cross_entropy(logits: tf.Tensor, target: float) -> tf.Tensor:
    """Mean of -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid; from logits [B, 1]."""
    targets = tf.fill(tf.shape(logits), tf.cast(target, logits.dtype))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))


def share(right: tf.Tensor) -> tf.Tensor:
    """Returns the share of a batch [B, ...] of bool that is true."""
    return tf.reduce_mean(tf.cast(right, tf.float32))


def _separable(source, real, fake, generator, labels: Mapping = {}, threshold=0.0):
    """Returns a loss whose terms each see the logits of one kind of images.

    threshold: the logit above which the discriminator takes an image for real
    """

    def discriminator(real_logits, fake_logits):
        terms = {}
        if real_logits is not None:
            terms["adversarial_real"] = real(real_logits)
            terms["adversarial_accuracy_real"] = share(real_logits > threshold)
        if fake_logits is not None:
            terms["adversarial_fake"] = fake(fake_logits)
            terms["adversarial_accuracy_fake"] = share(fake_logits <= threshold)
        return terms

    def of_generator(real_logits, fake_logits):
        del real_logits
        return {"adversarial": generator(fake_logits)}

    return AdversarialLoss(source, discriminator, of_generator, {**WEIGHTS, **labels})


# Each takes those of its settings that are arguments.
ADVERSARIAL_LOSSES = {
    loss.__name__: loss for loss in (non_saturating, hinge, least_squares, relativistic)
}
