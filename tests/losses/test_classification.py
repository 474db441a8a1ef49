import math

import pytest
import tensorflow as tf

from dcgan_tf.losses import classification
from dcgan_tf.models.blocks import DiscriminatorOutput

ADVERSARIAL = tf.constant([[2.0]])
THREE_TO_ONE = tf.constant([[math.log(3.0), 0.0]])  # softmax: 3/4, 1/4
ONE_TO_NINE = tf.constant([[0.0, math.log(9.0)]])


def test_even_class_logits_cost_ln_10():
    loss = classification.class_cross_entropy(tf.zeros([3, 10]), tf.constant([1, 2, 9]))
    assert float(loss) == pytest.approx(math.log(10))


def test_class_cross_entropy_is_by_the_label_and_a_mean():
    for labels, expected in (
        ([0], math.log(4 / 3)),
        ([1], math.log(4)),
        ([0, 1], (math.log(4 / 3) + math.log(4)) / 2),
    ):
        logits = tf.repeat(THREE_TO_ONE, len(labels), axis=0)
        loss = classification.class_cross_entropy(logits, tf.constant(labels))
        assert float(loss) == pytest.approx(expected)


def test_terms_of_one_class_head():
    logits = tf.repeat(THREE_TO_ONE, 3, axis=0)
    output = DiscriminatorOutput(tf.zeros([3, 1]), logits)
    terms = classification.class_terms(output, tf.constant([1, 0, 1]))
    assert terms.keys() == {"class", "class_accuracy"}
    expected = (2 * math.log(4) + math.log(4 / 3)) / 3
    assert float(terms["class"]) == pytest.approx(expected)
    assert float(terms["class_accuracy"]) == pytest.approx(1 / 3)


def test_a_second_class_head_has_a_term_of_its_own():
    """And the accuracy stays the first one's: here only the second is right."""
    output = DiscriminatorOutput(ADVERSARIAL, THREE_TO_ONE, ONE_TO_NINE)
    terms = classification.class_terms(output, tf.constant([1]))
    assert float(terms["class"]) == pytest.approx(math.log(4))
    assert float(terms["twin"]) == pytest.approx(math.log(10 / 9))
    assert float(terms["class_accuracy"]) == 0


def test_no_class_head_is_no_term():
    assert (
        classification.class_terms(DiscriminatorOutput(ADVERSARIAL), tf.constant([1])) == {}
    )
