"""Generates images with a run's generator.

    dcgan-tf sample --digits=2026
    dcgan-tf sample --run=checkpoints/cgan --per_class=10
    dcgan-tf sample --run=checkpoints/animals --classes=cat,dog,cat
    dcgan-tf sample --interpolate=8 --digits=3
    dcgan-tf sample --morph=3,8 --output=morph.gif

Without --run by the ACGAN's generator that comes with the package.  A run may be finished,
stopped or still training.  Every image has latents of its own.
"""

import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import tf_setup

SUFFIXES = (".png", ".npz", ".gif")
MOST_MAGNIFICATION = 50
MOST_STEPS = 1_000


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_string(
        values, "run", "folder of the run.  Default: the ACGAN that comes with the package"
    )
    flags.define_string(
        values,
        "classes",
        "generate these classes, by name or number, in a row: --classes=cat,dog,cat",
    )
    flags.define_string(values, "digits", "generate these digits, in a row: --digits=2026")
    flags.define_integer(
        values,
        "per_class",
        "generate so many images of each class, a column each; a grid has 20 evenly chosen "
        "classes where there are more.  Default: 10",
    )
    flags.define_integer(values, "count", "generate so many images, of the classes in turn")
    flags.define_integer(
        values,
        "interpolate",
        "generate so many images on the way from one latent vector to another, both ends "
        "included, in a row for each class; with --morph, from one class to the next.  "
        "Default, with --morph: 8",
        lowest=2,
        highest=MOST_STEPS,
    )
    flags.define_string(
        values,
        "morph",
        "generate images on the way from one class to the next, by name or number, in "
        "--count rows, which differ in their latents: --morph=3,8",
    )
    flags.define_integer(
        values, "seed", "of the latents.  Default: 0", lowest=0, highest=2**31 - 1
    )
    flags.define_generator_choice(values)
    flags.define_string(
        values,
        "output",
        "what to write: a grid (.png); arrays images uint8 [N, H, W, C], labels int32 [N] "
        "and class_names (.npz); a new folder of PNG files, in a folder for each class (no "
        "suffix); or, with --interpolate or --morph, an animation in a loop (.gif).  "
        "Default: sample.png",
    )
    flags.define_integer(
        values,
        "magnify",
        "pixels of a grid for each pixel of an image, each way; 1: images alone, without "
        "lines and names between them.  Default: as many as make it easy to see",
        highest=MOST_MAGNIFICATION,
    )
    return values


def main(values: FlagValues) -> None:
    run = Run.existing(values.run or PRETRAINED)
    output = output_path(values.output or "sample.png", suffixes=SUFFIXES, folder=True)
    tf_setup.start()
    from dcgan_tf.cli import sampling

    print(sampling.sample(values, run, output))


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
