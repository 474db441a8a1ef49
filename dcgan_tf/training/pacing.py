"""How many steps go into one tf.function call."""

import time
from collections.abc import Callable, Iterator

import tensorflow as tf

CALL_SECONDS = 1.0  # steps of about so long go into one call; then the progress moves


class Pacer:
    """Packs `fixed` steps into a call, or 0: as many as take about CALL_SECONDS.

    agreed: the seconds that a call took here -> those that count.  Workers must do as many
    steps in a call, or each would wait for the others.
    """

    def __init__(
        self,
        train_steps: Callable,
        stream: Iterator,
        fixed: int = 0,
        agreed: Callable[[float], float] = float,
    ):
        self._train_steps = train_steps
        self._stream = stream
        self._fixed = fixed
        self._agreed = agreed
        self._count = fixed or 1

    def calls(self, left: int) -> Iterator[int]:
        """Does `left` steps; yields the number in each call."""
        while left:
            count = min(self._count, left)
            started = time.monotonic()
            int(self._train_steps(self._stream, tf.constant(count)))  # waits for its end
            seconds = self._agreed(time.monotonic() - started)
            left -= count
            yield count
            if not self._fixed:
                # At most doubled: the first call, which compiles, tells nothing of it.
                fitting = max(1, int(CALL_SECONDS * count / seconds))
                self._count = min(2 * self._count, fitting)
