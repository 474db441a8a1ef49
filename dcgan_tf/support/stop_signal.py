"""Ctrl-C and its like, taken as a wish to save and stop."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

REPEAT_SECONDS = 0.3  # `timeout` and a closing terminal send one signal twice, at once
_calls = 0  # from Python that are in progress, in whatever thread


class AtOnce(KeyboardInterrupt):
    """The second signal: nothing more is saved."""


class StopSignal:
    """While entered, notes the first signal in `signal`, and answers it on stderr.

    A second one, of another kind or REPEAT_SECONDS later, ends the process, or within
    `of_library` raises AtOnce.  Both wait until a call of TensorFlow returns.
    In a thread that is not the main one Python hears no signals.

    doing: what follows the first, as "saving"
    """

    def __init__(self, doing: str):
        self.signal: signal.Signals | None = None
        self._doing = doing
        self._noted: float | None = None
        self._before: list[dict] = []  # handlers, of each time that it was entered

    def __enter__(self):
        caught = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
            caught.append(signal.SIGHUP)
        if threading.current_thread() is not threading.main_thread():
            caught = []
        self._before.append({n: signal.signal(n, self._note) for n in caught})
        return self

    def __exit__(self, *_):
        for number, handler in self._before.pop().items():
            signal.signal(number, handler)

    def _note(self, number, _):
        if self._noted is None:
            self.signal, self._noted = signal.Signals(number), time.monotonic()
            line = f"{self.signal.name}: {self._doing}; again to stop at once\n"
            with contextlib.suppress(OSError):  # of a stderr that is closed
                os.write(2, (b"\n" if os.isatty(2) else b"") + line.encode())
        elif number != self.signal or time.monotonic() - self._noted >= REPEAT_SECONDS:
            if not _calls:
                os._exit(128 + number)
            raise AtOnce


@contextlib.contextmanager
def of_library() -> Iterator[None]:
    """Within, the process is another program's, as a notebook's: no signal ends it."""
    global _calls
    _calls += 1
    try:
        yield
    finally:
        _calls -= 1
