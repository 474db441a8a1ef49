"""Ctrl-C and its like, taken as a wish to save and stop."""

import os
import signal
import threading

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignal:
    """While entered, notes the first signal in `signal`; a second one ends at once.

    Python hears signals in its main thread alone: in another one, as of a notebook or a
    server that trains, they stay what they are there.
    """

    def __init__(self):
        self.signal: signal.Signals | None = None

    def __enter__(self):
        # Under nohup SIGHUP is ignored, and stays so.
        nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        heard = [n for n in CAUGHT if not (nohup and n == signal.SIGHUP)]
        if threading.current_thread() is not threading.main_thread():
            heard = []
        self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, _):
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = signal.Signals(number)
