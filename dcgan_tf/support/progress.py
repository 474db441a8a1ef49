"""What a run shows while it trains: a bar on a terminal, plain lines elsewhere."""

import io
import sys
import time
from collections.abc import Iterable

import tqdm

REPORT_AFTER = 10.0  # seconds of training after which the pace is known well enough


def say(line: str) -> None:
    """Prints a line.  Where nobody reads on, as in a closed pipe, the run goes on."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = io.StringIO()  # or Python would complain of the pipe at its exit


def bar(items: Iterable, name: str, total: int | None = None) -> Iterable:
    """The items, with a bar of how many are done on a terminal."""
    return tqdm.tqdm(
        items,
        name,
        total,
        leave=False,
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
        delay=1,
    )


class Progress:
    """Counts images over the whole run; one more line is printed for each log entry."""

    def __init__(self, *, total: int, completed: int):
        self._total = total
        self._completed = completed
        self._counted_from = None
        self._reported = False
        self._started = time.monotonic()
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(
                total=total,
                initial=completed,
                unit=" images",
                unit_scale=True,
                dynamic_ncols=True,
                smoothing=0.05,
            )

    def advance(self, images: int) -> None:
        self._completed += images
        if self._bar:
            self._bar.update(images)
        elif self._counted_from is None:
            say(f"training: first step done in {self._seconds():.1f} s")
            # The first call compiled the step; the pace counts from its end.
            self._counted_from = self._completed
            self._started = time.monotonic()
        elif not self._reported and self._seconds() > REPORT_AFTER:
            self._reported = True
            say(f"training: {self._pace():.0f} images/s, {self._left()} left")

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
