"""Files that are whole or absent: written beside their place, then renamed into it.

What a killed process leaves in a run's folder, `remove_leftovers` clears away.  Temporary
names are random and marked as this package's: nothing else is ever taken for one.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
from collections.abc import Iterator

from dcgan_tf.support.progress import say

_LEFTOVER = re.compile(r"\..*\.dcgan_tf-[0-9a-f]{16}\.tmp(\.\w+)?")


def _temporary(path: pathlib.Path) -> pathlib.Path:
    """Returns a new name beside `path`, with its suffix, which tells writers the format."""
    return path.with_name(f".{path.stem}.dcgan_tf-{secrets.token_hex(8)}.tmp{path.suffix}")


@contextlib.contextmanager
def naming(path: pathlib.Path) -> Iterator[None]:
    """Lets an OSError of the block name `path`, not a temporary file or none."""
    try:
        yield
    except OSError as error:
        number = errno.EIO if error.errno is None else error.errno
        raise OSError(number, error.strerror or str(error), str(path)) from error


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path to write; renames it to `path` if the block succeeds."""
    temporary = _temporary(path)
    with naming(path):
        try:
            yield temporary
            sync(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(
    folder: pathlib.Path, *, overwrite: bool = False
) -> Iterator[pathlib.Path]:
    """Yields a temporary folder to fill; renames it to `folder` if the block succeeds.

    overwrite: removes what stood there before; else OSError if there is more than an empty
    folder
    """
    temporary = _temporary(folder)
    with naming(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        try:
            yield temporary
            for path in (*temporary.rglob("*"), temporary):
                sync(path)
            if overwrite:
                remove_folder(folder)
            temporary.rename(folder)
            sync(folder.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def remove_folder(folder: pathlib.Path) -> None:
    """Removes a folder so that nobody sees it half removed."""
    if folder.exists():
        shutil.rmtree(folder.rename(_temporary(folder)), ignore_errors=True)


def remove_leftovers(folder: pathlib.Path) -> None:
    """Removes from a folder what `replacing` and `replacing_folder` left in it."""
    for path in folder.iterdir():
        if not _LEFTOVER.fullmatch(path.name):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextlib.contextmanager
def alone_in(folder: pathlib.Path, doing: str) -> Iterator[bool]:
    """Lets one process at a time do the block in a folder; others wait, and say so.

    doing: "reads images into".  Yields False where locks do not work, and all processes go
    on at once.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        locked = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that {doing} {folder}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            locked = False
        yield locked
    finally:
        os.close(descriptor)


def write_json(path: pathlib.Path, content: object) -> None:
    text = json.dumps(content, indent=2, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: pathlib.Path) -> None:
    """Hands a file's bytes, or a folder's list of names, to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
