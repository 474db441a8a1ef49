"""How far bfloat16 puts the gradients of a trained run off, beside how much batches differ.

    python -m benchmarks.precision --run=checkpoints/acgan

For each weight: how far its gradient in bfloat16 lies from that in float32 on the same
batch, and how far the next batch's lies from it in float32; means over 8 batches of
training images, as shares of the gradient's mean length.  Both players, from one pass,
without translations, dropout and gradient penalties.  A gradient that is zero but for
rounding has no shares.
"""

import sys
from collections.abc import Sequence

import numpy as np
from absl.flags import FlagValues

from dcgan_tf.cli import flags
from dcgan_tf.config.schema import Config
from dcgan_tf.datasets.cache import Options
from dcgan_tf.runs.folder import Run
from dcgan_tf.runs.manifest import CheckpointInfo
from dcgan_tf.support import errors, tf_setup

BATCHES = 8
NOTHING = 1e-5  # of the longest gradient


def define_flags() -> FlagValues:
    data_dir = flags.DATA["data_dir"]
    return flags.new(run="folder of the run.  Required", data_dir=data_dir)


def main(values: FlagValues) -> None:
    run = Run.existing(values.run)
    config = run.read_config()
    if run.exported.exists():
        raise errors.UsageError(
            f"--run={run.folder}: holds an exported generator alone; name its run"
        )
    tf_setup.start()
    from dcgan_tf.data import pipeline
    from dcgan_tf.datasets import source  # which import TensorFlow

    checkpoint = run.newest_checkpoint()
    if checkpoint is None:
        raise errors.UsageError(f"--run={run.folder}: has no checkpoint yet")
    split = pipeline.load(source.find(config.dataset, Options(values.data_dir)), "train")
    both = [restored(config, name, checkpoint) for name in ("float32", "bfloat16")]
    exact, rough = (
        [gradients(gan, config, split, number) for number in range(BATCHES)] for gan in both
    )
    by_weight = (zip(*part, strict=True) for part in (exact, rough))
    rows = [distances(*pair) for pair in zip(*by_weight, strict=True)]
    longest = max(length for length, _, _ in rows)
    print(f"{'':45}  bfloat16  another batch")
    for name, (length, *lengths) in zip(names(both[0]), rows, strict=True):
        shares = (
            f"{part / length:.3f}" if length > NOTHING * longest else "-"
            for part in lengths
        )
        print("{:45}  {:>8}  {:>13}".format(name, *shares))


def distances(
    exact: Sequence[np.ndarray], rough: Sequence[np.ndarray]
) -> tuple[float, float, float]:
    """Of a gradient on several batches: its length, and two distances from it; means.

    From each batch's exact gradient to its rough one, and to the next batch's exact one,
    the first after the last.
    """

    def mean_distance(others):
        return np.mean([np.linalg.norm(a - b) for a, b in zip(exact, others, strict=True)])

    length = np.mean([np.linalg.norm(gradient) for gradient in exact])
    return length, mean_distance(rough), mean_distance((*exact[1:], exact[0]))


def names(gan) -> list[str]:
    return [
        f"{player.name}: {layer.name}/{weight.name}"
        for player in (gan.generator, gan.discriminator)
        for layer in player.layers
        for weight in layer.trainable_weights
    ]


def restored(config: Config, precision: str, info: CheckpointInfo):
    """The run's networks, computing in `precision` and dropping nothing out."""
    from dcgan_tf.gans.build import build
    from dcgan_tf.runs import checkpoint

    changes = {"precision": precision, "dropout_rate": 0.0}
    gan = build(config.model_copy(update=changes))
    checkpoint.restore_networks(gan, info)
    return gan


def gradients(gan, config: Config, split, number: int) -> list[np.ndarray]:
    """Of each player's loss by each of its weights, on the batch of that number."""
    import tensorflow as tf

    from dcgan_tf.data import pipeline

    rows = np.arange(config.batch_size) + number * config.batch_size
    rows %= len(split.labels)
    images = pipeline.scale(tf.gather(split.images, rows))
    labels = tf.gather(split.labels, rows)
    latents = gan.sample_latents(len(labels), [number, 0])
    fake_labels = gan.sample_labels(labels, [number, 1])
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        fakes = gan.generator([latents, fake_labels], training=True)
        real = gan.discriminate(images, labels, training=True)
        fake = gan.discriminate(fakes, fake_labels, training=True)
        generator_terms = gan.generator_terms(real, fake, fake_labels)
        discriminator_terms = gan.discriminator_terms(real, labels, fake, fake_labels, {})
    taken = [
        *generator_tape.gradient(generator_terms["loss"], gan.generator.trainable_weights),
        *discriminator_tape.gradient(
            discriminator_terms["loss"], gan.discriminator.trainable_weights
        ),
    ]
    return [tf.convert_to_tensor(gradient).numpy() for gradient in taken]


if __name__ == "__main__":
    sys.exit(flags.run(main, define_flags(), __doc__))
