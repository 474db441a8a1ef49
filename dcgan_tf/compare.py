"""Compares runs: the settings in which they differ, and their figures.

    dcgan-tf compare checkpoints/acgan checkpoints/cgan
    dcgan-tf compare checkpoints/acgan-* --csv=acgan.csv

Runs whose weights differ by nothing but the seed are one column, with the mean and the
sample standard deviation of their figures.  The figures are those of evaluation.json, which
dcgan-tf evaluate writes, or the last ones of a run trained with --evaluate_every, whichever
are of a later step.
"""

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.pages import record, table


def define_flags() -> FlagValues:
    return flags.new(
        run=flags.many("folder of a run; --run= may be left out"),
        csv="a .csv to write as well: a row for each run",
    )


def main(values: FlagValues) -> None:
    path = flags.output_path(values.csv, "csv", suffixes=[".csv"]) if values.csv else None
    records = record.read_all(values.run or [None])
    print(table.text(records))
    if path:
        table.write_csv(path, records)
        print(path)


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
