"""Wrong use of report, compare and playground is one line, and nothing is written."""

import pytest
from conftest import new_config

from dcgan_tf import compare, playground, report
from dcgan_tf.cli import flags
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        (report, [], "--run: name the folder of a run"),
        (report, ["--run=none"], "--run=none: holds no run"),
        (report, ["--run=a", "--output=page.pdf"], "must end in .html"),
        (report, [f"--run={name}" for name in "abcdefghi"], "8 fit a page"),
        (compare, [], "--run: name the folder of a run"),
        (compare, ["a", "none"], "--run=none: holds no run"),
        (compare, ["a", "--csv=none/all.csv"], "--csv=none/all.csv: none"),
        (playground, ["--output=page.htm"], "--output=page.htm: must end in .html"),
        (playground, ["--run=a"], "is of the architecture tf_tutorial; a playground runs"),
        (playground, ["--which=best"], "an exported generator alone"),
    ],
)
def test_wrong_use_is_one_line(tmp_path, monkeypatch, capsys, command, arguments, words):
    monkeypatch.chdir(tmp_path)
    settings = {"mode": "dcgan", "architecture": "tf_tutorial", "precision": "float32"}
    for name in "abcdefghi":
        Run(tmp_path / name).write_config(RunConfig(new_config("digits", **settings)))
    before = sorted(tmp_path.rglob("*"))
    values = command.define_flags()
    assert flags.run(command.main, values, command.__doc__, arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err
    assert sorted(tmp_path.rglob("*")) == before
