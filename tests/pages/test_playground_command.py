"""dcgan-tf playground, without a browser."""

import json
import re

import pytest
from conftest import untrained
from keras import layers

from dcgan_tf import playground
from dcgan_tf.cli import flags
from dcgan_tf.pages import network


def do(*arguments):
    values = playground.define_flags()
    return flags.run(playground.main, values, playground.__doc__, list(arguments))


def test_the_command_takes_the_discriminator_of_the_checkpoint(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    _, state = untrained(tmp_path / "run", mode="dcgan", architecture="tf_tutorial")
    assert do("--run=run") == 0
    assert re.fullmatch(r"playground\.html: step 0, \d\.\d MB\n", capsys.readouterr().out)
    text = (tmp_path / "playground.html").read_text()
    data = json.loads(re.search(r'id="page">(.*?)</script>', text)[1])
    assert data["generator"] == network.describe(state.gan.ema_generator)
    assert data["discriminator"] == network.describe(state.gan.discriminator)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output=page.htm"], "--output=page.htm: must end in .html"),
        (["--output=no/page.html"], "no is no folder"),
        (["--output=folder.html"], "is a folder"),
        (["--run=nowhere"], "holds no run"),
        (["--which=best"], "an exported generator alone"),
        ([], "its generator has a Reshape, which a playground cannot run"),
    ],
)
def test_wrong_use_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    monkeypatch.delitem(network.WRITERS, layers.Reshape)
    assert do(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]
