"""Where, in steps, a run draws and measures, where it saves, and where it ends."""

import dataclasses

from dcgan_tf.config import Config


@dataclasses.dataclass(frozen=True)
class Milestones:
    """A run's intervals in steps, and what its frames and rows are numbered by.

    unit: "epoch" or "step", `per_unit` steps each
    """

    unit: str
    per_unit: int
    per_epoch: int
    sample_every: int
    checkpoint_every: int
    end: int

    @classmethod
    def of(cls, config: Config, per_epoch: int) -> "Milestones":
        if config.steps is not None:
            every = (config.sample_every_steps, config.checkpoint_every_steps)
            return cls("step", 1, per_epoch, *every, config.steps)
        saves = config.checkpoint_every * per_epoch
        end = config.epochs * per_epoch
        return cls("epoch", per_epoch, per_epoch, per_epoch, saves, end)

    def after(self, step: int) -> int:
        """The next step at which there is something to do."""
        intervals = (self.sample_every, self.checkpoint_every)
        return min(self.end, *(step - step % every + every for every in intervals))

    def samples_at(self, step: int) -> bool:
        return step % self.sample_every == 0 or step == self.end

    def saves_at(self, step: int) -> bool:
        return step % self.checkpoint_every == 0 or step == self.end

    def epoch(self, step: int) -> int | float:
        """The epochs done: whole, or to four digits."""
        epochs = step / self.per_epoch
        return int(epochs) if epochs.is_integer() else round(epochs, 4)

    def number(self, step: int) -> int:
        """What the frame of this step is numbered by."""
        return step // self.per_unit

    def name(self, step: int) -> str:
        """ "epoch 3/50" or "step 200/14000"."""
        return f"{self.unit} {self.number(step)}/{self.number(self.end)}"
