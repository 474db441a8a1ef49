"""What a run shows while it trains: a bar on a terminal or in a notebook, else lines."""

import io
import sys
import time
import warnings
from collections.abc import Iterable

import tqdm

REPORT_AFTER = 10.0  # seconds of training after which the pace is known well enough
BAR = "{desc} {bar} {percentage:3.0f} %{postfix}"


def say(line: str) -> None:
    """Prints a line.  Where nobody reads on, as in a closed pipe, the run goes on."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = io.StringIO()  # or Python would complain of the pipe at its exit


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _shows_bars() -> bool:
    return sys.stderr.isatty() or _in_notebook()


def _tqdm(*args, **more):
    """tqdm's bar, in a notebook the notebook's, or without ipywidgets one of letters."""
    if not _in_notebook():
        return tqdm.tqdm(*args, **more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tqdm.TqdmWarning)  # of the lack of ipywidgets
        from tqdm import auto
    return auto.tqdm(*args, mininterval=1.0, **more)  # a saved notebook keeps every line


def bar(items: Iterable, name: str, total: int | None = None) -> Iterable:
    """The items, with a bar of how many are done on a terminal, or in a notebook."""
    return _tqdm(
        items,
        name,
        total,
        leave=False,
        disable=not _shows_bars(),
        dynamic_ncols=True,
        delay=1,
    )


class Progress:
    """Counts images over the whole run; one more line is printed for each log entry."""

    def __init__(self, *, total: int, completed: int):
        self._total = total
        self._completed = completed
        self._counted_from: int | None = None
        self._reported = False
        self._started = time.monotonic()
        self._bar = None
        if _shows_bars():
            self._bar = _tqdm(
                desc="training: the first step",
                total=total,
                initial=completed,
                bar_format=BAR,
                dynamic_ncols=True,
            )

    def advance(self, images: int, name: str = "", losses: str = "") -> None:
        """Some more images are done.  name, losses: what the bar shows beside the time."""
        self._completed += images
        if self._counted_from is None:
            if not self._bar:
                say(f"training: first step done in {self._seconds():.1f} s")
            # The first call compiled the step; the pace counts from its end.
            self._counted_from = self._completed
            self._started = time.monotonic()
        elif not self._bar and not self._reported and self._seconds() > REPORT_AFTER:
            self._reported = True
            say(f"training: {self._pace():.0f} images/s, {self._left()} left")
        if self._bar:
            self._bar.set_description_str(name, refresh=False)
            self._bar.set_postfix_str(f"{losses}, {self._left()} left", refresh=False)
            self._bar.update(images)

    def log(self, line: str, *more: str) -> None:
        """Prints the lines of a log entry; without a bar also the time left."""
        if self._bar:
            self._bar.clear()
            say(line)
        else:
            say(f"{line}, {self._left()} left")
        for another in more:
            say(another)

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def _pace(self) -> float:
        return (self._completed - self._counted_from) / self._seconds()

    def _left(self) -> str:
        if self._completed == self._counted_from:
            return "?"
        seconds = (self._total - self._completed) / self._pace()
        return tqdm.tqdm.format_interval(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar:
            self._bar.close()
