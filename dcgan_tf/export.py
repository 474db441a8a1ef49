"""Makes a folder of a run's generator alone, in half precision, small enough to give away.

    dcgan-tf export --run=checkpoints/acgan --output=given/acgan

sample, evaluate and dcgan_tf.load take the folder as they take a run.
"""

import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.config import resolve
from dcgan_tf.reporting import images
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors, tf_setup

ROWS = 10  # of the grid


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_string(values, "run", "folder of the run.  Required")
    flags.define_string(values, "output", "the folder to make, a new one.  Required")
    flags.define_generator_choice(values)
    return values


def main(values: FlagValues) -> None:
    run = Run.existing(values.run)
    if values.output is None:
        raise errors.UsageError("--output: name the folder to make")
    output = errors.user_path(values.output, "--output")
    if output.exists():
        raise errors.UsageError(f"--output={output}: is in the way; name a new folder")
    content = run.read()
    config = content.config

    tf_setup.start()
    from dcgan_tf.runs import generator  # which imports TensorFlow

    loaded = generator.load(run.folder, ema=values.ema, which=values.which)
    labels = resolve.shown_classes(config.classes) if config.conditional else None
    layout = images.Layout.of(config, labels)
    generated = loaded.sample((labels or [0] * layout.columns) * ROWS)
    grid = images.legible(images.grid(generated, layout.columns), layout)
    with atomic_files.replacing_folder(output) as folder:
        exported = Run(folder)
        content.write(exported.config_file)  # what the run was trained by stays with it
        loaded.write(exported.exported)
        images.write_png(folder / "grid.png", grid)
    size = (output / exported.exported.name).stat().st_size
    print(f"{output}: step {loaded.step:,}, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
