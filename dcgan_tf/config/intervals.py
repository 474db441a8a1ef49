"""Where, in steps, a run logs, evaluates and saves, and where it ends."""

import typing

from dcgan_tf.config.schema import Config

WITNESSED = 5, 50  # steps after the beginning and after each regular checkpoint


class Intervals(typing.NamedTuple):
    """A run's intervals in steps, and what its frames and log entries are numbered by.

    unit: "epoch" or "step", `per_unit` steps each
    evaluate_every: 0: never
    compiled: steps that are compiled as one, from each multiple of their number on
    """

    unit: str
    per_unit: int
    per_epoch: int
    log_every: int
    evaluate_every: int
    checkpoint_every: int
    end: int
    compiled: int = 1

    @classmethod
    def of(cls, config: Config, per_epoch: int) -> "Intervals":
        unit, per_unit, end = "step", 1, config.steps
        log_every, save_every = config.log_every_steps, config.checkpoint_every_steps
        if config.steps is None:
            unit, per_unit, end = "epoch", per_epoch, config.epochs * per_epoch
            log_every, save_every = per_epoch, config.checkpoint_every * per_epoch
        evaluate_every = config.evaluate_every * log_every
        return cls(unit, per_unit, per_epoch, log_every, evaluate_every, save_every, end)

    def after(self, step: int) -> int:
        """Returns the next step at which there is something to do."""
        since = step % self.checkpoint_every
        distances = [n - since for n in (self.checkpoint_every, *WITNESSED) if n > since]
        log = self.log_every - step % self.log_every
        return min(self.end, step + min(log, *distances))

    def steps_of_call(self, step: int, pace: int) -> int:
        """Returns how many steps a call of about `pace` steps takes.

        It ends at a multiple of `compiled`, or where there is something to do, so that
        bits depend neither on the speed nor on where a run was stopped.
        """
        multiple = -(-(step + pace) // self.compiled) * self.compiled
        return min(multiple, self.after(step)) - step

    def _due(self, every: int, step: int) -> bool:
        return step % every == 0 or step == self.end

    def logs_at(self, step: int) -> bool:
        return self._due(self.log_every, step)

    def evaluates_at(self, step: int) -> bool:
        return bool(self.evaluate_every) and self._due(self.evaluate_every, step)

    def saves_at(self, step: int) -> bool:
        return self._due(self.checkpoint_every, step)

    def witnesses_at(self, step: int) -> bool:
        after = step % self.checkpoint_every in WITNESSED
        return after or self.logs_at(step) or self.saves_at(step)

    def place(self, step: int) -> dict[str, int | float]:
        """Returns where a log entry stands: its epochs whole, or to four digits."""
        epochs = step / self.per_epoch
        epoch = int(epochs) if epochs.is_integer() else round(epochs, 4)
        return {"epoch": epoch, "step": step}

    def number(self, step: int) -> int:
        """Returns the number of this step's frame."""
        return step // self.per_unit

    def name(self, step: int) -> str:
        """Returns what is being trained or done: "epoch 3/50", or "step 200/14000"."""
        return f"{self.unit} {-(-step // self.per_unit)}/{self.number(self.end)}"
