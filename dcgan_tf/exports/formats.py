"""The formats of an export, as formats.toml beside this has them."""

import importlib.util
import pathlib
import tomllib
from collections.abc import Sequence
from typing import NamedTuple

from dcgan_tf.support import errors


class Format(NamedTuple):
    """What formats.toml says of a format."""

    file: str
    runs_in: str
    imports: str
    call: str
    needs: Sequence[str] = ()
    alone: bool = False


NPZ = "npz"
_TABLE = pathlib.Path(__file__).with_name("formats.toml").read_text(encoding="utf-8")
FORMATS = {name: Format(**fields) for name, fields in tomllib.loads(_TABLE).items()}
BY_SUFFIX = {pathlib.Path(f.file).suffix: name for name, f in FORMATS.items() if f.alone}


def chosen(path: pathlib.Path, format_name: str | None) -> str:
    """Returns the format that --output and --format ask for; UsageError for others."""
    implied = BY_SUFFIX.get(path.suffix)
    if implied and format_name not in (None, implied):
        raise errors.UsageError(
            f"--output={path}: {path.suffix} is not the suffix of --format={format_name}; "
            "leave one of them out"
        )
    name = implied or format_name or NPZ
    missing = [need for need in FORMATS[name].needs if not importlib.util.find_spec(need)]
    if missing:
        raise errors.UsageError(
            f"--format={name}: needs {' and '.join(missing)}, not installed here; "
            f"pip install {' '.join(missing)}"
        )
    return name
