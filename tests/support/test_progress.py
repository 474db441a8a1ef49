"""The bar and the lines of a training, in a terminal and in a pipe."""

import contextlib
import fcntl
import os
import struct
import sys
import termios
import types

import pytest

from dcgan_tf.support import progress
from dcgan_tf.support.progress import Progress


def on_a_terminal(monkeypatch, do):
    """What `do` writes to a terminal of 80 columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        patch.setattr(sys, "stderr", terminal)
        do()
    written = b""
    with contextlib.suppress(OSError):  # at its end; a read alone returns a part
        while block := os.read(ours, 100_000):
            written += block
    os.close(ours)
    return written.decode()


@pytest.fixture
def clock(monkeypatch):
    """Sets what the clock shows, each time that it is looked at."""

    def show(*seconds):
        stand_in = types.SimpleNamespace(monotonic=iter(seconds).__next__)
        monkeypatch.setattr(progress, "time", stand_in)

    return show


def test_the_bar_has_the_epoch_both_losses_and_the_time_left(monkeypatch, clock):
    """In 80 columns; the seconds of the first step, which compiles, do not count."""
    clock(0.0, 100.0, 100.0, 103.0, 103.0)

    def train():
        with Progress(total=1000, completed=100) as shown:
            shown.advance(100, "epoch 1/2", "G 0.700, D 1.300")
            shown.advance(400, "step 14000/14000", "G -12.700, D 123.300")
            shown.log("epoch 1/2: done")

    written = on_a_terminal(monkeypatch, train).replace("\n", "\r").split("\r")
    first, *_, last = (line for line in written if line.strip())
    assert "epoch 1/2: done" in written
    assert first.startswith("training: the first step")
    assert last.startswith("step 14000/14000 ")
    assert last.endswith(" 60 %, G -12.700, D 123.300, 00:03 left")
    assert 70 < len(last) <= 80


@pytest.mark.parametrize("stderr", [None, types.SimpleNamespace(write=len, flush=bool)])
def test_a_stderr_needs_no_isatty(monkeypatch, stderr):
    """As a service has none, and a window's can be written to and no more."""
    monkeypatch.setattr(sys, "stderr", stderr)
    assert [*progress.bar(range(3), "reading")] == [0, 1, 2]


def test_in_a_pipe_there_are_lines_alone(capsys, clock):
    clock(0.0, 100.0, 100.0, 101.0, 103.0)
    with Progress(total=1000, completed=100) as shown:
        shown.advance(100, "epoch 1/2", "G 0.700, D 1.300")
        shown.advance(400, "epoch 1/2", "G 0.700, D 1.300")
        shown.log("epoch 1/2: done", "  more")
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "training: first step done in 100.0 s",
        "epoch 1/2: done, 00:03 left",
        "  more",
    ]


@pytest.mark.parametrize(
    ("completed", "told"),
    [
        (0, ["this takes about 24 minutes"]),
        (36_000, ["what is left takes about 12 minutes"]),
        (69_500, []),  # 10 seconds
    ],
)
def test_the_first_steps_tell_once_how_long_the_run_takes(capsys, clock, completed, told):
    """Catches the seconds of the first step, which compiles, and those before a resume."""
    clock(0.0, 100.0, 100.0, 101.0, 104.0, 110.0)
    with Progress(total=72_000, completed=completed) as shown:
        for images in (100, 50, 150, 10):
            shown.advance(images)
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"training: 50 images/s; {line} on this machine" for line in told
    ]


def test_a_terminal_is_told_beside_the_bar(monkeypatch, clock):
    clock(0.0, 100.0, 100.0, 104.0, 104.0)

    def train():
        with Progress(total=360_000, completed=0) as shown:
            shown.advance(100)
            shown.advance(100)

    assert "this takes about 4 hours on this machine" in on_a_terminal(monkeypatch, train)


def test_a_long_bar_has_lines_in_a_log_and_a_short_one_none(capsys, monkeypatch):
    """Catches minutes of silence in a log."""
    assert [*progress.bar(range(3), "short")] == [0, 1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    assert [*progress.bar(range(4), "long")] == [0, 1, 2, 3]
    lines = capsys.readouterr().err.splitlines()
    assert "long: 50 %, 00:00 left" in {line.strip() for line in lines}
