import zipfile

import numpy as np
import pytest

from dcgan_tf.support import arrays


def test_arrays_come_back_by_their_names(tmp_path):
    path = tmp_path / "held.npz"
    first, second = np.arange(6, dtype=np.float16).reshape(2, 3), np.array([7], np.int64)
    arrays.write(path, first, step=second)
    held = arrays.read(path)
    assert held.keys() == {"arr_0", "step"}
    assert np.array_equal(held["arr_0"], first)
    assert held["step"].dtype == np.int64
    assert arrays.headers(path) == {
        "arr_0": ((2, 3), np.dtype("float16")),
        "step": ((1,), np.dtype("int64")),
    }


def test_a_claim_is_read_before_room_is_made_for_it(tmp_path):
    """Of a header of 100 bytes that promises 8 exabytes."""
    path = tmp_path / "claim.npz"
    header = {"descr": "|u1", "fortran_order": False, "shape": (2**63 - 1,)}
    with zipfile.ZipFile(path, "w") as archive, archive.open("images.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, header)
    assert arrays.headers(path) == {"images": ((2**63 - 1,), np.dtype("uint8"))}
    with pytest.raises(ValueError, match=r".+"):
        arrays.read(path)


def test_objects_are_not_unpickled(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, images=np.array([{}], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        arrays.read(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + b"\0" * 60])
def test_what_is_no_npz_is_a_value_error(tmp_path, content):
    path = tmp_path / "none.npz"
    path.write_bytes(content)
    for reading in (arrays.headers, arrays.read):
        with pytest.raises(ValueError, match=r".+"):
            reading(path)


def test_a_damaged_npz_is_a_value_error(tmp_path):
    path = tmp_path / "damaged.npz"
    arrays.write(path, np.arange(1000))
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r".+"):
        arrays.read(path)


def test_blocks_cover_every_row_once():
    rows = list(range(7))
    assert [rows[block] for block in arrays.blocks(7, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [rows[block] for block in arrays.blocks(6, 3)] == [[0, 1, 2], [3, 4, 5]]
    assert list(arrays.blocks(0, 3)) == []
