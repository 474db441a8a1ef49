import json

import pytest

from dcgan_tf import errors, runs


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
    [b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1}', b"[" * 10**6, b"\xff\xfe"],
)
def test_a_damaged_config_is_one_line(run, content):
    run.folder.mkdir()
    run.config_file.write_bytes(content)
    with pytest.raises(errors.RunError, match=r"config\.json"):
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


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.UsageError, match="is a file"):
        runs.check_folder(tmp_path / "file")
    with pytest.raises(errors.UsageError, match="not a folder"):
        runs.check_folder(tmp_path / "file" / "run")
