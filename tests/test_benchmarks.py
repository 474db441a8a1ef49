"""The arithmetic of the benchmarks; nothing is timed here."""

import json
import math
import pathlib

import keras
import numpy as np
import pytest
from conftest import new_config, untrained

from benchmarks import compare, devices, precision, recipes, shape, time_to_quality
from dcgan_tf.cli import flags
from dcgan_tf.gans.build import build
from dcgan_tf.support import errors


def multiplications(layer):
    """Counts those of one image forwards, from the shapes of tensors and kernel."""
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2DTranspose):  # a kernel for each pixel it reads
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):  # and for each that it writes
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    return 0


@pytest.mark.parametrize(
    ("name", "mode", "architecture"),
    [("dcgan", "dcgan", "tf_tutorial"), ("acgan, paired", "acgan", "keras_2018")],
)
def test_the_work_counted_by_hand_is_that_of_the_networks(name, mode, architecture):
    """A network that changed leaves a wrong share of the processor's limit."""
    gan = build(new_config(mode=mode, architecture=architecture))
    generator, first_dense, discriminator, first_convolution = compare.WORK[name]
    by_layer = [multiplications(layer) for layer in gan.generator.layers]
    assert sum(by_layer) == generator
    # An embedding before the first layer wants its gradient by the inputs, too.
    embedded = "label_embedding" in [layer.name for layer in gan.generator.layers]
    assert first_dense == (0 if embedded else next(filter(None, by_layer)))
    by_layer = [multiplications(layer) for layer in gan.discriminator.layers]
    assert sum(by_layer) == discriminator
    assert next(filter(None, by_layer)) == first_convolution


def test_work_and_ratios_by_hand(monkeypatch):
    """A step counts each pass once; ratios are of one turn, not of the medians."""
    # A generator of 100, 10 of them without use for inputs; a discriminator of 7 and 2.
    monkeypatch.setitem(compare.WORK, "toy", (100, 10, 7, 2))
    forwards = by_weights = 100 + 7 + 7
    by_inputs = (100 - 10) + (7 - 2) + (7 - 2) + 7
    assert compare.work("toy", 3) == 2 * 3 * (forwards + by_weights + by_inputs)
    measured = {"dcgan": {"seconds": [1, 2, 4]}, "tutorial": {"seconds": [3, 2, 8]}}
    (ratio,) = compare.ratios(measured)
    assert (ratio["median"], ratio["lowest"], ratio["highest"]) == (2, 1, 3)


def test_how_far_a_gradient_is_off():
    """Distances are of whole gradients, as shares of their mean length."""
    exact = [np.array([3.0, 4.0]), np.array([0.0, 15.0])]  # of lengths 5 and 15
    rough = [np.array([3.0, 5.0]), np.array([3.0, 15.0])]  # 1 and 3 away
    assert np.allclose(precision.distances(exact, rough), (10.0, 2.0, np.hypot(3, 11)))


def test_gradients_of_a_run_are_compared_weight_by_weight(tmp_path, capsys):
    """A bias just before a normalisation has a gradient of rounding alone."""
    untrained(tmp_path, mode="cgan", architecture="maxout", batch_size=8)
    values = precision.define_flags()
    assert flags.run(precision.main, values, "", [f"--run={tmp_path}"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 12 + 6 + 2 * 3
    assert lines[1].split()[2:] == ["-", "-"]
    off, other = map(float, lines[-2].split()[2:])
    assert 0 < off < 0.1 < other


def test_a_curve_has_the_evaluations_of_training_and_the_one_after_it(tmp_path):
    """The evaluation after training is the last point; images from a file are none."""
    entries = [
        {"step": 300, "quality/class_accuracy": 0.5, "quality/coverage": 0.25},
        {"step": 600},
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, entries)))
    evaluation = {"of": {"step": 900}, "figures": {"generated": {"coverage": 0.75}}}
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    assert time_to_quality.points(tmp_path, milliseconds=100.0) == [
        (0.5, {"class_accuracy": 0.5, "coverage": 0.25}),
        (1.5, {"coverage": 0.75}),
    ]
    evaluation["of"] = {"samples": "set.npz"}
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    (tmp_path / "metrics.jsonl").unlink()
    assert time_to_quality.points(tmp_path, 100.0) == []


@pytest.mark.parametrize(
    ("module", "arguments", "flag"),
    [
        (time_to_quality, [], "--curve"),
        (time_to_quality, ["--curve=a=x", "--out=x.png"], "--curve"),
        (time_to_quality, ["--curve=a=1=nowhere", "--out=x.png"], "nowhere"),
        (recipes, ["--modes=dcgan,wgan"], "--modes"),
        (recipes, ["--precision=float16"], "--precision"),
        (recipes, ["--against=."], "--against"),
    ],
)
def test_wrong_use_is_one_line(module, arguments, flag, tmp_path, monkeypatch, capsys):
    """A benchmark says which flag is wrong before it trains for minutes."""
    monkeypatch.chdir(tmp_path)
    assert flags.run(module.main, module.define_flags(), "", arguments) == 2
    assert flag in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_speeds_are_of_the_same_turn_and_workers_of_the_same_cores(monkeypatch):
    """Medians of each would compare turns of different load."""
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda _: {4, 1, 2, 7})
    monkeypatch.setattr(devices.shutil, "which", lambda _: None)
    assert devices.configurations()["2 workers"] == [("1,2",), ("4,7",)]
    speeds = {recipes.OURS: [10, 40, 30], recipes.OTHER: [10, 20, 10]}
    measured = {"mode": "cgan", "precision": "float32", "images_per_second": speeds}
    *_, ours, other = recipes.table([measured]).splitlines()
    assert ours == "| cgan | float32 | this package | 30 (10, 40) | 2.00 (1.00, 3.00) |"
    assert other.startswith("| cgan | float32 | the other version | 10 (10, 20) |")


# A version that calls a log entry's steps otherwise.
OLDER = """
import json, pathlib, sys
given = dict(argument[2:].split("=") for argument in sys.argv[1:] if "=" in argument)
if not given:
    print("--sample_every_steps")
    sys.exit()
assert given["steps"] == "20" and given["sample_every_steps"] == "5"
run = pathlib.Path(given["run_dir"])
run.mkdir()
entries = [json.dumps({"images_per_second": speed}) for speed in (900, 5, 7, 6)]
(run / "metrics.jsonl").write_text("\\n".join(entries))
"""


def test_another_version_runs_its_own_code_with_its_own_flags(tmp_path, monkeypatch):
    """The package of the working directory must not be the one that runs."""
    (tmp_path / "dcgan_tf").mkdir()
    (tmp_path / "dcgan_tf" / "__init__.py").touch()
    (tmp_path / "dcgan_tf" / "main.py").write_text(OLDER)
    monkeypatch.chdir(recipes.ROOT)
    assert recipes.version(tmp_path, "mnist", steps=5)("dcgan", "float32") == 6
    (tmp_path / "dcgan_tf" / "main.py").write_text("")
    with pytest.raises(errors.UsageError):
        recipes.version(tmp_path, "mnist", steps=5)


TOY = """
import os


def outer():
    import json
    try:
        raise ValueError
    except ValueError:
        raise
"""


def test_the_shape_of_a_checkout_by_hand(tmp_path):
    """Statements are counted by the parser, not by their letters in texts."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "module.py").write_text(TOY + "\nTEXT = 'raise'\n" * 200)
    counts = shape.package_counts(tmp_path)
    assert (counts["raise"], counts["except"], counts["imports inside functions"]) == (
        2,
        1,
        1,
    )
    assert counts["by sub-package"] == {"toy": 410}
    assert counts["files over 300 lines"] == ["toy/module.py (410)"]


@pytest.mark.long
def test_the_route_to_a_step_is_traced():
    """AutoGraph runs copies of functions, which a trace of files would miss."""
    counts = shape.trace_counts(pathlib.Path(shape.HERE))
    assert {"main.py", "cli/launch.py"} <= set(counts["the route"])
    assert counts["lines of the step's functions"]["training/steps.py"] > 5
