"""What a first, a second and a doubled signal do."""

import os
import signal

import pytest

from dcgan_tf.support import stop_signal
from dcgan_tf.support.stop_signal import StopSignal


class Ended(BaseException):
    pass


@pytest.fixture
def ends(monkeypatch):
    """Puts an exception in place of the process's end."""

    def end(status):
        raise Ended(status)

    monkeypatch.setattr(os, "_exit", end)


def test_one_that_comes_twice_at_once_is_one(ends, monkeypatch, capfd):
    """As `timeout` and a terminal that closes send it: nothing would be saved."""
    monkeypatch.setattr(stop_signal, "REPEAT_SECONDS", 60.0)
    with StopSignal("saving"):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert capfd.readouterr().err == "SIGTERM: saving; again to stop at once\n"


def test_within_a_library_the_second_raises_also_after_another_library_call(monkeypatch):
    monkeypatch.setattr(stop_signal, "REPEAT_SECONDS", 0.0)
    with stop_signal.of_library(), StopSignal("saving"):
        with stop_signal.of_library():
            pass
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_is_noted_and_afterwards_all_is_as_it_was():
    """Under nohup, SIGHUP stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    with StopSignal("saving") as stop:
        assert stop.signal is None
        signal.raise_signal(signal.SIGHUP)
        assert stop.signal is None
        signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM
    assert [signal.getsignal(number) for number in signal.valid_signals()] == handlers
    signal.signal(signal.SIGHUP, before)
