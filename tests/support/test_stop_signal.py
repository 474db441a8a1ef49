import signal
import subprocess
import sys

from dcgan_tf.support.stop_signal import StopSignal

# In a call that runs no handler of Python's until its end, as TensorFlow's do.
BUSY = """
import hashlib
from dcgan_tf.support.stop_signal import StopSignal
with StopSignal("saving"):
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 50_000_000)
    print("returned", flush=True)
"""


def test_the_first_is_answered_and_the_second_ends_the_process_at_once():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", BUSY], **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "SIGINT: saving; again to quit without\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate() == ("", "")
    assert process.returncode == 128 + signal.SIGTERM


def test_a_signal_is_noted_and_afterwards_all_is_as_it_was(capfd):
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    with StopSignal("saving") as stop:
        assert stop.signal is None
        signal.raise_signal(signal.SIGHUP)
        assert stop.signal == signal.SIGHUP
    assert capfd.readouterr().err == "SIGHUP: saving; again to quit without\n"
    assert [signal.getsignal(number) for number in signal.valid_signals()] == handlers
    assert signal.set_wakeup_fd(-1) == -1
