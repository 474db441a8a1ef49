import json

import numpy as np
import tensorflow as tf

from dcgan_tf import history, pictures, settings


def test_rows_beyond_a_step_and_torn_ones_are_cut(tmp_path, capsys):
    path = tmp_path / "metrics.jsonl"
    for step in range(1, 6):
        history.append(path, {"step": step, "generator/loss": 1 / 3})
    with path.open("a") as file:
        file.write('{"step": 3, "gener\ufffd')
    history.cut(path, 3)
    assert capsys.readouterr().err == f"warning: {path}: damaged lines removed: 1\n"
    history.cut(path, 3)
    assert capsys.readouterr().err == ""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [{"step": step, "generator/loss": 1 / 3} for step in (1, 2, 3)]
    history.append(path, {"step": 4})
    assert json.loads(path.read_text().splitlines()[-1]) == {"step": 4}


def test_what_is_no_row_is_passed_over(tmp_path):
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
    assert [row["step"] for row in history.rows(path)] == [2]
    history.cut(path, 5)
    assert path.read_text() == '{"step": 2}\n'


def test_events_hold_the_scalars_and_the_grid(tmp_path):
    """Read back record by record, as the viewer does."""
    pixels = np.arange(200, dtype=np.uint8).reshape(10, 20)
    row = {"epoch": 7.0, "step": 9, "generator/loss": 0.25}
    pictures.write_png(tmp_path / "frame.png", pixels)
    history.Events(tmp_path / "events").add(row, 7, tmp_path / "frame.png")
    (file,) = (tmp_path / "events").iterdir()
    values = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert event.step == 7
            values[value.tag] = value
    assert values.keys() == {"generator/loss", "samples"}
    assert values["generator/loss"].metadata.plugin_data.plugin_name == "scalars"
    assert tf.make_ndarray(values["generator/loss"].tensor) == 0.25
    assert values["samples"].metadata.plugin_data.plugin_name == "images"
    width, height, png = tf.make_ndarray(values["samples"].tensor)
    assert (width, height) == (b"20", b"10")
    assert np.array_equal(tf.io.decode_png(png)[..., 0], pixels)


def test_the_table_shows_what_the_second_class_head_adds_and_takes():
    said = {"mode": "acgan", "auxiliary_generator_weight": 0.5}
    run = settings.new(said, dataset="mnist", classes=10)
    terms = {"loss": -1.0, "adversarial": 1.0, "auxiliary": 2.0, "twin": 6.0}
    row = {f"generator/{name}": value for name, value in terms.items()}
    row["discriminator/loss"] = 16.0  # (1 + 2) + (4 + 9)
    for part, kinds in (("real", (1.0, 2.0, 3.0)), ("fake", (4.0, 7.0, 9.0))):
        for kind, value in zip(("adversarial", "auxiliary", "twin"), kinds, strict=True):
            row[f"discriminator/{kind}_{part}"] = value
    row |= {f"test/{name}": value for name, value in row.items()}
    lines = [line.split() for line in history.table(row, run).splitlines()]
    assert lines[0] == ["total", "generation", "auxiliary", "twin"]
    assert lines[1] == ["generator,", "train", "-1.0000", "1.0000", "1.0000", "-3.0000"]
    assert lines[2] == ["generator,", "test", "-1.0000", "1.0000", "1.0000", "-3.0000"]
    assert lines[3] == ["discriminator,", "train", "16.0000", "5.0000", "2.0000", "9.0000"]
    # Held out, the classes of the fakes are not left out: 2 + 7.
    assert lines[4] == ["discriminator,", "test", "16.0000", "5.0000", "9.0000", "9.0000"]


def test_two_separate_steps_are_told_by_their_mean():
    said = {
        "mode": "acgan",
        "auxiliary_twin": False,
        "schedule": "alternating",
        "discriminator_update": "separate",
        "auxiliary_fake_weight": 1.0,
        "real_weight": 1.0,
        "fake_weight": 1.0,
    }
    run = settings.new(said, dataset="mnist", classes=10)
    row = {"generator/loss": 1.0, "generator/adversarial": 1.0, "generator/auxiliary": 0.0}
    row["discriminator/loss"] = 3.0  # ((1 + 1) + (2 + 2)) / 2
    for part, value in (("real", 1.0), ("fake", 2.0)):
        row[f"discriminator/adversarial_{part}"] = value
        row[f"discriminator/auxiliary_{part}"] = value
    row |= {f"test/{name}": value for name, value in row.items()}
    lines = [line.split() for line in history.table(row, run).splitlines()]
    assert lines[3] == ["discriminator,", "train", "3.0000", "1.5000", "1.5000"]
    assert lines[4] == ["discriminator,", "test", "3.0000", "1.5000", "1.5000"]


def test_the_table_shows_what_the_losses_are_the_sum_of():
    """The ACGAN of the Keras example: halves of real and fake, the real classes alone."""
    said = {
        "mode": "acgan",
        "architecture": "convolutional",
        "auxiliary_generator_weight": 0.5,
    }
    run = settings.new(said, dataset="mnist", classes=10)
    parts = {
        "adversarial_real": 1.0,
        "adversarial_fake": 2.0,
        "auxiliary_real": 4.0,
        "auxiliary_fake": 8.0,
    }
    generator = {"adversarial": 0.25, "auxiliary": 0.5}
    row = {"step": 1}
    for split, total in (("", 5.5), ("test/", 7.5)):
        row[f"{split}generator/loss"] = 0.5
        row |= {f"{split}generator/{name}": term for name, term in generator.items()}
        row[f"{split}discriminator/loss"] = total
        row |= {f"{split}discriminator/{name}": term for name, term in parts.items()}
    lines = [line.split() for line in history.table(row, run).splitlines()]
    assert lines == [
        ["total", "generation", "auxiliary"],
        ["generator,", "train", "0.5000", "0.2500", "0.2500"],
        ["generator,", "test", "0.5000", "0.2500", "0.2500"],
        ["discriminator,", "train", "5.5000", "1.5000", "4.0000"],
        ["discriminator,", "test", "7.5000", "1.5000", "6.0000"],
    ]
