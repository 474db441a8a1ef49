"""Measures how good and how varied generated images are, against real test images.

    dcgan-tf evaluate --run=checkpoints/acgan
    dcgan-tf evaluate --samples=set.npz

Prints a table with two reference rows beside each figure - real training images, and
memorised ones, one of each class, measured the same way - and writes evaluation.json, and
the samples that are nearest to a training image, each above it, in evaluation.png.
"""

import time

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.support import tf_setup


def define_flags() -> FlagValues:
    return flags.new(
        run="folder of the run whose generator is measured",
        samples="measure these images instead: a .npz with images uint8 [N, H, W, C], or "
        "[N, H, W] where they are grey, and, where they have requested classes, their "
        "labels int [N]",
        dataset="what --samples are compared with, by name or path; with --run, where the "
        "run's own images lie now.  Default: the run's; mnist if within reach, else digits",
        **flags.DATA,
        count=flags.integer(
            "images generated, with the classes as often as in the test split.  Default: "
            "as many as that has, at most 10,000",
            flags.LEAST_SAMPLES,
            flags.MOST_SAMPLES,
        ),
        seed=flags.integer("of the latents.  Default: 0", 0, 2**31 - 2),
        **flags.SAMPLING,
        **flags.GENERATOR,
        cas=flags.switch(
            "also the classification accuracy score: train a classifier on as many "
            "generated images as there are training images, at most 60,000 (or on "
            "--samples), and test it on real ones: takes minutes"
        ),
        output="folder for evaluation.json and evaluation.png.  Default: the run's; with "
        "--samples, nothing is written",
    )


def main(values: FlagValues) -> None:
    output = values.output or values.run
    if output:
        output = flags.output_path(output, folder=True, may_exist=True)
    tf_setup.start()
    from dcgan_tf.cli import evaluation

    began = time.monotonic()
    report = evaluation.measure(values)
    files = evaluation.write(output, report) if output else ""  # before a pipe may close
    print(evaluation.table(report))
    print(f"measured in {time.monotonic() - began:.0f} s", *[files] * bool(files), sep="\n")


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
