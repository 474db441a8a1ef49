"""A run's folder as its one reader reads it: earlier, damaged and missing files."""

import dataclasses
import json
import pathlib
import shutil

import hand_made
import pytest

from dcgan_tf.pages import record, report
from dcgan_tf.reporting import log
from dcgan_tf.runs.folder import PRETRAINED, Run

EXPERIMENTS = pathlib.Path(__file__).parents[2] / "experiments"


@pytest.fixture
def run(tmp_path, small):
    return hand_made.make(tmp_path / "run", small("acgan", epochs=2))


def missing(entry):
    """The lines that the report has of it."""
    (run,) = report.content([entry])["runs"]
    return run["missing"]


OTHERS = (
    '{"of": {"samples": "others.npz"}, "figures": {}, "nearest_training_images": {}, '
    '"protocol": {}}'
)
DAMAGES = [
    ("metrics.jsonl", None, "metrics.jsonl is missing"),
    (
        "metrics.jsonl",
        '{"step": 6}\n{"st\n',
        "metrics.jsonl has damaged lines, left out: 1",
    ),
    ("metrics.jsonl", '{"step": 6, "seconds": NaN}\n', "metrics.jsonl has values"),
    ("samples/epoch_0002.png", "PNG", "samples/ has damaged frames, left out: 1"),
    ("samples", None, "samples/ holds no frame"),
    ("evaluation.json", None, "evaluation.json is missing"),
    ("evaluation.json", '{"figures": {}}', "evaluation.json is damaged"),
    ("evaluation.json", OTHERS, "evaluation.json is of the images in others.npz"),
    ("evaluation.png", "PNG", "evaluation.png is missing or damaged"),
]


@pytest.mark.parametrize(("name", "content", "line"), DAMAGES)
def test_what_is_missing_is_one_line_and_the_rest_is_read(run, name, content, line):
    path = run.folder / name
    path.rename(run.folder / "away")
    if content:
        path.write_text(content)
    (shown,) = missing(record.read(run))
    assert shown.startswith(line)


def test_an_exported_generator_has_a_page(tmp_path):
    """A fresh export has neither log nor evaluation; the shipped one is evaluated."""
    shipped = record.read(Run(PRETRAINED))
    assert shipped.state == "an exported generator, of step 4,680"
    assert shipped.measured[1]["class_accuracy"] == 0.9937
    assert [line.split()[0] for line in missing(shipped)] == ["metrics.jsonl", "samples/"]
    for name in ("config.json", "generator.npz"):
        shutil.copy(PRETRAINED / name, tmp_path)
    assert len(missing(record.read(Run(tmp_path)))) == 3


def test_an_evaluation_of_an_earlier_version_is_read(run):
    """Which has no notes and no classes of the nearest images."""
    content = json.loads((EXPERIMENTS / "cgan_maxout" / "evaluation.json").read_text())
    del content["notes"]
    del content["nearest_training_images"]["classes"]
    (run.folder / "evaluation.json").write_text(json.dumps(content))
    shown = report.content([record.read(run)])
    assert shown["runs"][0]["missing"] == []
    assert shown["table"]["rows"][0]["cells"] == ["97.03%"]


def test_how_a_run_stands_and_what_a_reader_is_warned_of(run):
    assert record.read(run).state == "complete: 2 epochs"
    content = run.read()
    longer = content.config.model_copy(update={"epochs": 8})
    run.write_config(dataclasses.replace(content, config=longer).started({"threads": 1}))
    assert record.read(run).state == "stopped after 2 of 8 epochs"
    script = 'show({"live": {"message": "generator/loss is nan"}});\n'
    (run.folder / record.SCRIPT).write_text(script)
    assert record.read(run).state == "stopped after 2 of 8 epochs: generator/loss is nan"
    with run.locked():
        assert record.read(run).state == "still training: 2 of 8 epochs so far"
    for epoch in (3, 5):
        log.append(run.metrics, hand_made.entry(epoch, **{"warning/discriminator": 1}))
    signs, changes = record.read(run).warnings()
    assert signs.startswith("Seen 2 x, epochs 3 to 5: the discriminator knows nearly every")
    assert changes == "Resumed under other conditions: threads 1 (2 at first)"


def test_without_an_evaluation_the_last_figures_of_the_log_count(run):
    log.append(run.metrics, {"step": 9, "seconds": 120.0})
    assert record.read(run).measured[1]["recall"] == 0.5
    (run.folder / "evaluation.json").write_text(OTHERS)  # which are no images of the run
    step, figures, _ = record.read(run).measured
    assert (step, figures) == (
        6,
        {"frechet_classifier_distance": 100 / 2**4, "training_minutes": 3.0},
    )
