"""What a setting may be: flags' texts and files' values held against `Config`'s bounds."""

import dataclasses

from dcgan_tf import errors
from dcgan_tf.config import FIELDS

SWITCH = {"true": True, "false": False}


def parse(name: str, text: str) -> object:
    """The field's value from a flag's text, or ValueError that says what is allowed."""
    kind = _type(FIELDS[name])
    try:
        value = SWITCH[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        value = text  # which `check` refuses in its own words
    return check(name, value)


def check(name: str, value: object) -> object:
    """`value` itself if the field may have it, or ValueError that says what is allowed."""
    field = FIELDS[name]
    kind = _type(field)
    if kind is str:
        return _check_word(field, value)
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value
    low, above, high = (field.metadata[key] for key in ("minimum", "above", "maximum"))
    right_type = isinstance(value, (int, kind)) and not isinstance(value, bool)
    # Written so that NaN fails.
    if not (
        right_type and value <= high and (value > above if low is None else value >= low)
    ):
        noun = "a whole number" if kind is int else "a number"
        lower = f"at least {low:g}" if above is None else f"above {above:g}"
        raise ValueError(f"must be {noun} {lower} and at most {high:,}")
    return kind(value)


def _type(field: dataclasses.Field) -> type:
    kinds = (bool, int, float, str)
    return next(kind for kind in kinds if field.type in (kind, kind | None))


def _check_word(field: dataclasses.Field, value: object) -> str:
    choices = field.metadata["choices"]
    if not isinstance(value, str) or not value:
        raise ValueError("must be a word")
    if choices and value not in choices:
        near = errors.near_matches(value, choices)
        raise ValueError(f"must be one of {', '.join(choices)}{near}")
    return value
