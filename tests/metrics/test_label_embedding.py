"""experiments/label_embedding/measure.py: probes by hand, and the whole once."""

import importlib.util
import json
import pathlib

import imageio.v3 as iio
import numpy as np
import pytest
from conftest import untrained

FILE = pathlib.Path(__file__).parents[2] / "experiments/label_embedding/measure.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("label_embedding", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_linear_probe_reads_muting_from_sizes_and_not_from_products(script):
    random = np.random.default_rng(0)
    latents, labels = random.uniform(-1, 1, (3000, 5)), np.arange(3000) % 2
    fused = latents * np.where(labels[:, None] == 1, [0, 1, 1, 1, 1], 1)
    probes = script.probed(latents, fused, labels)
    assert probes["chance"] == 0.5
    assert probes["absolute_fused"] > 0.8
    assert probes["fused"] == pytest.approx(0.5, abs=0.06)
    assert probes["latents"] == pytest.approx(0.5, abs=0.06)
    # More features than rows are learned by heart, and no use on those held out.
    features = random.normal(size=(300, 400))
    assert script.linear_probe(features, random.integers(0, 2, 300), held_out=100) < 0.65


def test_a_run_has_a_figure_and_its_numbers(script, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(script, "ROWS", 900)
    run = untrained(tmp_path / "run", mode="acgan", label_fusion="concatenate")[0].folder
    script.main(run)
    assert "chance 10.0%" in capsys.readouterr().out
    assert iio.imread(run / "embedding.png").ndim == 3
    report = json.loads((run / "embedding.json").read_text())
    assert np.shape(report["trained"]["embedding"])[0] == 10
    # An embedding beside the latents is read without fail.
    assert report["trained"]["probes"]["fused"] == 1.0
