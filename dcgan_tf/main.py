"""Trains a GAN, or goes on with a run where it stopped.

    dcgan-tf train --mode=acgan          (or python -m dcgan_tf.main --mode=acgan)

The run lies in checkpoints/<mode>, or where --run_dir says.  It goes on with the settings
that it began with; --epochs (or --steps, if that gives its length) makes it longer.
"""

import os
from collections.abc import Callable
from signal import Signals

from absl.flags import FlagValues

from dcgan_tf.cli import flags, plan
from dcgan_tf.datasets import source
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors, tf_setup


def define_flags() -> FlagValues:
    return flags.new(
        **flags.settings(),
        run_dir="folder of the run.  Default: checkpoints/<mode>",
        **flags.DATA,
        devices=flags.automatic(
            "devices of this machine to train on: so many GPUs, or where there is no GPU "
            "so many logical devices of the CPU; auto: all GPUs, or the CPU.  They must "
            "divide --batch_size, of which each takes its share.  Default: auto.  May "
            "change on a resume"
        ),
        jit_compile=flags.switch(
            "compile the step by XLA, for a GPU: on a CPU it is slower.  With one device.  "
            "May change on a resume"
        ),
        init_from="folder of another run, or of one that export wrote: begin a new one in "
        "--run_dir from its weights, with its settings but for those given here; not its "
        "length and intervals, nor of our networks EMA, R1, augmentation and how rates "
        "fall.  An export has no discriminator, which then begins with new weights",
        minutes=flags.integer(
            "train a new run for about so long on this machine: some seconds of its own "
            "steps give its --steps or --epochs.  In one process",
            *(1, 10_000),
        ),
        fresh=flags.switch("refuse to go on with a run that exists"),
        dry_run=flags.switch("check everything, print what would run, write no run"),
    )


def main(values: FlagValues) -> None:
    _, caught = train(values)
    if caught:
        raise SystemExit(128 + caught)


def train(
    values: FlagValues,
    call: list[str] | None = None,
    on_entry: Callable[[dict], bool] | None = None,
) -> tuple[Run, Signals | None]:
    """Trains the run that the flags ask for; returns it, and the signal that stopped it."""
    if values.dataset:  # before TensorFlow's import, which takes seconds
        source.settled(values.dataset, values.data_dir)
    for unit in ("steps", "epochs"):
        if values.minutes and values[unit].value:
            raise errors.UsageError(
                f"--minutes={values.minutes} and --{unit}={values[unit].value}: one of "
                "them gives a run's length; leave one out"
            )
    # Of several processes TensorFlow tells each time that one ends.
    several = os.environ.get("TF_CONFIG") or "SLURM_STEP_NUM_TASKS" in os.environ
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if several else "2")
    tf_setup.import_quietly(initialise=False)
    from dcgan_tf.training.devices import join  # which imports TensorFlow

    # Before the plan, which may read a data set by TensorFlow.
    workers = join(values.devices)
    tf_setup.start()
    with workers.ending(ends_process=call is None):
        planned = plan.make(
            flags.overrides(values),
            run_dir=values.run_dir,
            options=flags.data_options(values),
            fresh=values.fresh,
            init_from=values.init_from,
        )
        completed, requested = planned.completed, planned.requested
        if completed < requested:
            from dcgan_tf.cli import duration, launch

            if values.minutes:
                options = values.minutes, workers, values.jit_compile
                planned = duration.settle(planned, *options)
            switches = {"dry_run": values.dry_run, "jit_compile": values.jit_compile}
            return planned.run, launch.start(planned, workers, call, on_entry, **switches)
        state = "is complete: " if completed == requested else "has already "
        longer = (
            f"--{planned.unit}={2 * completed} goes on, by the schedules that the run has"
        )
        print(f"{planned.run.folder} {state}{planned.counted(completed)}; {longer}")
        return planned.run, None


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
