"""metrics.jsonl after kills."""

from dcgan_tf.reporting import metrics_log


def test_entries_beyond_a_step_and_torn_ones_are_cut(tmp_path, capsys):
    """A resume would write them once more, and append to half a line."""
    path = tmp_path / "metrics.jsonl"
    metrics_log.cut(path, 5)
    assert path.read_text() == ""
    for step in range(1, 6):
        metrics_log.append(path, {"step": step, "generator/loss": 1 / 3})
    first_three = path.read_text().splitlines(keepends=True)[:3]
    with path.open("a") as file:
        file.write('{"step": 3, "gener\ufffd')
    metrics_log.cut(path, 3)
    assert capsys.readouterr().err == f"warning: {path}: damaged lines removed: 1\n"
    assert path.read_text() == "".join(first_three)
    metrics_log.cut(path, 3)
    assert capsys.readouterr().err == ""
    metrics_log.append(path, {"step": 4})
    assert [entry["step"] for entry in metrics_log.entries(path)] == [1, 2, 3, 4]


def test_what_is_no_entry_is_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [
        *(b"\xff\xfe", b"\0" * 9, b"", b"7", b'{"epoch": 1}', b'{"step": "1"}'),
        *(b'{"step": 2}', b'{"step": 3, "note": "text"}', b'{"step": 3,'),
    ]
    path.write_bytes(b"\n".join(lines))
    assert metrics_log.entries(path) == [{"step": 2}]
