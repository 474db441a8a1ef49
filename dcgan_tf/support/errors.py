"""The two ways in which a command ends badly.

Both print as one line that names the flag or file, the value, what is allowed, and the
way out; a traceback is left to what nobody foresaw.
"""

import difflib
import os
import pathlib
import re
from collections.abc import Iterable, Sequence


class UsageError(Exception):
    """The command was asked for something that it cannot do.  Exit status 2."""


class RunError(Exception):
    """The command was right, and failed all the same.  Exit status 1."""


def near_matches(word: str, known: Iterable[str]) -> str:
    """Returns "; did you mean acgan?", or "" when no known word is near."""
    near = difflib.get_close_matches(word.lower(), list(known))
    return f"; did you mean {' or '.join(near)}?" if near else ""


def listed(names: Sequence[str], most: int = 20, separator: str = ", ") -> str:
    """Joins names; dots stand for those beyond `most`."""
    return separator.join([*names[:most], *["..."] * (len(names) > most)])


def first_line(error: BaseException) -> str:
    """Returns an exception's first line, of the system's errors file and reason."""
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return f"{place}{error.strerror}"
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\]|, could be decompression.*", "", line)


def cache_folder() -> pathlib.Path:
    """Returns this package's folder of what can be made again, by XDG_CACHE_HOME."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return folder.expanduser() / "dcgan_tf"
