"""What a run shows at its milestones: rows, frames and TensorBoard's records."""

import pathlib
from collections.abc import Mapping

from dcgan_tf import classifier, collapse, files, history, pictures
from dcgan_tf.config import Config
from dcgan_tf.datasets import Split
from dcgan_tf.drawing import Preview
from dcgan_tf.evaluation import Evaluation
from dcgan_tf.gans import Gan
from dcgan_tf.held_out import HeldOut
from dcgan_tf.milestones import Milestones
from dcgan_tf.runs import Run
from dcgan_tf.trained import TrainedRun

SCORE = "quality/score"


class Report:
    """Keeps metrics.jsonl, samples/, training.gif and events/ of a run."""

    def __init__(
        self,
        run: Run,
        config: Config,
        gan: Gan,
        milestones: Milestones,
        split: Split,
        held_out: Split | None,
    ):
        self._run = run
        self._config = config
        self._milestones = milestones
        self._preview = Preview(gan, config, split)
        self._gan = gan
        self._held_out = self._evaluation = None
        if config.evaluate_losses:
            self._held_out = HeldOut(gan, config, held_out)
        if config.evaluate_every:
            judge = classifier.load(config.dataset, config.classes, split)
            self._evaluation = Evaluation(judge, held_out, config.classes)
        every = milestones.number(milestones.sample_every)
        self._thinning = {"every": every, "kept": config.frames_kept}
        self._best = 0.0
        self.improved = False  # whether the last milestone was the best one evaluated
        self._events = None
        self._warned: set[str] = set()

    def begin(self, step: int) -> None:
        """Brings the folder to where the run stands: nothing of later steps stays."""
        run = self._run
        for folder in (run.folder, run.samples, run.checkpoints):
            folder.mkdir(exist_ok=True)
            files.remove_leftovers(folder)
        run.remove_checkpoints(beyond=step)
        for folder in (run.folder, run.folder.parent):
            files.sync(folder)
        history.cut(run.metrics, step)
        pictures.remove_frames(run.samples, beyond=self._milestones.number(step))
        if step == 0:
            pictures.write_png(self._frame(0), self._preview.draw())
        # TensorBoard's records cannot be cut: they are written once more.
        files.remove_folder(run.events)
        self._events = history.Events(run.events)
        for row in history.rows(run.metrics):
            self._add_event(row)
            self._note(row)

    def add(
        self, step: int, means: Mapping[str, float], seconds: float, images: int
    ) -> list[str]:
        """Adds a row, a frame and a record; returns the lines to say.

        means: of the terms over the steps since the last row, which took `seconds` for
        `images` real images
        """
        row = {
            "epoch": self._milestones.epoch(step),
            "step": step,
            "seconds": round(seconds, 3),
            "images_per_second": round(images / seconds, 1),
            **means,
            **(self._held_out.terms() if self._held_out else {}),
            **self._evaluated(step),
        }
        self._note(row)
        drawn = self._preview.images()
        history.append(self._run.metrics, row)
        pictures.write_png(self._frame(step), self._preview.grid(drawn))
        pictures.thin_frames(self._run.samples, **self._thinning)
        self._add_event(row)
        lines = [history.line(row, self._milestones.name(step))]
        if SCORE in row:
            lines.append(history.quality(row))
        if self._held_out:
            lines.append(history.table(row, self._config))
        signs = collapse.signs(drawn, self._preview.columns, row, self._config)
        lines += [f"warning: {text}" for s, text in signs.items() if s not in self._warned]
        self._warned = set(signs)
        return lines

    def _evaluated(self, step: int) -> dict[str, float]:
        interval = self._config.evaluate_every * self._milestones.sample_every
        if not interval or (step % interval and step != self._milestones.end):
            return {}
        figures = self._evaluation.of_run(TrainedRun(self._config, self._gan, step))
        return {f"quality/{name}": figure for name, figure in figures.items()}

    def _note(self, row: Mapping[str, float]) -> None:
        score = row.get(SCORE)
        self.improved = isinstance(score, float) and score > self._best
        if self.improved:
            self._best = score

    def sync(self) -> None:
        """Hands the rows and the names of the frames to the disk itself."""
        for path in (self._run.metrics, self._run.samples, self._run.folder):
            files.sync(path)

    def finish(self) -> None:
        """Makes the GIF, and syncs."""
        pictures.write_gif(self._run.gif, self._run.samples)
        self.sync()

    def _frame(self, step: int) -> pathlib.Path:
        number = self._milestones.number(step)
        return pictures.frame_file(self._run.samples, self._milestones.unit, number)

    def _add_event(self, row: Mapping[str, float]) -> None:
        number = self._milestones.number(row["step"])
        frame = self._frame(row["step"])
        if number % pictures.spacing(number, **self._thinning):  # it will be thinned
            frame = frame.with_suffix("")
        self._events.add(row, number, frame)
