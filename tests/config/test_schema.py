import pytest
from conftest import new_config

from dcgan_tf.config import schema

BOUNDS = {
    "batch_size": "must be a whole number at least 1 and at most 1,000,000",
    "epochs": "must be a whole number at least 1 and at most 10,000,000",
    "latent_dim": "must be a whole number at least 1 and at most 10,000",
    "seed": "must be a whole number at least 0 and at most 2,147,483,647",
    "g_batch_multiplier": "must be a whole number at least 1 and at most 64",
    "learning_rate": "must be a number above 0 and at most 1",
    "checkpoint_minutes": "must be a number above 0 and at most 100,000",
    "dropout_rate": "must be a number at least 0 and at most 0.99",
    "beta_1": "must be a number at least 0 and at most 0.9999",
    "real_label": "must be a number at least 0 and at most 1",
    "d_weight_real": "must be a number at least 0 and at most 1,000,000",
    "r1_weight": "must be a number at least 0 and at most 1,000,000",
    "latent_prior": "must be one of normal, uniform",
    "label_fusion": "must be one of multiply, add, concatenate",
    "mode": "must be one of dcgan, cgan, acgan",
    "test_losses": "must be true or false",
    "flip": "must be true or false",
    "dataset": "must be a word",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mode", "wasserstein"),
        ("mode", ""),
        ("batch_size", "0"),
        ("batch_size", "-5"),
        ("batch_size", "1.5"),
        ("batch_size", "1e3"),
        ("batch_size", "many"),
        ("batch_size", "true"),
        ("batch_size", ""),
        ("batch_size", "1000001"),
        ("epochs", "0"),
        ("epochs", "None"),
        ("learning_rate", "0"),
        ("learning_rate", "-0.1"),
        ("learning_rate", "2"),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("learning_rate", "fast"),
        ("learning_rate", ""),
        ("real_label", "1.01"),
        ("real_label", "nan"),
        ("d_weight_real", "-1"),
        ("r1_weight", "nan"),
        ("dropout_rate", "1"),
        ("beta_1", "1"),
        ("checkpoint_minutes", "0"),
        ("latent_dim", "1000000000"),
        ("seed", "-1"),
        ("seed", "2147483648"),
        ("g_batch_multiplier", "65"),
        ("latent_prior", "cauchy"),
        ("label_fusion", "None"),
        ("test_losses", "maybe"),
        ("flip", "2"),
        ("flip", "nan"),
        ("dataset", ""),
    ],
)
def test_text_out_of_bounds_is_refused_with_what_is_allowed(name, text):
    with pytest.raises(ValueError, match="must be") as refused:
        schema.parse(name, text)
    assert str(refused.value) == BOUNDS[name]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("batch_size", "7", 7),
        ("batch_size", "1000000", 1_000_000),
        ("epochs", "1", 1),
        ("learning_rate", "1e-3", 0.001),
        ("learning_rate", "1", 1.0),
        ("real_label", "0", 0.0),
        ("latent_prior", "normal", "normal"),
        ("test_losses", "False", False),
        ("flip", "true", True),
    ],
)
def test_text_becomes_the_fields_type(name, text, value):
    parsed = schema.parse(name, text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_unknown_words_name_the_near_ones():
    for text in ("ac-gan", "ACGAN"):
        with pytest.raises(ValueError, match="did you mean acgan"):
            schema.parse("mode", text)
    with pytest.raises(ValueError, match="did you mean relativistic"):
        schema.parse("adversarial_loss", "relativstic")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "wasserstein"),
        ("mode", None),
        ("batch_size", "7"),
        ("batch_size", True),
        ("batch_size", 1.5),
        ("batch_size", 7.0),
        ("batch_size", 10**9),
        ("epochs", [3]),
        ("learning_rate", "0.1"),
        ("learning_rate", True),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", 2),
        ("real_label", float("nan")),
        ("test_losses", 1),
        ("test_losses", "true"),
        ("flip", 0),
        ("dataset", 7),
        ("dataset", ""),
    ],
)
def test_what_a_file_holds_is_checked_as_strictly(name, value):
    """Another type is refused, though a flag's text of it would be read."""
    values = new_config().model_dump(exclude_none=True)
    with pytest.raises(ValueError, match="must be") as refused:
        schema.read({**values, name: value})
    assert str(refused.value) == f"{name} {BOUNDS[name]}"


def test_a_whole_number_in_a_file_is_a_number_too():
    values = new_config().model_dump(exclude_none=True)
    read = schema.read({**values, "learning_rate": 1})
    assert (read.learning_rate, type(read.learning_rate)) == (1.0, float)


def test_settings_that_a_file_lacks_or_has_too_many_are_named():
    values = new_config().model_dump(exclude_none=True)
    with pytest.raises(ValueError, match="surprise is no setting"):
        schema.read({**values, "surprise": 1})
    del values["batch_size"]
    with pytest.raises(ValueError, match="the setting batch_size is missing"):
        schema.read(values)


def test_every_setting_has_a_group_and_says_what_is_allowed():
    """--help needs the one, a message the other."""
    for name, field in schema.FIELDS.items():
        assert field.json_schema_extra["group"] in schema.GROUPS
        with pytest.raises(ValueError, match=f"^{name} must be"):
            schema.read({**new_config().model_dump(), name: object()})
