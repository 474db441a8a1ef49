"""The command as a process, which is waited for with a limit and never slept for.

Each is forked from a server that has imported TensorFlow and not begun to use it: the
import is the longest part of a small run, and a test here starts several.
"""

import multiprocessing
import os
import selectors
import sys
import time

LIMIT = 300.0  # seconds after which a process that should have ended has hung

# The server forks without threads, which a fork would lose: TensorFlow has none yet.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["tensorflow", "keras", "tensorflow_datasets", "sklearn.neighbors"]
)


def _start_tensorflow():
    """As it is imported already, its lines on devices are not the command's."""
    import tensorflow as tf

    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    tf.config.list_physical_devices()


def _command(folder, arguments, before, out, err):
    os.chdir(folder)
    _start_tensorflow()
    for pipe, descriptor in ((out, 1), (err, 2)):
        os.dup2(pipe.fileno(), descriptor)
        pipe.close()
    before()
    from dcgan_tf import main
    from dcgan_tf.cli import flags

    sys.exit(flags.run(main.main, main.define_flags(), main.__doc__, arguments))


def nothing():
    pass


class Started:
    """The command in a process of its own, in `folder`, after it has called `before`."""

    def __init__(self, folder, *arguments, before=nothing):
        self._out, out = _SERVER.Pipe(duplex=False)
        self._err, err = _SERVER.Pipe(duplex=False)
        self._errors = b""
        with out, err:
            self._process = _SERVER.Process(
                target=_command, args=(folder, arguments, before, out, err), daemon=True
            )
            self._process.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self.finish()

    def send_signal(self, number):
        os.kill(self._process.pid, number)

    def says(self, words):
        """Whether it says `words` before it ends."""
        return words in self._read(words)

    def ends_within(self, seconds):
        self._process.join(seconds)
        return self._process.exitcode is not None

    def finish(self):
        """Waits for its end: (exit status, what it has still said, its errors).

        The status is negative if a signal ended it.
        """
        said = self._read()
        self._process.join(LIMIT)
        return self._process.exitcode, said, self._errors.decode()

    def kill_after(self, seconds, words="first step done", times=1):
        """SIGKILL so many seconds after it has said `words` so often.

        False if it ended well before.
        """
        said = all(self.says(words) for _ in range(times))
        killed = said and not self.ends_within(seconds)
        self._process.kill()
        status, _, err = self.finish()
        assert killed or status == 0, err
        return killed

    def _read(self, words=None):
        """What it says, until a line has `words` or to the end; keeps its errors."""
        until = time.monotonic() + LIMIT
        said = b""
        with selectors.DefaultSelector() as selector:
            for pipe in (self._out, self._err):
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(until - time.monotonic())
                if not ready:
                    raise TimeoutError(f"no {words or 'end'} in {LIMIT} s of {said!r}")
                for key, _ in ready:
                    byte = os.read(key.fd, 1)
                    if not byte:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is self._err:
                        self._errors += byte
                    else:
                        said += byte
                        if words and byte == b"\n" and words in said.decode():
                            return said.decode()
        return said.decode()


def finish(folder, *arguments, before=nothing):
    """Runs the command to its end: (exit status, stdout, stderr)."""
    with Started(folder, *arguments, before=before) as process:
        return process.finish()
