"""Class heads: the logits of classes that a discriminator has, and the losses of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

from dcgan_tf.losses.adversarial import Terms
from dcgan_tf.support.lazy import tensorflow as tf


class DiscriminatorOutput(NamedTuple):
    """A discriminator's logits.

    adversarial: [B, 1], the higher the more real
    classes:     [B, classes], or None without class heads; of "adc" [B, 2 classes]: as of
                 real images, then as of fakes
    twin:        [B, classes] of the second class head, or None without one
    """

    adversarial: tf.Tensor
    classes: tf.Tensor | None = None
    twin: tf.Tensor | None = None

    def halves(self) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        """Returns the outputs for the first and for the second half of the batch."""
        parts = [(None, None) if x is None else tf.split(x, 2) for x in self]
        first, second = zip(*parts, strict=True)
        return DiscriminatorOutput(*first), DiscriminatorOutput(*second)


@dataclasses.dataclass(frozen=True)
class ClassHead:
    """A choice of class heads.

    source: who describes it, for --help
    heads:  the fields of DiscriminatorOutput that it has, and how many logits a class has
    terms:  (output, labels [B]) -> the terms of real images or of fakes
    discriminator_weights: the terms that the discriminator minimises, and the settings that
            weigh them; on the test split these terms weigh as much as an adversarial one
    generator_weights: the terms that the generator minimises, times g_class_weight
    """

    source: str
    heads: Mapping[str, int]
    terms: Callable[[DiscriminatorOutput, tf.Tensor], Terms]
    discriminator_weights: Mapping[str, str]
    generator_weights: Mapping[str, float]


def ac_terms(output: DiscriminatorOutput, labels: tf.Tensor) -> Terms:
    """Returns "class", L_C (Odena et al. 2017, section 4), and the share named right."""
    right = tf.argmax(output.classes, axis=-1, output_type=labels.dtype) == labels
    loss = class_cross_entropy(output.classes, labels)
    return {"class": loss, "class_accuracy": tf.reduce_mean(tf.cast(right, tf.float32))}


def twin_terms(output: DiscriminatorOutput, labels: tf.Tensor) -> Terms:
    """Returns those, and "twin", the second head's (Gong et al. 2019, section 3.2)."""
    twin = class_cross_entropy(output.twin, labels)
    return {**ac_terms(output, labels), "twin": twin}


def adc_terms(output: DiscriminatorOutput, labels: tf.Tensor) -> Terms:
    """Returns "class" and "fake_class": of the label as a real image's, as a fake's.

    "class_accuracy" is the share named right as either (Hou et al. 2022, section 3.2).
    """
    classes = output.classes.shape[-1] // 2
    named = tf.argmax(output.classes, axis=-1, output_type=labels.dtype) % classes
    return {
        "class": class_cross_entropy(output.classes, labels),
        "fake_class": class_cross_entropy(output.classes, labels + classes),
        "class_accuracy": tf.reduce_mean(tf.cast(named == labels, tf.float32)),
    }


def class_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Mean of -log softmax(x)[label]; from logits [B, classes] and labels [B]."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


_AC_WEIGHTS = {"class_real": "d_class_weight_real", "class_fake": "d_class_weight_fake"}
NO_CLASS_HEAD = ClassHead("", {}, lambda output, labels: {}, {}, {})
CLASS_HEADS = {
    "ac": ClassHead(
        "one head of classes: Odena et al. 2017",
        {"classes": 1},
        ac_terms,
        discriminator_weights=_AC_WEIGHTS,
        generator_weights={"class": 1.0},
    ),
    "twin": ClassHead(
        "a second head, which learns the classes of fakes; the generator's class loss is "
        "the first head's minus the second's, which does not reward classes without "
        "variety: Gong et al. 2019",
        {"classes": 1, "twin": 1},
        twin_terms,
        discriminator_weights={**_AC_WEIGHTS, "twin_fake": "d_class_weight_real"},
        generator_weights={"class": 1.0, "twin": -1.0},
    ),
    "adc": ClassHead(
        "one head of the classes of real images and of those of fakes: Hou et al. 2022",
        {"classes": 2},
        adc_terms,
        discriminator_weights={
            "class_real": "d_class_weight_real",
            "fake_class_fake": "d_class_weight_real",
        },
        generator_weights={"class": 1.0, "fake_class": -1.0},
    ),
}
