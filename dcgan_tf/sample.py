"""Generates images with a run's generator.

    dcgan-tf sample --digits=2026
    dcgan-tf sample --run=checkpoints/cgan --per_class=10
    dcgan-tf sample --run=checkpoints/animals --classes=cat,dog,cat
    dcgan-tf sample --interpolate=8 --digits=3
    dcgan-tf sample --morph=3,8 --output=morph.gif

Without --run by the ACGAN's generator that comes with the package.  A run may be finished,
stopped or still training.  Every image has latents of its own.
"""

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.datasets import source
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import tf_setup


def define_flags() -> FlagValues:
    return flags.new(
        run=flags.RUN,
        classes="generate these classes, by name or number, in a row: "
        "--classes=cat,dog,cat",
        digits="generate these digits, in a row: --digits=2026",
        per_class=flags.integer(
            "generate so many images of each class, a column each; a grid has 20 evenly "
            "chosen classes where there are more.  Default: 10",
            highest=10_000,
        ),
        count=flags.integer(
            "generate so many images, of the classes in turn", highest=1_000_000
        ),
        interpolate=flags.integer(
            "generate so many images on the way from one latent vector to another, both "
            "ends included, in a row for each class; with --morph, from one class to the "
            "next.  Default, with --morph: 8",
            lowest=2,
            highest=1_000,
        ),
        morph="generate images on the way from one class to the next, by name or number, "
        "in --count rows, which differ in their latents: --morph=3,8",
        seed=flags.integer("of the latents.  Default: 0", 0, 2**31 - 1),
        **flags.SAMPLING,
        **flags.GENERATOR,
        output="what to write, in place of a file of that name: a grid (.png); arrays "
        "images uint8 [N, H, W, C], labels int32 [N] and class_names (.npz); a new folder "
        "of PNG files, in a folder for each class (no suffix); or, with --interpolate or "
        "--morph, an animation in a loop (.gif).  Default: sample.png",
        magnify=flags.integer(
            "pixels of a grid for each pixel of an image, each way; 1: images alone, "
            "without lines and names between them.  Default: as many as make it easy to "
            "see",
            highest=50,
        ),
    )


def main(values: FlagValues) -> None:
    run = Run.existing(values.run or PRETRAINED)
    output = flags.output_path(
        values.output or "sample.png", suffixes=(".png", ".npz", ".gif"), folder=True
    )
    source.check_outside(run.read_config().dataset, output, "output")
    tf_setup.start()
    from dcgan_tf.cli import sampling

    print(sampling.sample(values, run, output))


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
