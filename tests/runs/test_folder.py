import hashlib
import os

import pytest

from dcgan_tf.runs import folder, manifest
from dcgan_tf.runs.config_file import Parent, RunConfig
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def test_a_folder_is_new_or_empty_or_a_run(tmp_path, run, small):
    folder.check_folder(tmp_path)
    folder.check_folder(tmp_path / "a" / "b")
    run.write_config(RunConfig(small("dcgan")))
    folder.check_folder(run.folder)
    assert not (tmp_path / "a").exists()


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(errors.UsageError, match="holds files, but no run"):
        folder.check_folder(tmp_path)


def test_a_run_without_its_config_is_told_from_other_files(run):
    (run.checkpoints / "step_00000007").mkdir(parents=True)
    with pytest.raises(errors.UsageError, match=r"their config\.json is missing"):
        folder.check_folder(run.folder)


@pytest.mark.parametrize("name", ["run[1]", "a*", "b?", "c\\d"])
def test_a_path_that_tensorflow_reads_as_a_pattern_is_refused(tmp_path, name):
    """Or a run would train and save, and could then not be read."""
    with pytest.raises(errors.UsageError, match="reads as a pattern"):
        folder.check_folder(tmp_path / name / "run")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.UsageError, match="is a file"):
        folder.check_folder(tmp_path / "file")
    with pytest.raises(errors.UsageError, match="not a folder"):
        folder.check_folder(tmp_path / "file" / "run")


def test_a_second_process_is_refused_as_long_as_the_first_lives(run):
    refused = pytest.raises(errors.UsageError, match="another process trains this run")
    with run.locked(), refused, run.locked():
        pass
    with run.locked():
        pass
    assert list(run.folder.iterdir()) == []


@pytest.mark.parametrize("part", ["metrics.jsonl", "samples", "checkpoints", "config.json"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, run, small, part):
    """Log entries would be added, and frames removed, wherever it leads."""
    run.write_config(RunConfig(small("dcgan")))
    target = tmp_path / "elsewhere"
    if (run.folder / part).exists():
        (run.folder / part).rename(target)
    (run.folder / part).symlink_to(target)  # a file or nothing: it is refused
    with pytest.raises(errors.UsageError, match=f"{part} is a symbolic link"):
        folder.check_folder(run.folder)


def test_a_folder_that_is_a_link_to_itself_is_one_line(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(errors.UsageError, match="loop"):
        folder.check_folder(tmp_path / "loop" / "run")


def test_the_very_checkpoint_of_the_parent_is_found_or_missed(run):
    """A checkpoint of the same step, but of other content, is another one."""
    parent = Parent(str(run.folder), 7, "another hash")
    with pytest.raises(errors.RunError, match="no longer has the checkpoint of step 7"):
        folder.parent_checkpoint(parent)
    made = run.checkpoints / manifest.name(manifest.REGULAR, 7)
    made.mkdir(parents=True)
    for name in manifest.CheckpointInfo.FILES:
        (made / name).write_bytes(name.encode())
    manifest.write_manifest(made, 7, 1, "", None)
    with pytest.raises(errors.RunError, match="no longer has the checkpoint of step 7"):
        folder.parent_checkpoint(parent)
    known = hashlib.sha256((made / "manifest.json").read_bytes()).hexdigest()
    parent = Parent(str(run.folder), 7, known)
    assert folder.parent_checkpoint(parent).folder == made


@pytest.mark.parametrize("kind", ["pipe", "link", "huge"])
def test_what_is_no_file_of_a_checkpoint_is_not_hashed(run, tmp_path, kind):
    """A pipe would be waited for, and a file of terabytes, all holes, read to its end."""
    made = run.checkpoints / "step_00000001"
    made.mkdir(parents=True)
    path = made / "state.index"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "secret").write_bytes(b"secret")
        path.symlink_to(tmp_path / "secret")
    else:
        with path.open("wb") as file:
            file.truncate(10 * 2**40)
    known = hashlib.sha256(b"secret").hexdigest()
    info = manifest.CheckpointInfo(made, 1, 1, "", {path.name: known})
    assert not info.is_intact()
