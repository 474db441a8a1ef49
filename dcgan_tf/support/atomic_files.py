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
import time
from collections.abc import Iterator, Mapping

from dcgan_tf.support.progress import say

_LEFTOVER = re.compile(r"\..*\.dcgan_tf-[0-9a-f]{16}\.tmp(\.\w+)?")


def _temporary(path: pathlib.Path) -> pathlib.Path:
    """Returns a new name beside `path`, with its suffix, which tells writers the format."""
    return path.with_name(f".{path.stem}.dcgan_tf-{secrets.token_hex(8)}.tmp{path.suffix}")


@contextlib.contextmanager
def naming(path: object) -> Iterator[None]:
    """Lets an OSError of the block name `path`, not a temporary file, a part or none."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error


@contextlib.contextmanager
def replacing(
    path: pathlib.Path, *, folder: bool = False, overwrite: bool = False
) -> Iterator[pathlib.Path]:
    """Yields a temporary path to write; renames it to `path` if the block succeeds.

    folder:    yields a folder to fill; OSError if there is more than an empty one by then
    overwrite: removes the folder that stood there before
    """
    temporary = _temporary(path)
    try:
        with naming(path):
            if folder:
                temporary.mkdir(parents=True)
            yield temporary
            for part in (*temporary.rglob("*"), temporary):
                sync(part)
            if overwrite:
                remove_folder(path)
            temporary.replace(path)
            if folder:
                sync(path.parent)
    finally:
        _remove(temporary)


def _remove(path: pathlib.Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_folder(folder: pathlib.Path) -> None:
    """Removes a folder so that nobody sees it half removed."""
    if folder.exists():
        _remove(folder.rename(_temporary(folder)))


def remove_leftovers(folder: pathlib.Path) -> None:
    """Removes from a folder what `replacing` left in it."""
    for path in folder.iterdir():
        if _LEFTOVER.fullmatch(path.name):
            _remove(path)


@contextlib.contextmanager
def lock(
    folder: pathlib.Path, *, shared: bool = False, waiting: str = ""
) -> Iterator[bool | None]:
    """Locks a folder for the block; the lock ends with the process, however it ends.

    Yields True; False where another process has it; None where locks do not work, as on
    some network file systems.
    shared:  others that share may have it at the same time
    waiting: says so and waits where another process has it
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        locked = _flock(descriptor, kind | fcntl.LOCK_NB)
        if locked is False and not shared:  # as `is_locked` may have it just now
            time.sleep(0.1)
            locked = _flock(descriptor, kind | fcntl.LOCK_NB)
        if waiting and locked is False:
            say(waiting)
            locked = _flock(descriptor, kind)
        yield locked
    finally:
        os.close(descriptor)


def is_locked(path: pathlib.Path) -> bool:
    """Says whether a process has it alone, as far as the file system tells."""
    with lock(path, shared=True) as free:
        return free is False


def _flock(descriptor: int, kind: int) -> bool | None:
    try:
        fcntl.flock(descriptor, kind)
        return True
    except OSError as error:
        return False if isinstance(error, BlockingIOError) else None


def write_json(path: pathlib.Path, content: object) -> None:
    write_bytes(path, f"{json.dumps(content, indent=2, allow_nan=False)}\n".encode())


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(folder: pathlib.Path) -> dict[str, str]:
    """Returns the hash of each file in a folder, by its name."""
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


def is_intact(folder: pathlib.Path, known: Mapping[str, str]) -> bool:
    """Says whether the files in a folder still have the hashes that are known."""
    with contextlib.suppress(OSError):
        return all(sha256(folder / name) == hash_ for name, hash_ in known.items())
    return False


def sync(path: pathlib.Path) -> None:
    """Hands a file's bytes, or a folder's list of names, to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
