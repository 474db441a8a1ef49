"""What each player minimises: pure functions of verdicts, in logits -> named scalar terms.

A judgement (`adversarial`, `auxiliary`) reads a discriminator's verdict on images of one
kind; an `Objective` weighs it.  Terms are unweighted means over the batch; "loss", which
stands among them, is what is minimised.
"""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

Terms = dict[str, tf.Tensor]


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


def adversarial(verdict: tf.Tensor, labels: tf.Tensor, target: float) -> Terms:
    """Real or not (Goodfellow et al. 2014), from logits [B, 1].

    Target 1 gives -log D(x), the discriminator's on real images and the generator's
    non-saturating loss (section 3); target 0 gives -log(1 - D(x)).
    """
    del labels
    return {"adversarial": cross_entropy(verdict, target)}


def auxiliary(verdict: Mapping[str, tf.Tensor], labels: tf.Tensor, target: float) -> Terms:
    """Real or not, and of the class or not: L_S and L_C (Odena et al. 2017, section 4).

    "twin" is what L_C is, by the class head of the fakes, where there is one (Gong et al.
    2019, section 3.2).  With them go the shares of images that the verdict is right about.
    """
    generation, auxiliary = verdict["generation"], verdict["auxiliary"]
    named = tf.argmax(auxiliary, axis=-1, output_type=labels.dtype)
    heads = [head for head in ("auxiliary", "twin") if head in verdict]
    return {
        "adversarial": cross_entropy(generation, target),
        **{head: class_cross_entropy(verdict[head], labels) for head in heads},
        "validity_accuracy": _share((generation > 0) == (target > 0.5)),
        "class_accuracy": _share(named == labels),
    }


def _share(right: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(right, tf.float32))


@dataclasses.dataclass(frozen=True)
class Objective:
    """What a player wants said of one kind of image.

    target:  the probability of being real that the verdict should come to; below 1 for
             real images it is one-sided label smoothing (Salimans et al. 2016, section 3.4)
    weights: of the judgement's terms in the loss, by name
    """

    judge: Callable[..., Terms]
    target: float
    weights: Mapping[str, float]

    def __call__(self, verdict, labels: tf.Tensor) -> Terms:
        terms = self.judge(verdict, labels, self.target)
        loss = tf.add_n([weight * terms[name] for name, weight in self.weights.items()])
        return {"loss": loss, **terms}


def gradient_penalty(realness: Callable, images: tf.Tensor) -> tf.Tensor:
    """Mean over images [B, ...] of the squared norm of realness's gradient by the image.

    Half of it, weighted, is R1 (Mescheder et al. 2018, equation 9).  realness: images ->
    logits [B, 1], each of its own image alone.
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = realness(images)
    slopes = tape.gradient(logits, images)
    return tf.reduce_mean(tf.reduce_sum(slopes**2, axis=[1, 2, 3]))


def together(**parts: Terms) -> Terms:
    """The terms of a loss in several parts: losses add up, the rest get the part's name.

    together(real={"loss": 1, "adversarial": 1}, fake={"loss": 2, "adversarial": 2})
    is {"loss": 3, "adversarial_real": 1, "adversarial_fake": 2}.
    """
    return {
        "loss": tf.add_n([terms["loss"] for terms in parts.values()]),
        **{
            f"{name}_{part}": term
            for part, terms in parts.items()
            for name, term in terms.items()
            if name != "loss"
        },
    }


def by_player(generator: Terms, discriminator: Terms) -> Terms:
    """Both players' terms under one roof: "generator/loss", "discriminator/loss" ..."""
    players = {"generator": generator, "discriminator": discriminator}
    return {
        f"{player}/{name}": term
        for player, terms in players.items()
        for name, term in terms.items()
    }
