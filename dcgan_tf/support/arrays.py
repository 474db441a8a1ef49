"""Arrays: .npz files, which may be anybody's, and rows in blocks."""

import contextlib
import pathlib
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dcgan_tf.support import atomic_files, errors

Headers = dict[str, tuple[tuple[int, ...], np.dtype]]


@contextlib.contextmanager
def _value_errors() -> Iterator[None]:
    """Makes a ValueError of one line of whatever a damaged or foreign .npz raises."""
    try:
        yield
    except Exception as error:
        raise ValueError(errors.first_line(error)) from None


def headers(path: pathlib.Path) -> Headers:
    """Returns the shape and dtype of each array of a .npz, without reading the arrays."""
    found: Headers = {}
    with _value_errors(), zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                np.lib.format.read_magic(file)
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                found[name.removesuffix(".npy")] = shape, dtype
    return found


def read(
    path: pathlib.Path, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, np.ndarray]:
    """Returns the arrays of a .npz whose name is `wanted`, by name.

    ValueError where the file is damaged or holds objects.
    """
    # NumPy leaves a file that it opened itself open if it fails.
    with (
        _value_errors(),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return {name: arrays[name] for name in arrays.files if wanted(name)}


def write(path: pathlib.Path, *arrays: np.ndarray, **named: Any) -> None:
    """Writes a .npz, compressed; arrays without a name become arr_0, arr_1 ..."""
    with atomic_files.replacing(path) as temporary:
        np.savez_compressed(temporary, *arrays, **named)


def blocks(count: int, size: int) -> Iterator[slice]:
    """Yields slices of at most `size` that cover `count` rows."""
    return (slice(start, start + size) for start in range(0, count, size))
