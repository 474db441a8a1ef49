import pytest

from dcgan_tf import bounds


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mode", "wgan"),
        ("batch_size", "0"),
        ("batch_size", "-5"),
        ("batch_size", "1.5"),
        ("batch_size", "many"),
        ("epochs", "0"),
        ("learning_rate", "0"),
        ("learning_rate", "-0.1"),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("learning_rate", "fast"),
        ("real_target", "1.01"),
        ("real_weight", "-1"),
        ("noise_size", "1000000000"),
        ("noise", "cauchy"),
        ("evaluate_losses", "maybe"),
    ],
)
def test_values_out_of_bounds_are_refused(name, text):
    with pytest.raises(ValueError, match="must be"):
        bounds.parse(name, text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("batch_size", "7", 7),
        ("learning_rate", "1e-3", 0.001),
        ("noise", "normal", "normal"),
        ("evaluate_losses", "False", False),
    ],
)
def test_text_becomes_the_fields_type(name, text, value):
    parsed = bounds.parse(name, text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_unknown_words_name_the_near_ones():
    for text in ("ac-gan", "ACGAN"):
        with pytest.raises(ValueError, match="did you mean acgan"):
            bounds.parse("mode", text)
