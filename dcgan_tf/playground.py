"""Makes a page in which a run's generator draws in the browser.

    dcgan-tf playground
    dcgan-tf playground --run=checkpoints/pets --output=pets.html

The page is one file, which needs no network.  Without --run it is of the ACGAN that comes
with the package.  It runs the generators of this package's own architectures.
"""

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.config.presets import OURS
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import atomic_files, errors, tf_setup


def define_flags() -> FlagValues:
    output = "the .html to write.  Default: playground.html"
    return flags.new(run=flags.RUN, output=output, **flags.GENERATOR)


def main(values: FlagValues) -> None:
    output = flags.output_path(values.output or "playground.html", suffixes=[".html"])
    run = Run.existing(values.run or PRETRAINED)
    if (architecture := run.read_config().architecture) not in OURS:
        raise errors.UsageError(
            f"--run={run.folder}: is of {architecture}, not of {' or '.join(OURS)}"
        )
    tf_setup.start()
    from dcgan_tf.pages import page, playground
    from dcgan_tf.runs import trained

    loaded = trained.load(run.folder, ema=values.ema, which=values.which)
    content = page.render("playground.html", playground.content(loaded))
    atomic_files.write_bytes(output, content)
    print(f"{output}: step {loaded.step:,}, {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
