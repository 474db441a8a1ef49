import math

import pytest
import tensorflow as tf

from dcgan_tf.losses.class_heads import CLASS_HEADS, DiscriminatorOutput

THREE_TO_ONE = [math.log(3.0), 0.0]  # softmax: 3/4, 1/4
ONE_TO_NINE = [0.0, math.log(9.0)]
COST_OF_3, COST_OF_1 = math.log(4 / 3), math.log(4)  # -log of 3/4 and of 1/4


def terms(head, labels, *logits):
    heads = [tf.constant([row] * len(labels)) for row in logits]
    output = DiscriminatorOutput(tf.zeros([len(labels), 1]), *heads)
    found = CLASS_HEADS[head].terms(output, tf.constant(labels))
    return {name: float(term) for name, term in found.items()}


@pytest.mark.parametrize(
    ("head", "labels", "logits", "expected"),
    [
        ("ac", [0], [THREE_TO_ONE], {"class": COST_OF_3, "class_accuracy": 1}),
        ("ac", [1], [THREE_TO_ONE], {"class": COST_OF_1, "class_accuracy": 0}),
        (
            *("ac", [1, 0, 1], [THREE_TO_ONE]),
            {"class": (2 * COST_OF_1 + COST_OF_3) / 3, "class_accuracy": 1 / 3},
        ),
        (
            *("twin", [1], [THREE_TO_ONE, ONE_TO_NINE]),
            {"class": COST_OF_1, "class_accuracy": 0, "twin": math.log(10 / 9)},
        ),
    ],
)
def test_terms_by_hand(head, labels, logits, expected):
    """A mean by the label; the accuracy is the first head's, where the second is right."""
    assert terms(head, labels, *logits) == pytest.approx(expected)


@pytest.mark.parametrize("head", CLASS_HEADS.values())
def test_every_weight_is_of_a_term_and_every_head_is_a_field(head):
    """A term that is misspelt in the table would be summed by nobody."""
    output = DiscriminatorOutput(*[tf.zeros([1, 2])] * 3)
    names = head.terms(output, tf.constant([1])).keys()
    assert head.generator_weights.keys() <= names
    assert {name.rsplit("_", 1)[0] for name in head.discriminator_weights} <= names
    assert set(head.heads) <= set(DiscriminatorOutput._fields)
