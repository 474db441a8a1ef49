"""Makes a page in which a run's generator draws in the browser.

    dcgan-tf playground
    dcgan-tf playground --run=checkpoints/pets --output=pets.html

The page is one file, which needs no network.  Without --run it is of the ACGAN that comes
with the package.
"""

import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import errors, tf_setup


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_string(
        values, "run", "folder of the run.  Default: the ACGAN that comes with the package"
    )
    flags.define_string(
        values, "output", "the page to write (.html).  Default: playground.html"
    )
    flags.define_generator_choice(values)
    return values


def main(values: FlagValues) -> None:
    run = Run.existing(values.run or PRETRAINED)
    output = output_path(values.output or "playground.html", suffixes=[".html"])
    run.read()

    tf_setup.start()
    from dcgan_tf.pages import network, playground  # which import TensorFlow
    from dcgan_tf.runs import trained

    whole = not run.exported.exists()
    loaded = trained.load(
        run.folder, ema=values.ema, which=values.which, discriminator=whole
    )
    try:
        playground.write(output, loaded, discriminator=whole)
    except network.UnknownLayerError as error:
        raise errors.UsageError(
            f"--run={run.folder}: {error}, which a playground cannot run; name another run"
        ) from None
    print(f"{output}: step {loaded.step:,}, {output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
