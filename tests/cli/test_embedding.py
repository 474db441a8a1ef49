import json

import imageio.v3 as iio
import pytest
from conftest import untrained

from dcgan_tf import embedding
from dcgan_tf.cli import flags


def do(capsys, *arguments):
    values = embedding.define_flags()
    status = flags.run(embedding.main, values, embedding.__doc__, list(arguments))
    return status, *capsys.readouterr()


@pytest.mark.parametrize("fusion", ["multiply", "add", "concatenate"])
def test_a_figure_and_its_numbers(tmp_path, capsys, fusion):
    run = untrained(tmp_path / "run", mode="acgan", label_fusion=fusion)[0].folder
    status, out, err = do(capsys, f"--run={run}")
    assert (status, err) == (0, "")
    assert "chance 10.0%" in out
    assert iio.imread(run / "embedding.png").ndim == 3
    report = json.loads((run / "embedding.json").read_text())
    assert report["fusion"] == fusion
    assert len(report["trained"]["embedding"]) == 10
    probes = report["trained"]["probes"]
    assert abs(probes["latents"] - probes["chance"]) < 0.03
    # An embedding beside the latents is read without fail.
    if fusion == "concatenate":
        assert probes["fused"] == 1.0


def test_a_run_without_an_embedding_is_refused(tmp_path, capsys):
    run = untrained(tmp_path / "run", mode="dcgan")[0].folder
    before = sorted(run.rglob("*"))
    status, out, err = do(capsys, f"--run={run}")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "no embedding of the class" in err
    assert sorted(run.rglob("*")) == before


def test_no_run_and_no_folder_are_refused(tmp_path, capsys):
    assert do(capsys)[0] == 2
    assert do(capsys, f"--run={tmp_path}")[0] == 2
    run = untrained(tmp_path / "run", mode="acgan")[0].folder
    status, _, err = do(capsys, f"--run={run}", f"--output={run / 'config.json'}")
    assert status == 2
    assert "is no folder" in err
