"""Files that are whole or absent: written beside their place, then renamed into it.

What a killed process leaves of a temporary name, `remove_leftovers` clears away.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import tokenize
import zipfile
import zlib
from collections.abc import Iterator

# What a .npz that is none, or harmed, or hostile, may raise when it is read.
NO_ARRAYS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    MemoryError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path to write; renames it to `path` if the block succeeds.

    The temporary name keeps the suffix, by which image writers choose their format.  It is
    new, so that nothing that lies there, as a link, is written through.
    """
    name = f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}"
    temporary = path.with_name(name)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary folder to fill; renames it to `folder` if the block succeeds.

    Whatever stood there before goes.
    """
    temporary = folder.with_name(f"{folder.name}.tmp")
    remove_folder(temporary)  # left by a process that was killed
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for path in (*temporary.iterdir(), temporary):
            sync(path)
        remove_folder(folder)
        temporary.rename(folder)
        sync(folder.parent)
    finally:
        remove_folder(temporary)


def remove_folder(folder: pathlib.Path) -> None:
    """Removes a folder so that nobody sees it half removed."""
    if folder.suffix != ".tmp" and folder.exists():
        doomed = folder.with_name(f"{folder.name}.removed.tmp")
        shutil.rmtree(doomed, ignore_errors=True)
        folder = folder.rename(doomed)
    shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: pathlib.Path) -> None:
    """Removes from a folder what `replacing` and `replacing_folder` left in it."""
    for path in (*folder.glob("*.tmp"), *folder.glob(".*.tmp*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def read_text(path: pathlib.Path, most: int) -> str:
    """A file's text; ValueError where it is no file, or has more than `most` bytes.

    A pipe or a device of that name would be read for ever.
    """
    if not path.is_file():
        raise ValueError("is missing, or is no file")
    if path.stat().st_size > most:
        raise ValueError(f"has more than {most:,} bytes")
    return path.read_text(encoding="utf-8")


def sync(path: pathlib.Path) -> None:
    """Hands a file's bytes, or a folder's list of names, to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
