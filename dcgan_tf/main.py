"""Trains a GAN, or goes on with a run where it stopped.

    dcgan-tf train --mode=acgan          (or python -m dcgan_tf.main --mode=acgan)

The run lies in checkpoints/<mode>, or where --run_dir says.  It goes on with the settings
that it began with; --epochs (or --steps, if that gives its length) makes it longer.
"""

import functools
import os
import sys
from signal import Signals

from absl.flags import FlagValues

from dcgan_tf.cli import flags, plan
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import cluster, tf_setup


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_settings(values)
    flags.define_string(
        values, "run_dir", "folder of the run.  Default: checkpoints/<mode>"
    )
    flags.define_data(values)
    flags.define_devices(values)
    flags.define_string(
        values,
        "init_from",
        "folder of another run, or of one that export wrote: begin a new one in --run_dir "
        "from its weights, with its settings but for those given here; not its length and "
        "intervals.  An export has no discriminator, which then begins with new weights",
    )
    flags.define_switch(values, "fresh", "refuse to go on with a run that exists")
    flags.define_switch(
        values, "dry_run", "check everything, print what would run, write no run"
    )
    return values


def main(values: FlagValues) -> None:
    _, caught = train(values)
    if caught:
        raise SystemExit(128 + caught)


def train(values: FlagValues, caller=None) -> tuple[Run, Signals | None]:
    """The run that the flags ask for, trained, and the signal that stopped it, if any.

    caller: a `cli.launch.Caller`; None: the command line
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if cluster.is_likely() else "2")
    joined = cluster.of_environment()

    @functools.cache
    def workers():
        from dcgan_tf.training import workers  # which imports TensorFlow

        return workers.join(joined, values.devices)

    tf_setup.before_use = workers  # the plan may read a data set by TensorFlow
    planned = plan.make(
        flags.overrides(values),
        run_dir=values.run_dir,
        options=flags.data_options(values),
        fresh=values.fresh,
        init_from=values.init_from,
        lock=joined is None or joined.is_chief,
    )
    if planned.is_complete:
        completed, unit = planned.completed, planned.unit
        state = "is complete: " if completed == planned.requested else "has already "
        longer = f"to train longer, ask for more: --{unit}={2 * completed}"
        print(f"{planned.run.folder} {state}{planned.counted(completed)}; {longer}")
        return planned.run, None
    tf_setup.start()
    from dcgan_tf.cli import launch  # which imports TensorFlow

    switches = {"dry_run": values.dry_run, "jit_compile": values.jit_compile}
    return planned.run, launch.start(planned, workers(), **switches, caller=caller)


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
