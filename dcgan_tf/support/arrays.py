"""Arrays: .npz files, which may be anybody's, and rows in blocks."""

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dcgan_tf.support import atomic_files, errors


def read(
    path: pathlib.Path, wanted: Callable[[str], bool] = lambda name: True, flag: str = ""
) -> dict[str, np.ndarray]:
    """Returns the `wanted` arrays of a .npz; ValueError, for a --`flag` UsageError."""
    try:
        # NumPy leaves a file that it opened itself open if it fails.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if wanted(name)}
    except Exception as error:
        line = f"is no .npz of arrays: {errors.first_line(error)}"
        if flag:
            raise errors.UsageError(f"--{flag}={path}: {line}") from None
        raise ValueError(line) from None


def write(path: pathlib.Path, *arrays: np.ndarray, **named: Any) -> None:
    """Writes a .npz, compressed; arrays without a name become arr_0, arr_1 ..."""
    with atomic_files.replacing(path) as temporary:
        np.savez_compressed(temporary, *arrays, **named)


def blocks(count: int, size: int) -> Iterator[slice]:
    """Yields slices of at most `size` that cover `count` rows."""
    return (slice(start, start + size) for start in range(0, count, size))
