import json

from dcgan_tf.reporting import metrics_log


def test_entries_beyond_a_step_and_torn_ones_are_cut(tmp_path, capsys):
    path = tmp_path / "metrics.jsonl"
    for step in range(1, 6):
        metrics_log.append(path, {"step": step, "generator/loss": 1 / 3})
    with path.open("a") as file:
        file.write('{"step": 3, "gener\ufffd')
    metrics_log.cut(path, 3)
    assert capsys.readouterr().err == f"warning: {path}: damaged lines removed: 1\n"
    metrics_log.cut(path, 3)
    assert capsys.readouterr().err == ""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert entries == [{"step": step, "generator/loss": 1 / 3} for step in (1, 2, 3)]
    metrics_log.append(path, {"step": 4})
    assert json.loads(path.read_text().splitlines()[-1]) == {"step": 4}


def test_what_is_no_entry_is_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [
        b"\xff\xfe",
        b"[" * 50_000,
        b"7",
        b'{"step": "1"}',
        b'{"step": 1e400}',
        b'{"step": true}',
        b'{"epoch": 1}',
        b"x" * 250_000,
        b'{"step": 2}',
        b'{"step": 3, "note": "text"}',
        b'{"step": 3, "large": 1' + b"0" * 400 + b"}",
        b'{"step": 3, "\\ud800": 1}',
        b'{"step": 1000000000000000000000}',
    ]
    path.write_bytes(b"\n".join(lines))
    assert [entry["step"] for entry in metrics_log.entries(path)] == [2]
    metrics_log.cut(path, 5)
    assert path.read_text() == '{"step": 2}\n'


def test_a_file_that_is_not_there_has_no_entries(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert list(metrics_log.entries(path)) == []
    metrics_log.cut(path, 5)
    assert path.read_text() == ""


def test_of_doubled_entries_the_last_stays_and_it_is_told(tmp_path, capsys):
    path = tmp_path / "metrics.jsonl"
    for step, loss in ((1, 0.5), (2, 0.4), (1, 0.6), (2, 0.3), (3, 0.2)):
        metrics_log.append(path, {"step": step, "generator/loss": loss})
    metrics_log.cut(path, 2)
    assert "another removed: 2" in capsys.readouterr().err
    assert [(e["step"], e["generator/loss"]) for e in metrics_log.entries(path)] == [
        (1, 0.6),
        (2, 0.3),
    ]
