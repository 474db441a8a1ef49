"""A run's folder as a page reads it: earlier, foreign, damaged and missing files."""

import json
import pathlib
import shutil

import hand_made
import pytest
from hand_made import text_of

from dcgan_tf.pages import live, record, report
from dcgan_tf.reporting import metrics_log
from dcgan_tf.runs import manifest
from dcgan_tf.runs.folder import PRETRAINED, Run

EXPERIMENTS = pathlib.Path(__file__).parents[2] / "experiments"


@pytest.fixture
def run(tmp_path, small):
    return hand_made.make(tmp_path / "run", small("acgan", epochs=2))


def read(run):
    return record.read(run, run.folder.name)


def break_metrics(run):
    run.metrics.unlink()


def tear_metrics(run):
    run.metrics.write_text(run.metrics.read_text()[:-20])


def log_undefined_values(run):
    broken = dict.fromkeys(("epoch", "seconds"), float("nan"))
    metrics_log.append(run.metrics, hand_made.entry(3) | broken)


def lose_an_entry(run):
    entries = [hand_made.entry(epoch) for epoch in (1, 2, 5, 6)]
    run.metrics.unlink()
    for entry in entries:
        metrics_log.append(run.metrics, entry)


def tear_frames(run):
    for epoch in (0, 2):
        (run.samples / f"epoch_{epoch:04}.png").write_bytes(b"\x89PNG")


def lose_frames(run):
    shutil.rmtree(run.samples)


def lose_evaluation(run):
    (run.folder / "evaluation.json").unlink()


def damage_evaluation(run):
    (run.folder / "evaluation.json").write_text('{"figures": {"generated": {"kid": {}}}}')


def measure_samples(run):
    path = run.folder / "evaluation.json"
    of = {"of": {"samples": "others.npz"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | of))


def damage_export(run):
    run.exported.write_bytes(b"PK")


def damage_pairs(run):
    (run.folder / "evaluation.png").write_bytes(b"\x89PNG")


def lose_config(run):
    """Of which a checkpoint has a copy."""
    folder = run.checkpoints / "step_00000006"
    folder.mkdir(parents=True)
    for name in manifest.CheckpointInfo.FILES:
        (folder / name).touch()
    run_id = run.run_id
    run.config_file.rename(folder / manifest.CONFIG)
    manifest.write_manifest(folder, 6, 2, run_id, None)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (break_metrics, "metrics.jsonl is missing"),
        (tear_metrics, "metrics.jsonl has 1 damaged line, left out"),
        (log_undefined_values, "metrics.jsonl has 2 undefined values (NaN)"),
        (lose_an_entry, "metrics.jsonl has no entry between steps 6 and 15"),
        (tear_frames, "samples/ has 2 damaged frames"),
        (lose_frames, "samples/ holds no frame"),
        (lose_evaluation, "evaluation.json is missing"),
        (damage_evaluation, "evaluation.json is damaged"),
        (measure_samples, "evaluation.json is of the images in others.npz"),
        (damage_export, "{}/generator.npz: is no exported generator"),
        (damage_pairs, "evaluation.png is missing or damaged"),
        (lose_config, "config.json is missing or damaged"),
    ],
)
def test_what_is_missing_is_one_line(run, capsys, damage, told):
    damage(run)
    found = read(run)
    assert len(found.missing) == 1
    assert found.missing[0].startswith(told.format(run.folder))
    assert found.missing[0] in text_of(report.page([found])).replace("&#39;", "'")


def test_an_exported_generator_has_a_page():
    found = record.read(Run(PRETRAINED), "acgan")
    page = text_of(report.page([found]))
    assert "an exported generator, of step 9,370" in page
    assert "99.75%" in page
    assert [line.split()[0] for line in found.missing] == ["metrics.jsonl", "samples/"]


def test_a_fresh_export_has_the_step_of_its_generator(tmp_path):
    for name in ("config.json", "generator.npz"):
        shutil.copy(PRETRAINED / name, tmp_path)
    found = read(Run(tmp_path))
    assert found.state == "an exported generator, of step 9,370"
    assert len(found.missing) == 3


def test_an_evaluation_of_an_earlier_version_is_shown(run):
    """Which has no names, no notes and no classes of the nearest images."""
    content = json.loads((EXPERIMENTS / "cgan_maxout" / "evaluation.json").read_text())
    del content["class_names"], content["notes"]
    del content["nearest_training_images"]["classes"]
    (run.folder / "evaluation.json").write_text(json.dumps(content))
    found = read(run)
    assert found.missing == []
    assert report._confusion(found)["names"] == list("0123456789")
    assert "97.03%" in text_of(report.page([found]))


def test_how_a_run_stands(run, small):
    assert read(run).state == "complete: 2 epochs"
    content = run.read()
    longer = content.config.model_copy(update={"epochs": 8})
    hand_made.rewrite(run, longer)
    assert read(run).state == "stopped after 2 of 8 epochs"
    (run.folder / live.SCRIPT).write_text('show({"message": "generator/loss is nan"});\n')
    assert read(run).state == "stopped after 2 of 8 epochs: generator/loss is nan"
    with run.locked():
        assert read(run).state == "still training: 2 of 8 epochs so far"


def test_warnings_are_those_of_the_log_and_of_other_conditions(run):
    for epoch in (3, 5):
        entry = hand_made.entry(epoch, **{"warning/discriminator": 1})
        metrics_log.append(run.metrics, entry)
    run.write_config(run.read().started({"threads": 1}))
    signs, changes = read(run).warnings()
    assert signs.startswith("Seen 2 x, epochs 3 to 5: the discriminator knows nearly every")
    assert changes == "Resumed under other conditions: threads 1 (2 at first)"


def test_runs_of_one_name_are_told_by_their_paths(tmp_path):
    one, other = tmp_path / "a" / "run", tmp_path / "b" / "run"
    assert record.names([one, tmp_path / "x"]) == ["run", "x"]
    assert record.names([one, other]) == [str(one), str(other)]
