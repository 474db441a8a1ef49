"""Both players' losses on images that were never trained on."""

import tensorflow as tf

from dcgan_tf import gans, losses, settings
from dcgan_tf.config import Config
from dcgan_tf.data import scaled
from dcgan_tf.datasets import Split
from dcgan_tf.gans import Gan

BLOCK = 500  # real images at a time
STREAM = -2  # its noise and classes: training uses steps, from 0, and the frames -1


class HeldOut:
    """Judges a gan on the test split, in inference mode, as the Keras examples do.

    The discriminator sees each real image and as many fakes, the generator (itself, not
    its average) is judged on twice as many; targets are hard, and the classes of real and
    fake weigh alike.  The noise is the same each time, so that epochs can be compared.
    """

    def __init__(self, gan: Gan, config: Config, split: Split):
        self._gan = gan
        self._seed = config.seed
        self._split = split
        self._generator_loss, self._real_loss, self._fake_loss = gans.objectives(
            settings.on_held_out(config)
        )
        self._judge = tf.function(self._judge_block)

    def terms(self) -> dict[str, float]:
        """The means over the split of what a step returns: "test/generator/loss" ..."""
        count = len(self._split.labels)
        total: dict[str, float] = {}
        for start in range(0, count, BLOCK):
            block = slice(start, start + BLOCK)
            labels = self._split.labels[block]
            terms = self._judge(self._split.images[block], labels, tf.constant(start))
            for name, term in terms.items():
                share = float(term) * len(labels) / count
                total[f"test/{name}"] = total.get(f"test/{name}", 0.0) + share
        return total

    def _judge_block(self, images, labels, start):
        gan = self._gan
        seed = tf.random.experimental.stateless_fold_in([self._seed, STREAM], start)
        noise_seed, label_seed = tf.unstack(tf.random.split(seed))
        noise = gan.draw_noise(2 * tf.shape(labels)[0], noise_seed)
        fake_labels = gan.draw_labels(tf.tile(labels, [2]), label_seed)
        fakes = gan.generator([noise, fake_labels], training=False)
        real = gan.discriminator([scaled(images), labels], training=False)
        fake = gan.discriminator([fakes, fake_labels], training=False)

        def half(values):
            return values[: tf.shape(labels)[0]]

        return losses.by_player(
            self._generator_loss(fake, fake_labels),
            losses.together(
                real=self._real_loss(real, labels),
                fake=self._fake_loss(*tf.nest.map_structure(half, (fake, fake_labels))),
            ),
        )
