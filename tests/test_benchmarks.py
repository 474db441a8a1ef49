"""What of the benchmarks is arithmetic; nothing is timed here."""

import json
import math

import keras
import numpy as np
import pytest
from conftest import new_config, untrained

from benchmarks import compare, devices, precision, recipes, time_to_quality
from dcgan_tf.cli import flags
from dcgan_tf.gans.build import build
from dcgan_tf.support import errors


def multiplications(layer):
    """Of one image forwards, from the shapes of what goes in, of what comes out, and of
    the kernel.
    """
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


def test_a_step_is_forwards_and_backwards_as_often_as_it_is_wanted(monkeypatch):
    """Generator of 100, 10 of them without use for inputs; discriminator of 7 and 2."""
    monkeypatch.setitem(compare.WORK, "toy", (100, 10, 7, 2))
    forwards = 100 + 7 + 7
    by_weights = 100 + 7 + 7
    by_inputs = (100 - 10) + (7 - 2) + (7 - 2) + 7
    assert compare.work("toy", 3) == 2 * 3 * (forwards + by_weights + by_inputs)


def test_ratios_are_those_of_the_same_turn():
    measured = {"dcgan": {"seconds": [1, 2, 4]}, "tutorial": {"seconds": [3, 2, 8]}}
    (found,) = compare.ratios(measured)
    assert (found["median"], found["lowest"], found["highest"]) == (2, 1, 3)


def test_the_limit_is_a_product_in_the_same_precision_and_run(monkeypatch):
    monkeypatch.setitem(compare.WORK, "toy", (0, 0, 1, 1))  # 5 of which count two each
    measured = {
        "toy, float32": {
            "batch_size": 10,
            "seconds": [1, 5, 4],
            "batch_seconds": 0.03,
            "call_seconds": 0.01,
        },
        "toy, deterministic": {},
        "matmul, float32": {"seconds": [0.5, 0.25, 1]},
    }
    (found,) = compare.limits(measured)
    assert found["name"] == "toy, float32"
    assert found["gflop/s"] == pytest.approx(100e-9 / 4)
    product = 2 * 2048**3 / 1e9
    assert found["matmul's gflop/s"] == pytest.approx(product / 0.5)
    assert found["at best"] == pytest.approx(product / 0.25)
    assert found["outside"] == pytest.approx(0.01)


def test_how_far_a_gradient_is_off():
    exact = [np.array([3.0, 4.0]), np.array([0.0, 15.0])]  # of lengths 5 and 15
    rough = [np.array([3.0, 5.0]), np.array([3.0, 15.0])]  # 1 and 3 away
    expected = (10.0, 2.0, np.hypot(3, 11))
    assert np.allclose(precision.distances(exact, rough), expected)


def run(*arguments):
    return flags.run(
        precision.main, precision.define_flags(), precision.__doc__, list(arguments)
    )


def test_gradients_of_a_run_are_compared_weight_by_weight(tmp_path, capsys):
    """A bias just before a normalisation has a gradient of nothing but rounding."""
    untrained(tmp_path, mode="cgan", architecture="maxout", batch_size=8)
    assert run(f"--run={tmp_path}") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 12 + 6 + 2 * 3
    assert lines[1].startswith("generator: bias_dense")
    assert lines[1].split()[2:] == ["-", "-"]
    assert lines[-1].startswith("discriminator: dense")
    off, other = map(float, lines[-2].split()[2:])
    assert 0 < off < 0.1 < other


def test_gradients_of_a_generator_alone_are_refused(tmp_path, capsys):
    made, _ = untrained(tmp_path, mode="cgan", architecture="maxout", batch_size=8)
    made.exported.touch()
    assert run(f"--run={tmp_path}") == 2
    assert "holds an exported generator alone" in capsys.readouterr().err


def test_a_curve_has_the_evaluations_of_training_and_the_one_after_it(tmp_path):
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
    (tmp_path / "metrics.jsonl").rename(tmp_path / "entries.jsonl")
    assert [minutes for minutes, _ in time_to_quality.points(tmp_path, 100.0)] == [1.5]
    in_a_file = time_to_quality.points(tmp_path / "entries.jsonl", 100.0)
    assert [minutes for minutes, _ in in_a_file] == [0.5]
    evaluation["of"] = {"samples": "set.npz"}
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    assert time_to_quality.points(tmp_path, 100.0) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "must be given"),
        (["--curve=a=1=x"], "must be given"),
        (["--curve=a=1=x", "--out=x.jpg"], "must be given"),
        (["--curve=a=x", "--out=x.png"], "--curve=a=x: must be NAME=MS=PATH"),
        (["--curve=a=1=nowhere", "--out=x.png"], "nowhere is not there"),
        (["--curve=a=1=.", "--out=x.png"], ". has no evaluation"),
    ],
)
def test_a_curve_of_nothing_is_wrong_use(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    values = time_to_quality.define_flags()
    assert flags.run(time_to_quality.main, values, "", arguments) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_two_workers_have_a_half_of_the_cores_each(monkeypatch):
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda _: {4, 1, 2, 7})
    monkeypatch.setattr(devices.shutil, "which", lambda _: None)
    found = devices.configurations()
    assert found["--devices=2"] == [("", "--devices=2")]
    assert found["2 workers"] == [("1,2",), ("4,7",)]


def test_a_table_has_the_ratios_of_the_same_turn():
    speeds = {recipes.OURS: [10, 40, 30], recipes.OTHER: [10, 20, 10]}
    speeds[recipes.TORCH] = [20, 20, 2000]
    found = {"mode": "cgan", "precision": "float32", "images_per_second": speeds}
    head, _, *rows = recipes.table([found]).splitlines()
    assert head.count("times as fast") == 2
    begin = "| cgan | float32 |"
    assert rows == [
        f"{begin} this package | 30 (10, 40) | 2.00 (1.00, 3.00) | 0.50 (0.01, 2.00) |",
        f"{begin} the other version | 10 (10, 20) |  | 0.50 (0.01, 1.00) |",
        f"{begin} PyTorch | 20 (20, 2,000) | 2.00 (1.00, 200.00) |  |",
    ]
    del speeds[recipes.OTHER], speeds[recipes.TORCH]
    assert recipes.table([found]).splitlines()[2] == f"{begin} this package | 30 (10, 40) |"


# Of a version that calls a log entry's steps otherwise, and has no bfloat16.
OLDER = """
import json, pathlib, sys
given = dict(argument[2:].split("=") for argument in sys.argv[1:] if "=" in argument)
if not given:
    print("--sample_every_steps")
    sys.exit()
if given["precision"] == "bfloat16":
    sys.exit("none here")
assert given["steps"] == "20" and given["sample_every_steps"] == "5"
run = pathlib.Path(given["run_dir"])
run.mkdir()
entries = [json.dumps({"images_per_second": speed}) for speed in (900, 5, 7, 6)]
(run / "metrics.jsonl").write_text("\\n".join(entries))
"""


def test_another_version_runs_its_own_code_with_its_own_flags(tmp_path, monkeypatch):
    (tmp_path / "dcgan_tf").mkdir()
    (tmp_path / "dcgan_tf" / "__init__.py").touch()
    (tmp_path / "dcgan_tf" / "main.py").write_text(OLDER)
    monkeypatch.chdir(recipes.ROOT)  # whose package must not be the one that runs
    measure = recipes.version(tmp_path, "mnist", steps=5)
    assert measure("dcgan", "float32") == 6
    with pytest.raises(errors.RunError, match="ended with 1: none here"):
        measure("dcgan", "bfloat16")
    (tmp_path / "dcgan_tf" / "main.py").write_text("")
    with pytest.raises(errors.UsageError, match="has no --log_every_steps"):
        recipes.version(tmp_path, "mnist", steps=5)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--modes=dcgan,wgan", "--modes=wgan: must be of dcgan, cgan, acgan"),
        ("--precision=float16", "must be float32 or bfloat16"),
        ("--against=.", "has no dcgan_tf/main.py"),
        ("--output=nowhere/x.json", "must be a file in a folder"),
    ],
)
def test_recipes_refuses_what_it_cannot_run(argument, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    values = recipes.define_flags()
    assert flags.run(recipes.main, values, "", [argument]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("mode", recipes.MODES)
def test_the_networks_in_pytorch_are_as_large(mode):
    torch = pytest.importorskip("torch")
    from benchmarks import torch_compact

    config = torch_compact.recipe(mode)
    program, gan = torch_compact.Program(config, "float32"), build(config)
    for network, same in (
        (program.generator, gan.generator),
        (program.discriminator, gan.discriminator),
    ):
        count = sum(one.numel() for one in network.parameters())
        assert count == sum(math.prod(w.shape) for w in same.trainable_weights)
    loss = program.step(torch.zeros(4, 1, 28, 28), torch.arange(4))
    assert math.isfinite(loss)
