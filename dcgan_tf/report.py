"""Makes one HTML page of a run, or of several side by side.

    dcgan-tf report --run=checkpoints/acgan
    dcgan-tf report --run=checkpoints/acgan --run=checkpoints/cgan --output=both.html

The page has everything in it: settings, curves, frames, figures of `evaluate`.  It opens
by a double click, without a network.  A run may be finished, stopped or still training.
"""

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.pages import page, record, report
from dcgan_tf.support import atomic_files


def define_flags() -> FlagValues:
    return flags.new(
        run=flags.many("folder of the run; given again: runs side by side.  Required"),
        output="the .html to write.  Default: report.html",
    )


def main(values: FlagValues) -> None:
    output = flags.output_path(values.output or "report.html", suffixes=[".html"])
    records = record.read_all(values.run or [None])
    data = report.content(records)
    content = page.render("page.html", data)
    atomic_files.write_bytes(output, content)
    print(f"{output}: {len(content) / 1e6:.1f} MB")
    for run in data["runs"]:
        print(*(f"{run['name']}: {line}\n" for line in run["missing"]), sep="", end="")


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
