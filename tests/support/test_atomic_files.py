import os
import pathlib

import numpy as np
import pytest
from conftest import new_config

from dcgan_tf.cli import sampling
from dcgan_tf.reporting.grids import Layout
from dcgan_tf.support import atomic_files


class Killed(BaseException):
    """The end of the process: nothing is cleaned up."""


@pytest.fixture
def killed(monkeypatch):
    """Lets no clean-up be done, as when the process is killed within the block."""
    monkeypatch.setattr(atomic_files.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(pathlib.Path, "unlink", lambda *_, **__: None)
    yield
    monkeypatch.undo()


def write_and_raise(path, error):
    """Fails in the midst of writing the file (with a suffix) or the folder `path`."""
    writing = atomic_files.replacing if path.suffix else atomic_files.replacing_folder
    with writing(path) as temporary:
        (temporary if path.suffix else temporary / "part").write_text("new")
        raise error


def leave(path):
    """What is left of writing `path` in a process that is killed."""
    with pytest.raises(Killed):
        write_and_raise(path, Killed())


# Names of a user's own, and those of marks that are not whole.
THEIRS = (
    "half.tmp",
    "set.tmp",
    "set.removed.tmp",
    ".set.tmp",
    ".metrics.tmp.jsonl",
    ".epoch_0001.0f0f0f0f.tmp.png",
    ".set.dcgan_tf-0f0f.tmp",
    ".set.dcgan_tf-0123456789ABCDEF.tmp",
    "set.dcgan_tf-0123456789abcdef.tmp",
    ".set.dcgan_tf-0123456789abcdef.tmp.old.1",
)


def test_leftovers_of_a_killed_process_go_and_nothing_else(tmp_path, killed, monkeypatch):
    names = ("config.json", "metrics.jsonl", "epoch_0001.png", "step_00000007", "events")
    for name in names:
        leave(tmp_path / name)
    monkeypatch.undo()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == len(names)
    link = ".set.dcgan_tf-0123456789abcdef.tmp"
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "part").touch()
    (tmp_path / link).symlink_to(tmp_path / "kept")
    atomic_files.remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "part").exists()


@pytest.mark.parametrize("name", THEIRS)
def test_what_merely_looks_temporary_is_never_removed(tmp_path, name):
    """Neither a file of that name, nor a folder with something in it."""
    for kind in ("file", "folder"):
        (tmp_path / kind).mkdir()
    (tmp_path / "file" / name).write_text("mine")
    (tmp_path / "folder" / name).mkdir()
    (tmp_path / "folder" / name / "thesis.tex").write_text("mine")
    for kind in ("file", "folder"):
        place = tmp_path / kind
        atomic_files.remove_leftovers(place)
        with atomic_files.replacing_folder(place / "set") as temporary:
            (temporary / "new").touch()
        with atomic_files.replacing(place / "metrics.jsonl") as temporary:
            temporary.write_text("{}")
        atomic_files.remove_folder(place / "set")
        assert sorted(p.name for p in place.iterdir()) == sorted([name, "metrics.jsonl"])
    assert (tmp_path / "file" / name).read_text() == "mine"
    assert (tmp_path / "folder" / name / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("output", ["set", "set.png", "set.npz"])
def test_samples_leave_what_lies_beside_them(tmp_path, output):
    (tmp_path / "set.tmp").mkdir()
    (tmp_path / "set.tmp" / "thesis.tex").write_text("mine")
    (tmp_path / ".set.tmp.png").write_text("mine")
    images = np.zeros((2, 28, 28, 1), np.uint8)
    request = sampling.Request([3, 1], Layout(28, 28, columns=2))
    config = new_config(mode="cgan")
    sampling.write(tmp_path / output, [images], request, config, magnify=None)
    assert (tmp_path / output).exists()
    assert (tmp_path / "set.tmp" / "thesis.tex").read_text() == "mine"
    assert (tmp_path / ".set.tmp.png").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    file, folder = tmp_path / "file.json", tmp_path / "folder"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").touch()
    for path in (file, folder):
        with pytest.raises(ValueError, match="no"):
            write_and_raise(path, ValueError("no"))
    assert file.read_text() == "old"
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_written_through_a_link(tmp_path):
    """Which a stranger may have left under any name that can be foreseen."""
    (tmp_path / "victim").write_text("mine")
    for name in (".config.tmp.json", "config.json", ".config.json.tmp"):
        (tmp_path / name).symlink_to(tmp_path / "victim")
    with atomic_files.replacing(tmp_path / "config.json") as path:
        path.write_text("new")
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "config.json").read_text() == "new"
    assert not (tmp_path / "config.json").is_symlink()


def test_a_temporary_name_that_is_taken_is_not_written_through(tmp_path, monkeypatch):
    """Not even where it was foreseen."""
    monkeypatch.setattr(atomic_files.secrets, "token_hex", lambda size: "0" * 2 * size)
    (tmp_path / "victim").write_text("mine")
    taken = tmp_path / f".config.dcgan_tf-{'0' * 16}.tmp.json"
    taken.symlink_to(tmp_path / "victim")
    with (
        pytest.raises(FileExistsError),
        atomic_files.replacing(tmp_path / "config.json") as path,
    ):
        path.write_text("new")
    assert (tmp_path / "victim").read_text() == "mine"


def test_a_file_that_is_too_long_or_none_is_not_read(tmp_path):
    path = tmp_path / "file"
    path.write_text("12345")
    assert atomic_files.read_text(path, 5) == "12345"
    with pytest.raises(ValueError, match="more than 4 bytes"):
        atomic_files.read_text(path, 4)
    os.mkfifo(tmp_path / "pipe")  # which would be waited for, for ever
    for name in ("pipe", "absent", "."):
        with pytest.raises(ValueError, match="no file"):
            atomic_files.read_text(tmp_path / name, 5)


def test_json_has_no_nan(tmp_path):
    """Which no other reader of JSON would take."""
    path = tmp_path / "file.json"
    atomic_files.write_json(path, {"one": [1, None]})
    before = path.read_text()
    with pytest.raises(ValueError, match="JSON"):
        atomic_files.write_json(path, {"one": float("nan")})
    assert path.read_text() == before


def test_a_folder_that_was_filled_meanwhile_is_not_overwritten(tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(OSError, match="not empty"):  # noqa: PT012, SIM117
        with atomic_files.replacing_folder(tmp_path / "set") as temporary:
            (temporary / "ours").touch()
            (tmp_path / "set" / "theirs").touch()
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
