import hashlib
import json
import os

import pytest

from dcgan_tf import errors, runs, saves


@pytest.fixture
def run(tmp_path):
    return runs.Run(tmp_path / "run")


def test_the_config_comes_back(run, small):
    run.write_config(small("acgan"))
    assert run.read_config() == small("acgan")
    content = json.loads(run.config_file.read_text())
    assert {"tensorflow", "keras", "numpy", "dcgan_tf"} <= content["versions"].keys()
    assert [path.name for path in run.folder.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"format": 2}',
        b'{"format": 1}',
        b"[" * 900_000,
        b" " * 2_000_000,
        b"\xff\xfe",
    ],
)
def test_a_damaged_config_is_one_line(run, content):
    run.folder.mkdir()
    run.config_file.write_bytes(content)
    with pytest.raises(errors.RunError, match=r"config\.json.*name another folder"):
        run.read_config()


def test_a_folder_is_new_or_empty_or_a_run(tmp_path, run, small):
    runs.check_folder(tmp_path)
    runs.check_folder(tmp_path / "a" / "b")
    run.write_config(small("dcgan"))
    runs.check_folder(run.folder)
    assert not (tmp_path / "a").exists()


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(errors.UsageError, match="holds files, but no run"):
        runs.check_folder(tmp_path)


def test_a_run_without_its_config_is_told_from_other_files(run):
    (run.checkpoints / "step_00000007").mkdir(parents=True)
    with pytest.raises(errors.UsageError, match=r"their config\.json is missing"):
        runs.check_folder(run.folder)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.UsageError, match="is a file"):
        runs.check_folder(tmp_path / "file")
    with pytest.raises(errors.UsageError, match="not a folder"):
        runs.check_folder(tmp_path / "file" / "run")


def test_a_second_process_is_refused_as_long_as_the_first_lives(run):
    refused = pytest.raises(errors.UsageError, match="another process trains this run")
    with run.locked(), refused, run.locked():
        pass
    with run.locked():
        pass
    assert list(run.folder.iterdir()) == []


@pytest.mark.parametrize("part", ["metrics.jsonl", "samples", "checkpoints", "config.json"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, run, small, part):
    """Rows would be added, and frames removed, wherever it leads."""
    run.write_config(small("dcgan"))
    target = tmp_path / "elsewhere"
    if (run.folder / part).exists():
        (run.folder / part).rename(target)
    (run.folder / part).symlink_to(target)  # a loop, a file or nothing: it is refused
    with pytest.raises(errors.UsageError, match=f"{part} is a symbolic link"):
        runs.check_folder(run.folder)


def test_a_folder_that_is_a_link_to_itself_is_one_line(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(errors.UsageError, match="loop"):
        runs.check_folder(tmp_path / "loop" / "run")


def test_the_ancestor_comes_back_and_is_checked(run, small):
    ancestor = runs.Ancestor("/somewhere/run", 7, "abc")
    run.write_config(small("acgan"), ancestor)
    assert run.read_ancestor() == ancestor
    content = json.loads(run.config_file.read_text())
    for held in ("../..", {"run": "x"}, {"run": "x", "step": True, "identity": "y"}):
        run.config_file.write_text(json.dumps({**content, "start_from": held}))
        with pytest.raises(errors.RunError, match="start_from does not name"):
            run.read_config()


@pytest.mark.parametrize("kind", ["pipe", "link", "huge"])
def test_what_is_no_file_of_a_checkpoint_is_not_hashed(run, tmp_path, kind):
    """A pipe would be waited for, and a file of terabytes, all holes, read to its end."""
    folder = run.checkpoints / "step_00000001"
    folder.mkdir(parents=True)
    path = folder / "state.index"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "secret").write_bytes(b"secret")
        path.symlink_to(tmp_path / "secret")
    else:
        with path.open("wb") as file:
            file.truncate(10 * 2**40)
    known = hashlib.sha256(b"secret").hexdigest()
    assert not saves.Saved(folder, 1, 1, {path.name: known}).whole()
