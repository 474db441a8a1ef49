"""Makes one HTML page of a run, or of several side by side.

    dcgan-tf report --run=checkpoints/acgan
    dcgan-tf report --run=checkpoints/acgan --run=checkpoints/cgan --output=both.html

The page has everything in it: settings, curves, frames, figures of `evaluate`.  It opens
by a double click, without a network.  A run may be finished, stopped or still training.
"""

import pathlib
import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors

MOST_RUNS = 8


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_arguments(
        values,
        "run",
        f"folder of the run; given again, at most {MOST_RUNS} times: the runs side by "
        "side.  Required",
    )
    flags.define_string(
        values, "output", "the page to write, a .html file.  Default: report.html"
    )
    return values


def main(values: FlagValues) -> None:
    found: dict[pathlib.Path, Run] = {}
    for folder in values.run or [None]:
        run = Run.existing(folder)
        found.setdefault(run.folder.resolve(), run)
    runs = list(found.values())
    if len(runs) > MOST_RUNS:
        raise errors.UsageError(f"--run: {len(runs)} runs; at most {MOST_RUNS} fit a page")
    output = output_path(values.output or "report.html", suffixes=[".html"])

    from dcgan_tf.pages import record, report  # which import Jinja2

    names = record.names([run.folder for run in runs])
    records = [record.read(run, name) for run, name in zip(runs, names, strict=True)]
    content = report.page(records).encode()
    atomic_files.write_bytes(output, content)
    print(f"{output}: {len(content) / 1e6:.1f} MB")
    for one in records:
        for line in one.missing:
            print(f"{one.name}: {line}")


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
