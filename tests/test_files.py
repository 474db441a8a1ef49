import os

import pytest

from dcgan_tf import files


def test_leftovers_go_and_nothing_else(tmp_path):
    """What a killed process leaves: the temporary names, in the midst of being written."""

    (tmp_path / "kept.png").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "half.tmp").mkdir()
    (tmp_path / "half.tmp" / "part").touch()
    (tmp_path / "link.tmp").symlink_to(tmp_path / "folder")
    (tmp_path / "file.tmp").touch()
    (tmp_path / ".metrics.tmp.jsonl").touch()
    (tmp_path / ".epoch_0001.tmp.png").touch()
    files.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "kept.png"]
    files.remove_leftovers(tmp_path / "absent")


def test_nothing_is_written_through_a_link(tmp_path):
    """Which a stranger may have left under any name that can be foreseen."""
    (tmp_path / "victim").write_text("mine")
    for name in (".config.tmp.json", "config.json", ".config.json.tmp"):
        (tmp_path / name).symlink_to(tmp_path / "victim")
    with files.replacing(tmp_path / "config.json") as path:
        path.write_text("new")
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "config.json").read_text() == "new"
    assert not (tmp_path / "config.json").is_symlink()


def test_a_file_that_is_too_long_or_none_is_not_read(tmp_path):
    path = tmp_path / "file"
    path.write_text("12345")
    assert files.read_text(path, 5) == "12345"
    with pytest.raises(ValueError, match="more than 4 bytes"):
        files.read_text(path, 4)
    os.mkfifo(tmp_path / "pipe")  # which would be waited for, for ever
    for name in ("pipe", "absent", "."):
        with pytest.raises(ValueError, match="no file"):
            files.read_text(tmp_path / name, 5)
