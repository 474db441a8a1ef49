"""Writes a run's generator alone, to give away or to use in other programs.

    dcgan-tf export --run=checkpoints/acgan --output=given/acgan
    dcgan-tf export --run=checkpoints/acgan --output=given/acgan --format=onnx
    dcgan-tf export --run=checkpoints/acgan --output=acgan.onnx

By default a folder of the weights in half precision, which sample, evaluate, dcgan_tf.load
and train --init_from take as they take a run.  The other formats are a function in float32:
(latents [N, Z], labels [N]) -> images [N, H, W, C] from -1 to 1; in mode dcgan of latents
alone.  Each folder has a README.md with code that uses it.
"""

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.datasets import source
from dcgan_tf.exports import formats
from dcgan_tf.runs.folder import PRETRAINED, Run
from dcgan_tf.support import errors, tf_setup


def define_flags() -> FlagValues:
    return flags.new(
        run=flags.RUN,
        output="the folder to make, a new one; or with a suffix of "
        f"{', '.join(formats.BY_SUFFIX)} that file alone, in that format.  Required",
        format=flags.choice(
            "npz: for this package; keras: .keras, for Keras with this package installed; "
            "saved_model: for TensorFlow; litert: .tflite; onnx: needs the packages onnx "
            f"and tf2onnx.  Default: {formats.NPZ}, or what the suffix of --output says",
            list(formats.FORMATS),
        ),
        **flags.GENERATOR,
    )


def main(values: FlagValues) -> None:
    run = Run.existing(values.run or PRETRAINED)
    if values.output is None:
        raise errors.UsageError("--output: name the folder or file to make")
    path = flags.output_path(values.output, suffixes=list(formats.BY_SUFFIX), folder=True)
    format_name = formats.chosen(path, values.format)
    content = run.read()
    source.check_outside(content.config.dataset, path, "output")

    tf_setup.start()
    from dcgan_tf.exports import write  # which imports TensorFlow
    from dcgan_tf.runs import trained

    loaded = trained.load(run.folder, ema=values.ema, which=values.which)
    size = write.write(path, format_name, loaded, content)
    print(f"{path}: {format_name}, step {loaded.step:,}, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    flags.run_and_exit(main, define_flags(), __doc__)
