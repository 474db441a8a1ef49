"""Brings a run's folder to a step: nothing of later steps stays."""

import sys

from dcgan_tf.config.intervals import Intervals
from dcgan_tf.reporting import images, metrics_log
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files


def rewind(run: Run, intervals: Intervals, step: int, last_entry: int) -> None:
    """Removes what a run that stands at `step` will make once more, and leftovers.

    last_entry: the step of its last log entry; 0: it has none yet
    """
    for folder in (run.folder, run.samples, run.checkpoints):
        folder.mkdir(exist_ok=True)
        atomic_files.remove_leftovers(folder)
    run.remove_checkpoints(beyond=step)
    for folder in (run.folder, run.folder.parent):
        atomic_files.sync(folder)
    metrics_log.cut(run.metrics, step)
    steps = (entry["step"] for entry in metrics_log.entries(run.metrics))
    if last_entry and last_entry not in steps:
        print(
            f"warning: {run.metrics} lacks the entry of step {last_entry:,}; curves will "
            "have a gap",
            file=sys.stderr,
        )
    images.remove_frames(run.samples, beyond=intervals.number(step))
    # TensorBoard's events cannot be cut: they are written once more.
    for path in run.event_files():
        path.unlink()
    atomic_files.remove_folder(run.folder / "events")  # where they lay at first
