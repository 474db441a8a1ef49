"""Checks that a run is what its config.json and images make, by training it again.

    dcgan-tf verify checkpoints/acgan
    dcgan-tf verify checkpoints/acgan --all

It trains 50 steps from the beginning and from checkpoints, at most five at random, and
compares weights, slots, log entries and frames with the run's, bit by bit; with --all from
the first step to the last.  On another machine it compares terms within a tolerance.  Exit
status 1: something differs, or nothing could be compared.  The run stays as it is.
"""

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import tf_setup


def define_flags() -> FlagValues:
    return flags.new(
        run=flags.many("folder of a run; --run= may be left out"),
        dataset="where the run's own images lie now.  Default: where they lay",
        **flags.DATA,
        all=flags.switch("train every step again"),
    )


def main(values: FlagValues) -> None:
    runs = [Run.existing(folder) for folder in values.run or [None]]
    tf_setup.start()
    from dcgan_tf.cli import verification

    agree = []
    for run in runs:
        with run.locked():
            agree.append(verification.verify(run, values))
    if not all(agree):
        raise SystemExit(1)


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
