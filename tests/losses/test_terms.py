import pytest
import tensorflow as tf

from dcgan_tf.losses import terms


def test_terms_add_up_by_their_weights():
    """A term without a weight counts nothing, and a weight without a term neither."""
    parts = {"a": tf.constant(1.0), "b": tf.constant(2.0), "c": tf.constant(40.0)}
    total = terms.sum_terms(parts, {"a": 0.5, "b": -3.0, "absent": 7.0})
    assert float(total) == pytest.approx(0.5 - 6)


def test_terms_of_both_kinds_and_of_both_players_keep_their_names():
    assert terms.suffix_terms({"class": 1.0}, "real") == {"class_real": 1.0}
    assert terms.prefix_terms(generator={"loss": 1.0}, discriminator={"loss": 2.0}) == {
        "generator/loss": 1.0,
        "discriminator/loss": 2.0,
    }


def test_share_is_of_the_whole_batch():
    assert float(terms.share(tf.constant([[True], [False], [True], [True]]))) == 0.75
