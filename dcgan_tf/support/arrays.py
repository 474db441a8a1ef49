"""Arrays: .npz files from strangers, and rows in blocks."""

import pathlib
import tokenize
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from dcgan_tf.support import atomic_files, errors

# What a .npz that is none, or damaged, or hostile, may raise when it is read.
_UNREADABLE = (
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

Headers = dict[str, tuple[tuple[int, ...], np.dtype]]


def headers(path: pathlib.Path) -> Headers:
    """The shape and dtype that each array of a .npz claims, before room is made for it.

    ValueError where the file is no .npz of arrays.
    """
    try:
        return dict(_headers(path))
    except _UNREADABLE as error:
        raise ValueError(errors.first_line(error)) from None


def _headers(path: pathlib.Path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                version = np.lib.format.read_magic(file)
                reader = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }[version]
                shape, _, dtype = reader(file)
                yield name.removesuffix(".npy"), (shape, dtype)


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz, by name; ValueError where it is damaged or holds objects."""
    try:
        # NumPy leaves a file that it opened itself open if it fails.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except _UNREADABLE as error:
        raise ValueError(errors.first_line(error)) from None


def write(path: pathlib.Path, *arrays: np.ndarray, **named: np.ndarray) -> None:
    """Writes a .npz, compressed; those without a name become arr_0, arr_1 ..."""
    with atomic_files.replacing(path) as temporary:
        np.savez_compressed(temporary, *arrays, **named)


def blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` rows."""
    return (slice(start, start + size) for start in range(0, count, size))
