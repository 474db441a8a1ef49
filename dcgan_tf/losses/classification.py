"""Class losses: the class heads' cross-entropy with the labels."""

import tensorflow as tf

from dcgan_tf.losses.terms import Terms, share
from dcgan_tf.models.blocks import DiscriminatorOutput


def class_terms(output: DiscriminatorOutput, labels: tf.Tensor) -> Terms:
    """The terms of images with labels [B]; {} for a discriminator without class heads.

    "class" is L_C (Odena et al. 2017, section 4); "twin" the same of the second class head
    (Gong et al. 2019, section 3.2); "class_accuracy" the share that the first names right.
    """
    if output.classes is None:
        return {}
    named = tf.argmax(output.classes, axis=-1, output_type=labels.dtype)
    terms = {
        "class": class_cross_entropy(output.classes, labels),
        "class_accuracy": share(named == labels),
    }
    if output.twin is not None:
        terms["twin"] = class_cross_entropy(output.twin, labels)
    return terms


def class_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Mean of -log softmax(x)[label]; from logits [B, classes] and labels [B]."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
