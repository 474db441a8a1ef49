"""A run's folder: who may train in it, and its config.json, which is whole or one line."""

import json
import sys

import pytest
from conftest import untrained

import dcgan_tf
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Parent, Run, RunConfig
from dcgan_tf.support import errors, package
from dcgan_tf.training.train_state import save_state


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def test_the_config_comes_back(run, small):
    """Catches what is written in one form and read in another."""
    data = {"images": 48, "shape": [28, 28, 1], "sha256": "a", "content_hash": "b"}
    content = RunConfig(small("acgan"), Parent("/somewhere/run", 7, "abc"), data=data)
    content = content.started({"threads": 2})
    run.write_config(content)
    assert run.read() == content
    (start,) = json.loads(run.config_file.read_text())["starts"]
    assert start["machine"] == {"threads": 2}
    assert {"tensorflow", "keras", "numpy", "dcgan_tf"} <= start["versions"].keys()
    assert [path.name for path in run.folder.iterdir()] == ["config.json"]


def test_the_start_that_began_a_run_stays_the_first(small, monkeypatch):
    """Catches a file that grows for ever, or forgets the command that began the run."""
    content = RunConfig(small("dcgan"))
    for number in range(150):
        monkeypatch.setattr(sys, "argv", ["/usr/bin/main.py", f"--epochs={number}"])
        content = content.started()
    commands = [start["command"] for start in content.starts]
    kept = (0, *range(51, 150))
    assert commands == [["main.py", f"--epochs={number}"] for number in kept]


def test_other_conditions_than_at_first_are_named(small, monkeypatch):
    """Catches a start in between that counts, or what the first start does not tell."""
    content = RunConfig(small("dcgan"))
    assert content.changed_conditions({"threads": 1}) == []
    content = content.started({"threads": 2, "processor": "fast"})
    content = content.started({"threads": 1, "processor": "slow"})
    for machine, changes in (
        ({"threads": 2, "processor": "fast"}, []),
        ({"threads": 1, "onednn": "AVX2"}, ["threads 1 (2 at first)"]),
        ({"devices": 1, "jit_compile": False}, []),
        ({"devices": 2}, ["devices 2 (1 at first)"]),
    ):
        assert content.changed_conditions(machine) == changes
    version = dcgan_tf.__version__
    monkeypatch.setattr(package, "VERSION", "9.9.9")
    assert content.changed_conditions({}) == [f"dcgan_tf 9.9.9 ({version} at first)"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"[]", b"\xff\xfe", {"config": {}}, {"starts": None}, {"init_from": "."}],
)
def test_a_damaged_config_is_one_line(run, small, damage):
    """Catches a traceback for a config.json that was cut short, edited or lost."""
    run.write_config(RunConfig(small("dcgan")))
    if isinstance(damage, dict):
        content = json.loads(run.config_file.read_text())
        damage = json.dumps({**content, **damage}).encode()
    run.config_file.write_bytes(damage)
    with pytest.raises(errors.RunError, match=r"config\.json: cannot be read: .*another f"):
        run.read_config()
    run.config_file.unlink()
    with pytest.raises(errors.RunError, match=r"config\.json: .*put it back"):
        run.read_config()


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--mode=cgan", "--run_dir=run"),
        ("train", "--mode=cgan", "--init_from=run", "--run_dir=new"),
        ("sample", "--run=run"),
    ],
)
def test_a_run_of_older_code_is_refused_in_one_line(command, run, small, arguments):
    """Catches a run that is taken for one of today, or written over."""
    run.write_config(RunConfig(small("cgan")))
    content = json.loads(run.config_file.read_text())
    del content["starts"]
    run.config_file.write_text(json.dumps({**content, "format": 2, "command": ["main.py"]}))
    before = run.config_file.read_bytes()
    (run.checkpoints / "step_00000012").mkdir(parents=True)  # of a manifest of its own
    status, out, err = command(*arguments)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "config.json: is of format 2, made by another " in err
    assert run.config_file.read_bytes() == before


def test_a_config_that_is_lost_while_a_run_trains_comes_back(run):
    """Catches checkpoints that are saved meanwhile and do not count as the run's own."""
    run, state = untrained(run.folder, mode="dcgan")
    content = run.read()
    run.config_file.unlink()
    state.step.assign(1)
    save_state(state, run, manifest.REGULAR, keep=3)
    run.write_config(content)
    assert Run(run.folder).read() == content
    assert Run(run.folder).newest_checkpoint().step == 1
