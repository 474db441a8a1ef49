"""Arrays come back by name; what is no .npz is a ValueError of one line."""

import numpy as np
import pytest

from dcgan_tf.support import arrays


def test_arrays_come_back_by_their_names(tmp_path):
    """Catches a change of dtype, of shape or of the names of those without one."""
    path = tmp_path / "held.npz"
    first, second = np.arange(6, dtype=np.float16).reshape(2, 3), np.array([7], np.int64)
    arrays.write(path, first, step=second)
    held = arrays.read(path)
    assert held.keys() == {"arr_0", "step"}
    assert np.array_equal(held["arr_0"], first)
    assert held["step"].dtype == np.int64
    assert arrays.read(path, {"step"}.__contains__).keys() == {"step"}


def flipped(content):
    return content[:200] + bytes([content[200] ^ 255]) + content[201:]


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda _: b"text", lambda _: b"PK\x03\x04" + b"\0" * 60, flipped],
)
def test_what_is_no_npz_or_damaged_is_a_value_error(tmp_path, damage):
    """Catches one of ten exceptions of NumPy and zipfile, and code that is unpickled."""
    path, objects = tmp_path / "damaged.npz", tmp_path / "objects.npz"
    arrays.write(path, np.arange(1000))
    path.write_bytes(damage(path.read_bytes()))
    np.savez(objects, images=np.array([{}], object))
    for npz in (path, objects):
        with pytest.raises(ValueError, match=r".+"):
            arrays.read(npz)


def test_blocks_cover_every_row_once():
    """Catches a row that is lost at the end of a block."""
    rows = list(range(7))
    assert [rows[block] for block in arrays.blocks(7, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(arrays.blocks(0, 3)) == []
