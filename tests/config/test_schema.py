import pytest
from conftest import new_config

from dcgan_tf.config import schema


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("mode", ["wasserstein", "", "ACGAN"]),
        ("batch_size", ["0", "-5", "1.5", "1e3", "many", "true", "", "1000001"]),
        ("learning_rate", ["0", "-0.1", "2", "nan", "inf", "fast", ""]),
        ("real_label", ["1.01", "nan"]),
        ("dropout_rate", ["1"]),
        ("checkpoint_minutes", ["0"]),
        ("seed", ["-1", "2147483648"]),
        ("g_batch_multiplier", ["65"]),
        ("label_fusion", ["None"]),
        ("flip", ["maybe", "2", "nan"]),
        ("dataset", [""]),
    ],
)
def test_text_out_of_bounds_is_refused_in_one_line(name, texts):
    for text in texts:
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            schema.parse(name, text)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mode", ["wasserstein", None]),
        ("batch_size", ["7", True, 1.5, 7.0, 10**9, None]),
        ("epochs", [[3]]),
        ("learning_rate", ["0.1", True, float("nan"), float("inf"), 2]),
        ("real_label", [float("nan")]),
        ("flip", [1, 0, "true"]),
        ("dataset", [7, ""]),
        ("surprise", [1]),
    ],
)
def test_what_a_file_holds_is_checked_as_strictly(name, values):
    """Another type is refused, though a flag would be read so; 1 is a number, too."""
    config = new_config().model_dump(exclude_none=True)
    for value in values:
        with pytest.raises(ValueError, match=rf"^{name}: [^\n]+$"):
            schema.read({**config, name: value})
    assert type(schema.read({**config, "learning_rate": 1}).learning_rate) is float
