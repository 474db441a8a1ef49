"""Ctrl-C and its like, taken as a wish to save and stop."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A closing terminal, `timeout` and wrappers send one signal twice, at once.
REPEAT_SECONDS = 0.3


class StopSignal:
    """While entered, notes the first signal in `signal`, and answers it on stderr.

    A second one, of another kind or REPEAT_SECONDS later, ends the process, or within
    `of_library` raises KeyboardInterrupt once TensorFlow's call has returned.
    Python's handlers wait for the end of a TensorFlow call, which may be an XLA compilation
    or hang; so a thread answers.

    Python hears signals in its main thread alone: in another one, as of a notebook or a
    server that trains, they stay what they are there.

    doing: what follows the first, as "saving"
    """

    def __init__(self, doing: str):
        self.signal: signal.Signals | None = None
        self._doing = doing
        self._again = False

    def __enter__(self):
        # Under nohup SIGHUP is ignored, and stays so.
        nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        heard = [n for n in CAUGHT if not (nohup and n == signal.SIGHUP)]
        self._pipe = None
        if threading.current_thread() is not threading.main_thread():
            heard = []
        else:
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[1], False)
            self._fd_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            self._thread = threading.Thread(target=self._answer, daemon=True)
            self._thread.start()
        self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._pipe:
            signal.set_wakeup_fd(self._fd_before)
            os.close(self._pipe[1])
            self._thread.join()
            os.close(self._pipe[0])

    def _note(self, number, _):
        if self.signal is None:
            self.signal = signal.Signals(number)
            self._noted = time.monotonic()
        elif number != self.signal or time.monotonic() - self._noted >= REPEAT_SECONDS:
            self._again = True
        if self._again and not _ends_process:
            raise KeyboardInterrupt

    def _answer(self):
        """Reads the number of each signal, until the pipe's other end is closed."""
        first, answered = None, 0.0
        while byte := os.read(self._pipe[0], 1):
            number = byte[0]
            if number not in CAUGHT:
                continue
            if first is not None:
                if number == first and time.monotonic() - answered < REPEAT_SECONDS:
                    continue
                if _ends_process:
                    os._exit(128 + number)
                self._again = True
                continue
            first, answered = number, time.monotonic()
            line = f"{signal.Signals(number).name}: {self._doing}; again to stop at once\n"
            with contextlib.suppress(OSError):  # of a stderr that is closed
                os.write(2, (b"\n" if os.isatty(2) else b"") + line.encode())


_ends_process = True


@contextlib.contextmanager
def of_library() -> Iterator[None]:
    """Within, the process is another program's, as a notebook's: no signal ends it."""
    global _ends_process
    before, _ends_process = _ends_process, False
    try:
        yield
    finally:
        _ends_process = before
