"""Files are whole or absent, and nothing of a user's is ever taken for a leftover."""

import pytest

from dcgan_tf.support import atomic_files


def write_and_raise(path, error):
    """Fails in the midst of writing the file (with a suffix) or the folder `path`."""
    with atomic_files.replacing(path, folder=not path.suffix) as temporary:
        (temporary if path.suffix else temporary / "part").write_text("new")
        raise error


# Names of a user's own, and those of marks that are not whole.
THEIRS = (
    "half.tmp",
    ".set.tmp",
    ".metrics.tmp.jsonl",
    ".set.dcgan_tf-0f0f.tmp",
    ".set.dcgan_tf-0123456789ABCDEF.tmp",
    "set.dcgan_tf-0123456789abcdef.tmp",
    ".set.dcgan_tf-0123456789abcdef.tmp.old.1",
)


@pytest.mark.parametrize("name", THEIRS)
def test_what_merely_looks_temporary_is_never_removed(tmp_path, name):
    """Catches a user's file, or a folder with something in it, that is lost."""
    file, folder = tmp_path / "file" / name, tmp_path / "folder" / name
    file.parent.mkdir()
    folder.mkdir(parents=True)
    for mine in (file, folder / "thesis.tex"):
        mine.write_text("mine")
    for place in (file.parent, folder.parent):
        atomic_files.remove_leftovers(place)
        with atomic_files.replacing(place / "set", folder=True) as temporary:
            (temporary / "new").touch()
        atomic_files.write_bytes(place / "metrics.jsonl", b"{}")
        atomic_files.remove_folder(place / "set")
        assert sorted(p.name for p in place.iterdir()) == sorted([name, "metrics.jsonl"])
    assert file.read_text() == (folder / "thesis.tex").read_text() == "mine"


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    """Catches a file that is cut short where it stands, leftovers of the failure, and an
    error that names a temporary file.
    """
    file, folder = tmp_path / "file.json", tmp_path / "folder"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").touch()
    for path in (file, folder):
        with pytest.raises(OSError, match="No space") as told:
            write_and_raise(path, OSError(28, "No space left on device"))
        assert told.value.filename == str(path)
    assert file.read_text() == "old"
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert len(list(tmp_path.iterdir())) == 2


def test_everything_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """Catches a power cut that leaves an empty file under the name of a whole one."""
    synced, path = [], tmp_path / "set"
    monkeypatch.setattr(
        atomic_files, "sync", lambda part: synced.append((part, path.exists()))
    )
    with atomic_files.replacing(path, folder=True) as temporary:
        (temporary / "part").touch()
    assert synced == [(temporary / "part", False), (temporary, False), (tmp_path, True)]


def test_json_has_no_nan(tmp_path):
    """Which no other reader of JSON would take."""
    path = tmp_path / "file.json"
    atomic_files.write_json(path, {"one": [1, None]})
    before = path.read_text()
    with pytest.raises(ValueError, match="JSON"):
        atomic_files.write_json(path, {"one": float("nan")})
    assert path.read_text() == before


def test_a_folder_that_was_filled_meanwhile_is_not_overwritten(tmp_path):
    """Catches a set of images that replaces another's."""
    (tmp_path / "set").mkdir()
    with pytest.raises(OSError, match="not empty"):  # noqa: PT012, SIM117
        with atomic_files.replacing(tmp_path / "set", folder=True) as temporary:
            (temporary / "ours").touch()
            (tmp_path / "set" / "theirs").touch()
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
