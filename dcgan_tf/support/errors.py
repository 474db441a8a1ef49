"""The two ways in which a command ends badly.

Both print as one line that names the flag or file, the value, what is allowed, and the
way out; a traceback is left to what nobody foresaw.
"""

import difflib
import os
import pathlib
import re
from collections.abc import Iterable


class UsageError(Exception):
    """The command was asked for something that it cannot do.  Exit status 2."""


class RunError(Exception):
    """The command was right, and failed all the same.  Exit status 1."""


def near_matches(word: str, known: Iterable[str]) -> str:
    """'; did you mean acgan?', or nothing when no known word is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def first_line(error: BaseException) -> str:
    """An exception's message: its first line, without what TensorFlow says of its graph.

    Of the system's errors the file and the reason.
    """
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return f"{place}{error.strerror}"
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\]", "", line)


def cache_folder() -> pathlib.Path:
    """This package's folder of what can be made again: in XDG_CACHE_HOME, else ~/.cache."""
    folder = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return user_path(folder, "XDG_CACHE_HOME") / "dcgan_tf"


def user_path(text: str | os.PathLike, name: str) -> pathlib.Path:
    """A path that a user gave as `name`; UsageError where its ~ stands for nothing."""
    try:
        return pathlib.Path(text).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{name}={text}: ~ stands for a home folder that is not known"
        ) from None
