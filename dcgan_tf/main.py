"""Trains a GAN, or goes on with a run where it stopped.

    python -m dcgan_tf.main --mode=acgan

The run lies in checkpoints/<mode>, or where --run_dir says.  It goes on with the settings
that it began with; --epochs (or --steps, if it counts in them) makes it longer.
"""

import sys

from absl import flags

from dcgan_tf import command, engine, plan


def define_flags() -> flags.FlagValues:
    values = flags.FlagValues()
    command.define_config_flags(values)
    command.define_string(
        values, "run_dir", "folder of the run.  Default: checkpoints/<mode>"
    )
    command.define_string(
        values,
        "data_dir",
        "folder of tensorflow-datasets.  Default: TFDS_DATA_DIR, else its own",
    )
    command.define_string(
        values,
        "start_from",
        "folder of another run: begin a new one in --run_dir from its weights, with the "
        "settings of its recipe but for those said here; not its length and intervals",
    )
    command.define_switch(values, "fresh", "refuse to go on with a run that exists")
    command.define_switch(
        values, "dry_run", "check everything, say what would run, write nothing"
    )
    return values


def main(values: flags.FlagValues) -> None:
    planned = plan.make(
        command.said(values),
        run_dir=values.run_dir,
        data_dir=values.data_dir,
        fresh=values.fresh,
        start_from=values.start_from,
    )
    if planned.complete:
        done, unit = planned.done, planned.unit
        state = "is complete: " if done == planned.asked else "has already "
        longer = f"to train longer, ask for more: --{unit}={2 * done}"
        print(f"{planned.run.folder} {state}{planned.counted(done)}; {longer}")
        return
    engine.start()
    from dcgan_tf import train  # which imports TensorFlow

    train.start(planned, dry_run=values.dry_run)


if __name__ == "__main__":
    sys.exit(command.run(main, define_flags(), __doc__))
