import pytest
import tensorflow as tf

from dcgan_tf.losses.class_heads import CLASS_HEADS, DiscriminatorOutput


@pytest.mark.parametrize("head", CLASS_HEADS.values())
def test_every_weight_is_of_a_term_and_every_head_is_a_field(head):
    """A term that is misspelt in the table would be summed by nobody."""
    output = DiscriminatorOutput(*[tf.zeros([1, 4])] * 3)  # of two classes or four
    names = head.terms(output, tf.constant([1])).keys()
    assert head.generator_weights.keys() <= names
    assert {name.rsplit("_", 1)[0] for name in head.discriminator_weights} <= names
    assert set(head.heads) <= set(DiscriminatorOutput._fields)
