"""dcgan-tf compare: its table, its CSV, and which runs make one column."""

import csv
import json
import re

import pytest

from dcgan_tf import compare
from dcgan_tf.cli import flags
from dcgan_tf.comparison import runs, table
from dcgan_tf.reporting import metrics_log
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run

NONE = "\N{EN DASH}"
ACCURACIES = (0.91, 0.92, 0.96)  # mean 0.93, squared deviations 4 + 1 + 9 of 1e-4, / 2


@pytest.fixture
def do(tmp_path, monkeypatch, capsys):
    """Runs the command where the runs lie: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def go(*arguments):
        values = compare.define_flags()
        status = flags.run(compare.main, values, compare.__doc__, list(arguments))
        return status, *capsys.readouterr()

    return go


def report(count=1000, step=9, **figures):
    return {
        "of": {"run": "run", "step": step, "ema": True, "seed": 0},
        "protocol": {"dataset": "digits", "images": {"generated": count}},
        "figures": {"generated": figures},
    }


@pytest.fixture
def make(tmp_path, small):
    """Makes a run of a mode and seed, with an evaluation.json if there is a report."""

    def made(name, mode, held=None, **settings):
        run = Run(tmp_path / name)
        run.write_config(RunConfig(small(mode, **settings)))
        if held is not None:
            (run.folder / "evaluation.json").write_text(json.dumps(held))
        return run

    return made


@pytest.fixture
def sweep(make):
    """Three seeds of a cgan, and a dcgan, which has no class accuracy."""
    for seed, accuracy in enumerate(ACCURACIES):
        held = report(class_accuracy=accuracy, recall=0.5)
        make(f"cgan-{seed}", "cgan", held, seed=seed)
    make("dcgan", "dcgan", report(recall=0.25, kid=None))


def words(out):
    """The cells of each line of the table, by what stands before them."""
    lines = (re.split(" {2,}", line) for line in out.splitlines())
    return {name: cells for name, *cells in lines if cells}


def test_runs_that_differ_in_the_seed_alone_are_one_column(do, sweep):
    status, out, err = do("cgan-0", "dcgan", "cgan-1", "--run=cgan-2", "cgan-0/")
    assert (status, err) == (0, "")
    found = words(out)
    assert found[""] == ["(1) cgan-*", "(2) dcgan"]
    assert found["mode"] == ["cgan", "dcgan"]
    assert found["seed"] == ["2, 0, 1", "0"]  # in the order that they were named in
    assert found["measured at step"] == ["9", "9"]
    assert found["class accuracy (GAN-test) ↑"] == ["93.00% ±2.65%", NONE]  # sqrt(7e-4)
    assert found["recall ↑"] == ["0.500 ±0.000", "0.250"]
    assert "batch_size" not in found  # which they have in common
    assert "kernel distance (KID) ↓" not in found  # which none has
    assert "(1): cgan-2, cgan-0, cgan-1\n(2): dcgan\n" in out
    assert "sample standard deviation" in out
    assert "evaluate" not in out


def test_the_csv_has_a_row_for_each_run_and_plain_numbers(do, sweep, tmp_path):
    status, out, _ = do("cgan-0", "cgan-1", "dcgan", "--csv=all.csv")
    assert (status, out.splitlines()[-1]) == (0, "all.csv")
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["cgan-0", "cgan-1", "dcgan"]
    assert [row["group"] for row in rows] == ["1", "1", "2"]
    assert [row["seed"] for row in rows] == ["0", "1", "0"]
    assert [row["mode"] for row in rows] == ["cgan", "cgan", "dcgan"]
    assert [row["class_accuracy"] for row in rows] == ["0.91", "0.92", ""]
    assert {row["step"] for row in rows} == {"9"}


def test_what_is_not_evaluated_is_named_with_the_command_that_does_it(do, make, sweep):
    make("my cgan", "cgan", seed=3)
    status, out, _ = do("cgan-0", "my cgan", "dcgan")
    assert status == 0
    assert out.endswith("not evaluated yet:\n  dcgan-tf evaluate --run='my cgan'\n")
    # One figure has no deviation.
    assert words(out)["class accuracy (GAN-test) ↑"] == ["91.00%", NONE]
    assert words(out)["measured at step"] == [f"9, {NONE}", "9"]


def test_without_an_evaluation_the_last_figures_of_the_log_count(make):
    run = make("run", "cgan")
    for step, recall in ((3, 0.5), (6, 0.75)):
        entry = {"step": step, "seconds": 90.0, "quality/recall": recall}
        metrics_log.append(run.metrics, entry)
    metrics_log.append(run.metrics, {"step": 9, "seconds": 120.0})
    found = runs.read(run)
    assert found.step == 6
    assert found.figures == {"recall": 0.75, "training_minutes": 5.0}
    path = run.folder / "evaluation.json"
    path.write_text(json.dumps({**report(recall=0.1), "of": {"samples": "set.npz"}}))
    assert runs.read(run).step == 6  # of what is no image of the run
    path.write_text(json.dumps(report(recall=0.125)))
    assert runs.read(run).figures["recall"] == 0.125


def test_figures_of_other_numbers_of_images_are_no_equals(do, make):
    for count in (500, 1000):
        make(f"run-{count}", "cgan", report(count, recall=0.5), seed=count)
    assert "figures are comparable" in do("run-500", "run-1000")[1]
    assert "figures are comparable" not in do("run-500")[1]


def test_a_wide_table_goes_on_below_and_fits_80_columns(do, make):
    for number in range(9):
        name = f"a_run_of_a_very_long_name_{number}"
        make(name, "cgan", report(recall=0.5), batch_size=number + 1)
    status, out, _ = do(*(f"a_run_of_a_very_long_name_{n}" for n in range(9)))
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    cells = [
        w for line in out.splitlines() if line[:10] == "batch_size" for w in line.split()
    ]
    assert [cell for cell in cells if cell != "batch_size"] == list("123456789")


def test_a_terminal_without_arrows_gets_plain_letters(make):
    found = [
        runs.read(make(f"run-{seed}", "cgan", report(recall=0.5), seed=seed))
        for seed in (0, 1)
    ]
    text = table.text([*found, runs.read(make("other", "acgan"))], "ascii")
    assert text.isascii()
    assert "0.500 +-0.000" in text


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ([], 2, "--run: name the folders of runs"),
        (["run", "nowhere"], 2, "--run=nowhere: holds no run"),
        (["run", "--csv=nowhere/all.csv"], 2, "nowhere"),
        (["damaged"], 1, "evaluation.json: is damaged; dcgan-tf evaluate --run=damaged"),
    ],
)
def test_wrong_use_is_one_line(do, make, arguments, status, told):
    make("run", "cgan", report(recall=0.5))
    make("damaged", "cgan", {"of": {}})
    found, _, err = do(*arguments)
    assert (found, err.count("\n")) == (status, 1)
    assert told in err
