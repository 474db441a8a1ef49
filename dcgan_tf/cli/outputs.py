"""The check of a path that a command writes, before the command does any work."""

import os
import pathlib
from collections.abc import Sequence

from dcgan_tf.support import errors


def output_path(
    text: str | os.PathLike,
    flag: str = "output",
    *,
    suffixes: Sequence[str] = (),
    folder: bool = False,
    may_exist: bool = False,
) -> pathlib.Path:
    """The path that `--flag=text` names; UsageError unless the command can write it.

    suffixes:  of a file; where there are any, a path has one of them or is a folder's
    folder:    whether it may be a folder, which is made: a new one or an empty one
    may_exist: whether that folder may also hold files
    """
    path = pathlib.Path(text).expanduser()
    is_file = path.suffix in suffixes
    odd_suffix = bool(suffixes) and path.suffix[1:2].isalpha() and not is_file
    nearest = path.parent
    if folder and not is_file:
        nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    in_the_way = nearest is path and path.is_dir() and any(path.iterdir())
    for is_wrong, line in (
        (
            odd_suffix or not (is_file or folder),
            f"must end in {' or '.join(suffixes)}{', or name a folder' if folder else ''}",
        ),
        (is_file and path.is_dir(), "is a folder; name a file"),
        (in_the_way and not may_exist, "is in the way; name a new folder"),
        (
            not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK),
            f"{nearest} is no folder that can be written; name another",
        ),
    ):
        if is_wrong:
            raise errors.UsageError(f"--{flag}={path}: {line}")
    return path
