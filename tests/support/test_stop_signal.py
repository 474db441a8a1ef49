"""What a first, a second and a doubled signal do."""

import signal
import subprocess
import sys

import pytest

from dcgan_tf.support import stop_signal
from dcgan_tf.support.stop_signal import StopSignal

# In a call that runs no handler of Python's until its end, as TensorFlow's do.
BUSY = """
import hashlib
from dcgan_tf.support import stop_signal
stop_signal.REPEAT_SECONDS = {repeat}
with stop_signal.StopSignal("saving"):
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 50_000_000)
    print("returned", flush=True)
"""


def test_the_first_is_answered_and_the_second_ends_the_process_at_once():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    code = BUSY.format(repeat=0.0)
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "SIGINT: saving; again to stop at once\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate() == ("", "")
    assert process.returncode == 128 + signal.SIGTERM


def test_one_that_comes_twice_at_once_is_one():
    """As `timeout` and a terminal that closes send it."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    code = BUSY.format(repeat=60.0)
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        assert process.stderr.readline() == "SIGTERM: saving; again to stop at once\n"
        assert process.communicate() == ("returned\n", "")
    assert process.returncode == 0


def test_within_a_library_the_second_raises_also_after_another_library_call(monkeypatch):
    monkeypatch.setattr(stop_signal, "REPEAT_SECONDS", 0.0)
    with stop_signal.of_library(), StopSignal("saving"):
        with stop_signal.of_library():
            pass
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_is_noted_and_afterwards_all_is_as_it_was(capfd):
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    with StopSignal("saving") as stop:
        assert stop.signal is None
        signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM
    assert capfd.readouterr().err == "SIGTERM: saving; again to stop at once\n"
    assert [signal.getsignal(number) for number in signal.valid_signals()] == handlers
    assert signal.set_wakeup_fd(-1) == -1
