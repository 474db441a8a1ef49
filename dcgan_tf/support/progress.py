"""What a run shows while it trains: a bar on a terminal or in a notebook, else lines."""

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Iterable
from typing import Any

import tqdm

REPORT_AFTER = 2.0  # seconds of training after which the pace is known well enough
SHORT = 60.0  # seconds: of a run that ends sooner, nothing is said
LINE_SECONDS = 30.0  # between the lines of a bar in a log


def say(line: str) -> None:
    """Prints a line.  Where nobody reads on, as in a closed pipe, the run goes on."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = io.StringIO()  # or Python would complain of the pipe at its exit


def warn(line: str) -> None:
    with contextlib.suppress(OSError):  # of a closed pipe
        print(f"warning: {line}", file=sys.stderr)


def bar(items: Iterable | None, name: str, total: int | None = None, **options: Any) -> Any:
    """Returns tqdm's bar of the items; a log gets lines of it, unless it is to stay."""
    ipython = sys.modules.get("IPython")
    notebook = ipython is not None and hasattr(ipython.get_ipython(), "kernel")
    make: Any = tqdm.tqdm
    options = {"leave": False, "delay": 1, "dynamic_ncols": True} | options
    if notebook:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tqdm.TqdmWarning)  # of the lack of ipywidgets
            from tqdm import auto
        make = auto.tqdm
        options["mininterval"] = 1.0  # a saved notebook keeps every line
    if not (notebook or getattr(sys.stderr, "isatty", bool)()):
        options |= dict(disable=options["leave"] or not sys.stderr, delay=LINE_SECONDS)
        line = "{desc}: {percentage:.0f} %, {remaining} left\n"
        options |= dict(mininterval=LINE_SECONDS, bar_format=line)
    return make(items, name, total, **options)


def in_words(seconds: float) -> str:
    """Returns "1 minute", "24 minutes", or from two hours on "3 hours"."""
    minutes = round(seconds / 60)
    number, unit = (minutes, "minute") if minutes < 120 else (round(minutes / 60), "hour")
    return f"{number} {unit}{'s' * (number != 1)}"


class Progress(contextlib.AbstractContextManager):
    """Counts images over the whole run; one more line is printed for each log entry."""

    def __init__(self, *, total: int, completed: int):
        self._total, self._completed = total, completed
        self._counted_from: int | None = None
        self._reported, self._resumed = False, completed > 0
        self._started = time.monotonic()
        self._bar = bar(
            None,
            "training: the first step",
            total,
            **dict(initial=completed, leave=True, delay=0),
            bar_format="{desc} {bar} {percentage:3.0f} %{postfix}",
        )

    def advance(self, images: int, name: str = "", losses: str = "") -> None:
        """Some more images are done.  name, losses: what the bar shows beside the time."""
        self._completed += images
        seconds = time.monotonic() - self._started
        if self._counted_from is None:
            if self._bar.disable:
                say(f"training: first step done in {seconds:.1f} s")
            # The first call compiled the step; the pace counts from its end.
            self._counted_from = self._completed
            self._started = time.monotonic()
        elif not self._reported and seconds > REPORT_AFTER:
            self._reported = True
            self._report((self._completed - self._counted_from) / seconds)
        if not self._bar.disable:
            self._bar.set_description_str(name, refresh=False)
            self._bar.set_postfix_str(f"{losses}, {self._left()} left", refresh=False)
            self._bar.update(images)

    def _report(self, pace: float) -> None:
        """Prints how long a run takes from here, by its images per second."""
        seconds = (self._total - self._completed) / pace
        if seconds > SHORT:
            what = "what is left" if self._resumed else "this"
            takes = f"{what} takes about {in_words(seconds)} on this machine"
            self._bar.clear()
            say(f"training: {pace:,.0f} images/s; {takes}")

    def log(self, line: str, *more: str) -> None:
        """Prints the lines of a log entry; without a bar also the time left."""
        self._bar.clear()
        first = f"{line}, {self._left()} left" if self._bar.disable else line
        say("\n".join([first, *more]))

    def _left(self) -> str:
        if pace := self.pace():
            return tqdm.tqdm.format_interval((self._total - self._completed) / pace)
        return "?"

    def pace(self) -> float | None:
        """Returns the images per second since the first call's end; None before."""
        if self._completed == self._counted_from:
            return None
        return (self._completed - self._counted_from) / (time.monotonic() - self._started)

    def __exit__(self, *_):
        self._bar.close()
