"""The command as a process, which is waited for with a limit and never slept for."""

import contextlib
import os
import pathlib
import selectors
import signal
import subprocess
import sys
import time

from dcgan_tf import main

LIMIT = 300.0  # seconds after which a process that should have ended has hung


def start(folder, *arguments, **options):
    """python -m dcgan_tf.main in `folder`."""
    package = str(pathlib.Path(main.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-m", "dcgan_tf.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": package},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # so that no line waits in a buffer while the pipe is watched
        **options,
    )


def finish(folder, *arguments, **options):
    """Runs the command to its end: (exit status, stdout, stderr)."""
    with start(folder, *arguments, **options) as process:
        out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out.decode(), err.decode()


def wait_for_line(process, words, limit=LIMIT):
    """Whether the process says `words` before it ends or closes its output."""
    until = time.monotonic() + limit
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(timeout=until - time.monotonic()):
            line = process.stdout.readline()
            if not line or words in line.decode():
                return bool(line)
    raise TimeoutError(f"{words!r} was not said within {limit} s")


def kill_after(process, seconds):
    """SIGKILL after so many seconds of training; False if the process ended before."""
    trains = wait_for_line(process, "first step done")
    with contextlib.suppress(subprocess.TimeoutExpired):
        if trains:
            process.wait(timeout=seconds)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    return killed
