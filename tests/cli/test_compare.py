"""dcgan-tf compare: its table, its CSV, and which runs make one column."""

import csv
import dataclasses
import io
import json
import re

import pytest

from dcgan_tf.pages import record, table
from dcgan_tf.reporting import log
from dcgan_tf.runs.folder import Run, RunConfig

NONE = "\N{EN DASH}"
ACCURACIES = (0.91, 0.92, 0.96)  # mean 0.93, squared deviations 4 + 1 + 9 of 1e-4, / 2


@pytest.fixture
def do(command):
    """Runs the command where the runs lie: (exit status, stdout, stderr)."""
    return lambda *arguments: command("compare", *arguments)


def report(count=1000, step=9, **figures):
    images = {"generated": count}
    return {
        "of": {"run": "run", "step": step, "ema": True, "seed": 0},
        "protocol": {"dataset": "digits", "test_images": 297, "images": images},
        "figures": {"generated": figures},
        "nearest_training_images": {"distances": []},
    }


@pytest.fixture
def make(tmp_path, small):
    """Makes a run of a mode and seed, with an evaluation.json if there is a report."""

    def made(name, mode, evaluation=None, **settings):
        run = Run(tmp_path / name)
        run.write_config(RunConfig(small(mode, **settings)))
        if evaluation is not None:
            (run.folder / "evaluation.json").write_text(json.dumps(evaluation))
        return run

    return made


@pytest.fixture
def sweep(make):
    """Three seeds of a cgan, and a dcgan, which has no class accuracy."""
    for seed, accuracy in enumerate(ACCURACIES):
        evaluation = report(class_accuracy=accuracy, recall=0.5)
        make(f"cgan-{seed}", "cgan", evaluation, seed=seed)
    make("dcgan", "dcgan", report(recall=0.25, kid=None))


def words(out):
    """The cells of each line of the table, by what stands before them."""
    lines = (re.split(" {2,}", line) for line in out.splitlines())
    return {name: cells for name, *cells in lines if cells}


def test_runs_that_differ_in_the_seed_alone_are_one_column(
    do, sweep, tmp_path, monkeypatch
):
    status, out, err = do("cgan-0", "dcgan", "cgan-1", "--run=cgan-2", "cgan-0/")
    assert (status, err) == (0, "")
    cells = words(out)
    assert cells[""] == ["(1) cgan-*", "(2) dcgan"]
    assert cells["mode"] == ["cgan", "dcgan"]
    assert cells["seed"] == ["2, 0, 1", "0"]  # in the order that they were named in
    assert cells["measured at step"] == ["9", "9"]
    assert cells["class accuracy (GAN-test) ↑"] == ["93.00% ±2.65%", NONE]  # sqrt(7e-4)
    assert cells["recall ↑"] == ["0.500 ±0.000", "0.250"]
    assert "batch_size" not in cells  # which they have in common
    assert "kernel distance (KID) ↓" not in cells  # which none has
    assert "(1): cgan-2, cgan-0, cgan-1\n(2): dcgan\n" in out
    assert "sample standard deviation" in out
    assert "evaluate" not in out
    records = [record.read(Run(tmp_path / name)) for name in ("cgan-0", "cgan-1", "dcgan")]
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    text = table.text(records)  # for a terminal without arrows
    assert text.isascii()
    assert "0.500 +-0.000" in text


def test_the_csv_has_a_row_for_each_run_and_plain_numbers(do, sweep, tmp_path):
    status, out, _ = do("cgan-0", "cgan-1", "dcgan", "--csv=all.csv")
    assert (status, out.splitlines()[-1]) == (0, "all.csv")
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert columns["run"] == ["cgan-0", "cgan-1", "dcgan"]
    assert columns["group"] == ["1", "1", "2"]
    assert columns["seed"] == ["0", "1", "0"]
    assert columns["mode"] == ["cgan", "cgan", "dcgan"]
    assert columns["class_accuracy"] == ["0.91", "0.92", ""]
    assert columns["step"] == ["9", "9", "9"]


def test_what_is_not_evaluated_is_named_with_the_command_that_does_it(do, make, sweep):
    """So is a run whose evaluation.json is damaged."""
    make("my cgan", "cgan", {"of": {}}, seed=3)
    status, out, _ = do("cgan-0", "my cgan", "dcgan")
    assert status == 0
    assert out.endswith("not evaluated yet:\n  dcgan-tf evaluate --run='my cgan'\n")
    # One figure has no deviation.
    assert words(out)["class accuracy (GAN-test) ↑"] == ["91.00%", NONE]
    assert words(out)["measured at step"] == [f"9, {NONE}", "9"]


def test_a_wide_table_goes_on_below_and_fits_80_columns(do, make):
    names = [f"a_run_of_a_very_long_name_{number}" for number in range(9)]
    for number, name in enumerate(names, 1):
        make(name, "cgan", report(number, recall=0.5), batch_size=number)
    status, out, _ = do(*names)
    assert status == 0
    assert "figures are comparable" in out  # those of other numbers of images are not
    assert "figures are comparable" not in do(names[0])[1]
    assert max(map(len, out.splitlines())) <= 80
    rows = [line for line in out.splitlines() if line.startswith("batch_size")]
    assert "".join(rows).replace("batch_size", "").split() == list("123456789")


def test_repeats_share_weights_and_data_not_what_is_kept_of_them(do, make, tmp_path):
    """Catches a mean over a folder that grew, and seeds that --keep_frames parts."""
    kept = {"evaluate_every": 1, "keep_frames": 9, "preview_rows": 3, "keep_checkpoints": 7}
    for name, images, settings in (("a", 48, {}), ("b", 48, kept), ("grown", 60, {})):
        run = make(name, "cgan", report(step=9, recall=0.5), seed=len(name), **settings)
        data = {"images": images, "sha256": f"{images}abcdefg"}
        run.write_config(dataclasses.replace(run.read(), data=data))
    cells = words(do("a", "b", "grown")[1])
    assert cells["training_images"] == ["48 (48abcd)", "60 (60abcd)"]
    assert cells["keep_frames"] == ["500, 9", "500"]
    assert "figures are comparable" in do("a", "grown")[1]


def test_the_newer_figures_count_and_say_of_how_many_images(do, make):
    """Catches an old evaluation.json that hides what the log has measured since."""
    run = make("run", "cgan", report(28, step=9, recall=0.5), evaluate_every=1)
    newer = {"epoch": 4, "step": 12, "quality/recall": 0.75, "quality/images": 500}
    other = make("other", "cgan", report(28, step=9, recall=0.5), batch_size=8)
    out = do(run.folder, other.folder)[1]
    assert words(out)["images measured"] == ["28", "28"]
    assert "figures are comparable" not in out
    log.append(run.metrics, newer)
    out = do(run.folder, other.folder)[1]
    assert words(out)["measured at step"] == ["12", "9"]
    assert words(out)["images measured"] == ["500", "28"]
    assert words(out)["recall ↑"] == ["0.750", "0.500"]
    assert "figures are comparable" in out
    log.append(other.metrics, {**newer, "quality/images": 28})
    assert "figures are comparable" in do(run.folder, other.folder)[1]


def test_a_difference_that_is_larger_than_both_margins_is_marked(do, make):
    """0.03 and 0.04 make 0.05 together: 0.549 is no more than that from 0.5, 0.56 is."""
    for name, recall, margin in (("a", 0.5, 0.03), ("b", 0.549, 0.04), ("c", 0.56, 0.04)):
        evaluation = report(recall=recall, kid=0.5, margins={"recall": margin})
        make(name, "cgan", evaluation, batch_size=ord(name))
    status, out, _ = do("a", "b", "c")
    assert status == 0
    assert words(out)["recall ↑"] == ["0.500 ±0.030", "0.549 ±0.040", "0.560 ±0.040*"]
    assert words(out)["kernel distance (KID) ↓"] == ["0.50000"] * 3
    assert "*: differs from (1)" in out
    assert "*: differs from (1)" not in do("a", "b")[1]
