"""What each player minimises: pure functions of verdicts, in logits -> named scalar terms.

Terms are means over the batch, unweighted; "loss", which stands among them, is what the
player minimises: the sum of its terms, each times its weight.  A target is the
probability that the verdict should come to: below 1 for real images it is one-sided
label smoothing (Salimans et al. 2016, section 3.4).
"""

from collections.abc import Mapping

import tensorflow as tf

Terms = dict[str, tf.Tensor]
Weights = Mapping[str, float]


def cross_entropy(logits: tf.Tensor, target: float) -> tf.Tensor:
    """Mean of -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid; from logits [B, 1]."""
    targets = tf.fill(tf.shape(logits), tf.cast(target, logits.dtype))
    return tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    )


def class_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Mean of -log softmax(x)[label]; from logits [B, classes] and labels [B]."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def adversarial_generator(fake, fake_labels, *, target: float) -> Terms:
    """-log D(G(z)), the non-saturating loss (Goodfellow et al. 2014, section 3)."""
    del fake_labels
    return _with_loss({"adversarial": cross_entropy(fake, target)}, weights={})


def adversarial_discriminator(
    real, labels, fake, fake_labels, *, real_target: float, weights: Weights
) -> Terms:
    """-log D(x) and -log(1 - D(G(z))) (Goodfellow et al. 2014, equation 1)."""
    del labels, fake_labels
    terms = {"real": cross_entropy(real, real_target), "fake": cross_entropy(fake, 0.0)}
    return _with_loss(terms, weights)


def auxiliary_generator(fake, fake_labels, *, target: float) -> Terms:
    """Pass for real, and for the class (Odena et al. 2017, section 4: L_C - L_S)."""
    terms = {
        "adversarial": cross_entropy(fake["generation"], target),
        "auxiliary": class_cross_entropy(fake["auxiliary"], fake_labels),
    }
    return _with_loss(terms, weights={})


def auxiliary_discriminator(
    real, labels, fake, fake_labels, *, real_target: float, weights: Weights
) -> Terms:
    """Tell real from fake and name the class (Odena et al. 2017, section 4: L_S + L_C)."""
    terms = {
        "real": cross_entropy(real["generation"], real_target),
        "fake": cross_entropy(fake["generation"], 0.0),
        "auxiliary_real": class_cross_entropy(real["auxiliary"], labels),
        "auxiliary_fake": class_cross_entropy(fake["auxiliary"], fake_labels),
    }
    return _with_loss(terms, weights)


def _with_loss(terms: Terms, weights: Weights) -> Terms:
    weighted = [weights.get(name, 1.0) * term for name, term in terms.items()]
    return {"loss": tf.add_n(weighted), **terms}


def by_player(generator: Terms, discriminator: Terms) -> Terms:
    """Both players' terms under one roof: "generator/loss", "discriminator/real" ..."""
    players = {"generator": generator, "discriminator": discriminator}
    return {
        f"{player}/{name}": term
        for player, terms in players.items()
        for name, term in terms.items()
    }
