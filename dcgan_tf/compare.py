"""Compares runs: the settings in which they differ, and their figures.

    dcgan-tf compare checkpoints/acgan checkpoints/cgan
    dcgan-tf compare checkpoints/acgan-* --csv=acgan.csv

Runs that differ in nothing but the seed are one column, with the mean and the sample
standard deviation of their figures.  The figures are those of evaluation.json, which
dcgan-tf evaluate writes, or else the last ones of a run trained with --evaluate_every.
"""

import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.comparison import runs, table
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import errors


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_arguments(values, "run", "folder of a run; --run= may be left out")
    flags.define_string(
        values, "csv", "file to write as well: a row for each run, with plain numbers"
    )
    return values


def main(values: FlagValues) -> None:
    if not values.run:
        raise errors.UsageError(
            "--run: name the folders of runs, as in dcgan-tf compare checkpoints/acgan-*"
        )
    csv = output_path(values.csv, "csv", suffixes=[".csv"]) if values.csv else None
    folders = {run.folder.resolve(): run for run in map(Run.existing, values.run)}
    found = [runs.read(run) for run in folders.values()]
    print(table.text(found))
    if csv:
        table.write_csv(csv, found)
        print(csv)


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
