"""How far bfloat16 puts the gradients of a trained run off, beside how much batches differ.

    python -m benchmarks.precision --run=checkpoints/acgan

For each weight: how far its gradient in bfloat16 lies from that in float32 on the same
batch, and how far the next batch's lies from it in float32; means over 8 batches of
training images, as shares of the gradient's mean length.  Both players, from one pass,
without shifts, dropout and gradient penalty.  A gradient that is zero but for rounding
has no shares.
"""

import dataclasses
import sys
from collections.abc import Sequence

import numpy as np
from absl import flags

from dcgan_tf import command, engine, errors
from dcgan_tf.config import Config
from dcgan_tf.runs import Run

BATCHES = 8
NOTHING = 1e-5  # of the longest gradient


def define_flags() -> flags.FlagValues:
    values = flags.FlagValues()
    command.define_string(values, "run", "folder of the run.  Required")
    command.define_string(
        values,
        "data_dir",
        "folder of tensorflow-datasets.  Default: TFDS_DATA_DIR, else its own",
    )
    return values


def main(values: flags.FlagValues) -> None:
    run = Run.existing(values.run)
    config = run.read_config()
    if run.exported.exists():
        raise errors.UsageError(
            f"--run={run.folder}: holds an exported generator alone; name its run"
        )
    engine.start()
    from dcgan_tf import datasets, trained  # which import TensorFlow

    saved = run.newest_checkpoint()
    if saved is None:
        raise errors.UsageError(f"--run={run.folder}: has no {trained.MISSING['latest']}")
    split = datasets.load(datasets.find(config.dataset, values.data_dir), "train")
    both = [restored(config, precision, saved) for precision in ("float32", "bfloat16")]
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


def restored(config: Config, precision: str, saved):
    """The run's networks, computing in `precision` and dropping nothing out."""
    from dcgan_tf import checkpoint, gans

    gan = gans.build(dataclasses.replace(config, precision=precision, dropout=0.0))
    checkpoint.restore_networks(gan, saved)
    return gan


def gradients(gan, config: Config, split, number: int) -> list[np.ndarray]:
    """Of each player's loss by each of its weights, on the batch of that number."""
    import tensorflow as tf

    from dcgan_tf import data, losses

    rows = np.arange(config.batch_size) + number * config.batch_size
    rows %= len(split.labels)
    images = data.scaled(tf.gather(split.images, rows))
    labels = tf.gather(split.labels, rows)
    noise = gan.draw_noise(len(labels), [number, 0])
    fake_labels = gan.draw_labels(labels, [number, 1])
    with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
        fakes = gan.generator([noise, fake_labels], training=True)
        real = gan.discriminator([images, labels], training=True)
        fake = gan.discriminator([fakes, fake_labels], training=True)
        generator_terms = gan.generator_loss(fake, fake_labels)
        discriminator_terms = losses.together(
            real=gan.real_loss(real, labels), fake=gan.fake_loss(fake, fake_labels)
        )
    taken = [
        *generator_tape.gradient(generator_terms["loss"], gan.generator.trainable_weights),
        *discriminator_tape.gradient(
            discriminator_terms["loss"], gan.discriminator.trainable_weights
        ),
    ]
    return [tf.convert_to_tensor(gradient).numpy() for gradient in taken]


if __name__ == "__main__":
    sys.exit(command.run(main, define_flags(), __doc__))
