"""Shows how a generator uses the class that is given with the latents.

    dcgan-tf embedding --run=checkpoints/acgan

Writes embedding.png and embedding.json: the classes' embedding; how much each class mutes
each coordinate of the latents; and how well a linear probe predicts the class from what the
generator is fed, against a new network's embedding and against chance.
"""

import sys

from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.cli.outputs import output_path
from dcgan_tf.reporting import plots
from dcgan_tf.runs.folder import Run
from dcgan_tf.support import atomic_files, errors, tf_setup


def define_flags() -> FlagValues:
    values = FlagValues()
    flags.define_string(values, "run", "folder of the run.  Required")
    flags.define_string(
        values, "output", "folder for the figure and the JSON.  Default: the run's"
    )
    return values


def main(values: FlagValues) -> None:
    run = Run.existing(values.run)
    config = run.read_config()
    if config.label_fusion is None:
        raise errors.UsageError(
            f"--run={run.folder}: its generator has no embedding of the class (mode "
            f"{config.mode}, architecture {config.architecture}); name a run of acgan"
        )
    output = output_path(values.output or run.folder, folder=True, may_exist=True)
    plot = plots.pyplot()
    plot.switch_backend("Agg")  # no window
    tf_setup.start()
    from dcgan_tf.metrics import label_embedding  # which imports TensorFlow

    report, arrays = label_embedding.report(run.folder)
    title = f"{config.label_fusion}, at step {report['step']:,}"
    figure = plots.embedding(plot, arrays, title, config.names)
    output.mkdir(parents=True, exist_ok=True)
    with atomic_files.replacing(output / "embedding.png") as path:
        figure.savefig(path)
    atomic_files.write_json(output / "embedding.json", report)
    print(label_embedding.summary(report))
    print(f"{output / 'embedding.png'}, {output / 'embedding.json'}")


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
