"""config.json: it comes back, keeps what began the run, and its damage is one line."""

import dataclasses
import json
import sys

import pytest
from conftest import untrained

import dcgan_tf
from dcgan_tf import export, main, sample
from dcgan_tf.cli import flags
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import Parent, Run, RunConfig
from dcgan_tf.support import errors
from dcgan_tf.training.train_state import save_state


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def call(command, *arguments):
    return flags.run(command.main, command.define_flags(), command.__doc__, list(arguments))


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
    """Later ones are appended; of very many the latest stay, and the first always."""
    content = RunConfig(small("dcgan"))
    for number in range(150):
        monkeypatch.setattr(sys, "argv", ["/usr/bin/main.py", f"--epochs={number}"])
        content = content.started()
    commands = [start["command"] for start in content.starts]
    kept = (0, *range(51, 150))
    assert commands == [["main.py", f"--epochs={number}"] for number in kept]


def test_a_resume_and_an_export_keep_what_began_the_run(tmp_path, run, monkeypatch, capsys):
    """What an export is called by is no start of the run."""
    began = {"versions": {"dcgan_tf": "0.1.9"}, "machine": {}, "command": ["main.py"]}
    untrained(run.folder, mode="cgan", epochs=1, batch_size=500)
    run.write_config(dataclasses.replace(run.read(), starts=(began,)))
    monkeypatch.chdir(tmp_path)
    assert call(export, "--run=run", "--output=given") == 0
    assert Run(tmp_path / "given").read() == run.read()
    assert Run(tmp_path / "given").read().starts == (began,)
    monkeypatch.setattr(sys, "argv", ["main.py", "--mode=cgan", "--run_dir=run"])
    assert call(main, "--mode=cgan", "--run_dir=run", "--dataset=digits") == 0
    first, second = run.read().starts
    assert first == began
    assert second["command"] == sys.argv
    assert second["versions"]["dcgan_tf"] != "0.1.9"
    warning = capsys.readouterr().err
    assert "0.1.9 at first): the bits may differ" in warning
    assert warning.count("\n") == 1


def test_other_conditions_than_at_first_are_named(small, monkeypatch):
    """Those of a start in between do not count; nor what the first start does not tell."""
    content = RunConfig(small("dcgan"))
    assert content.changed_conditions({"threads": 1}) == []
    content = content.started({"threads": 2, "processor": "fast"})
    content = content.started({"threads": 1, "processor": "slow"})
    assert content.changed_conditions({"threads": 2, "processor": "fast"}) == []
    assert content.changed_conditions({"threads": 1, "onednn": "AVX2"}) == [
        "threads 1 (2 at first)"
    ]
    assert content.changed_conditions({"devices": 1, "jit_compile": False}) == []
    assert content.changed_conditions({"devices": 2}) == ["devices 2 (1 at first)"]
    version = dcgan_tf.__version__
    monkeypatch.setattr(dcgan_tf, "__version__", "9.9.9")
    assert content.changed_conditions({}) == [f"dcgan_tf 9.9.9 ({version} at first)"]


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{", b"[]", b'{"format": 3}', b"\xff\xfe"),
        *(
            {"config": {}},
            {"starts": None},
            {"init_from": "."},
            {"init_from": {"run": "x"}},
        ),
    ],
)
def test_a_damaged_config_is_one_line(run, small, damage):
    """Catches a traceback for a config.json that was cut short, edited or lost."""
    run.write_config(RunConfig(small("dcgan")))
    if isinstance(damage, dict):
        content = json.loads(run.config_file.read_text())
        damage = json.dumps({**content, **damage}).encode()
    run.config_file.write_bytes(damage)
    with pytest.raises(
        errors.RunError, match=r"config\.json: is damaged: .*another folder"
    ):
        run.read_config()
    run.config_file.unlink()
    with pytest.raises(errors.RunError, match=r"config\.json: .*put it back"):
        run.read_config()


@pytest.mark.parametrize(
    ("command", "flag"), [(main, "--run_dir"), (sample, "--run"), (main, "--init_from")]
)
def test_a_run_of_older_code_is_refused_in_one_line(
    tmp_path, run, small, capsys, command, flag
):
    """As it stands on the disk: flat, with its versions and its command."""
    run.write_config(RunConfig(small("cgan")))
    content = json.loads(run.config_file.read_text())
    del content["starts"]
    run.config_file.write_text(json.dumps({**content, "format": 2, "command": ["main.py"]}))
    before = run.config_file.read_bytes()
    (run.checkpoints / "step_00000012").mkdir(parents=True)  # of a manifest of its own
    more = ["--mode=cgan"] if command is main else []
    if flag == "--init_from":
        more.append(f"--run_dir={tmp_path / 'new'}")
    assert call(command, f"{flag}={run.folder}", *more) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {run.config_file}: is of format 2, made by another ")
    assert err.count("\n") == 1
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
