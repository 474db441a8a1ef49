"""Wrong use of report, compare and playground is one line, and nothing is written."""

import pytest
from conftest import new_config

from dcgan_tf.runs.folder import Run, RunConfig

NINE = [f"--run={name}" for name in "abcdefghi"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report"], "--run: name the folder of a run"),
        (["report", "--run=none"], "--run=none: holds no run"),
        (["report", "--run=a", "--output=page.pdf"], "must end in .html"),
        (["report", *NINE], "8 fit a page"),
        (["compare"], "--run: name the folder of a run"),
        (["compare", "a", "none"], "--run=none: holds no run"),
        (["compare", "a", "--csv=none/all.csv"], "--csv=none/all.csv: none"),
        (["playground", "--output=page.htm"], "--output=page.htm: must end in .html"),
        (["playground", "--run=a"], "of the architecture tf_tutorial; a playground runs"),
        (["playground", "--which=best"], "an exported generator alone"),
    ],
)
def test_wrong_use_is_one_line(tmp_path, command, arguments, words):
    settings = {"mode": "dcgan", "architecture": "tf_tutorial", "precision": "float32"}
    for name in "abcdefghi":
        Run(tmp_path / name).write_config(RunConfig(new_config("digits", **settings)))
    before = sorted(tmp_path.rglob("*"))
    status, out, err = command(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert sorted(tmp_path.rglob("*")) == before
