"""Arrays: .npz files from strangers, and rows in blocks."""

import math
import pathlib
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

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

ROW_BYTES = 10_000_000  # read at a time
Headers = dict[str, tuple[tuple[int, ...], np.dtype]]


def headers(path: pathlib.Path) -> Headers:
    """The shape and dtype that each array of a .npz claims, before room is made for it.

    ValueError where the file is no .npz of arrays.
    """
    try:
        return dict(_headers(path))
    except _UNREADABLE as error:
        raise ValueError(errors.first_line(error)) from None


def _read_header(file):
    """(shape, whether in Fortran's order, dtype) of the array that begins there."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    return readers[version](file)


def _headers(path: pathlib.Path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                shape, _, dtype = _read_header(file)
                yield name.removesuffix(".npy"), (shape, dtype)


def rows(path: pathlib.Path, name: str) -> Iterator[np.ndarray]:
    """The rows of one array of a .npz, a block of them in memory at a time.

    ValueError where it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            shape, fortran_order, dtype = _read_header(file)
            if fortran_order:
                raise ValueError(f"{name} is in Fortran's order; np.ascontiguousarray it")
            size = dtype.itemsize * math.prod(shape[1:])
            for part in blocks(shape[0], max(1, ROW_BYTES // max(1, size))):
                count = min(part.stop, shape[0]) - part.start
                block = np.frombuffer(file.read(count * size), dtype)
                yield from block.reshape(count, *shape[1:])
    except _UNREADABLE as error:
        raise ValueError(errors.first_line(error)) from None


def read(
    path: pathlib.Path, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, np.ndarray]:
    """The arrays of a .npz whose name is `wanted`, by name.

    ValueError where it is damaged or holds objects.
    """
    try:
        # NumPy leaves a file that it opened itself open if it fails.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if wanted(name)}
    except _UNREADABLE as error:
        raise ValueError(errors.first_line(error)) from None


def write(path: pathlib.Path, *arrays: np.ndarray, **named: Any) -> None:
    """Writes a .npz, compressed; those without a name become arr_0, arr_1 ..."""
    with atomic_files.replacing(path) as temporary:
        np.savez_compressed(temporary, *arrays, **named)


def blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` rows."""
    return (slice(start, start + size) for start in range(0, count, size))
