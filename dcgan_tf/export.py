"""Makes a folder of a run's generator alone, in half precision, small enough to give away.

    python -m dcgan_tf.export --run=checkpoints/acgan --output=given/acgan

sample, evaluate and dcgan_tf.load take the folder as they take a run.
"""

import pathlib
import sys

from absl import flags

from dcgan_tf import command, engine, errors, files, pictures
from dcgan_tf.runs import Run

ROWS = 10  # of the grid


def define_flags() -> flags.FlagValues:
    values = flags.FlagValues()
    command.define_string(values, "run", "folder of the run.  Required")
    command.define_string(values, "output", "the folder to make, a new one.  Required")
    command.define_choice_of_generator(values)
    return values


def main(values: flags.FlagValues) -> None:
    run = Run.existing(values.run)
    if values.output is None:
        raise errors.UsageError("--output: name the folder to make")
    output = pathlib.Path(values.output).expanduser()
    if output.exists():
        raise errors.UsageError(f"--output={output}: is in the way; name a new folder")
    config = run.read_config()

    engine.start()
    from dcgan_tf import trained  # which imports TensorFlow

    loaded = trained.load(run.folder, averaged=values.averaged, which=values.which)
    labels = [index % config.classes for index in range(ROWS * config.classes)]
    grid = pictures.grid(loaded.sample(labels), config.classes)
    with files.replacing_folder(output) as folder:
        made = Run(folder)
        made.write_config(config)
        loaded.write(made.exported)
        pictures.write_png(folder / "grid.png", grid)
    size = output / made.exported.name
    print(f"{output}: step {loaded.step:,}, {size.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(command.run(main, define_flags(), __doc__))
