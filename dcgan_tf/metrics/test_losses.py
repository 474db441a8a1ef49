"""Both players' losses on the test split, which is never trained on."""

import collections

import tensorflow as tf

from dcgan_tf.data.pipeline import Split, scale
from dcgan_tf.gans.gan import Gan, prefix_terms
from dcgan_tf.metrics import image_sets
from dcgan_tf.support import arrays

BLOCK = 500  # real images at a time
STREAM = -2  # of latents and classes: training's are steps, from 0, the preview's is -1


class TestLosses:
    """Measures a gan on the test split, in inference mode, as the Keras examples do.

    The discriminator is measured on each real image and as many fakes, the generator
    (itself, not its EMA) on twice as many, where the loss needs no pairs.  The latents are
    the same each time, so that epochs can be compared.
    """

    __test__ = False  # no test of pytest's

    def __init__(self, gan: Gan, seed: int, split: Split):
        self._gan, self._seed = gan, seed
        self._images = image_sets.of_test(split)
        self._terms_of_block = tf.function(self._terms)

    def terms(self) -> dict[str, float]:
        """Returns the means over the split of a step's terms: "test/generator/loss" ..."""
        total: dict[str, float] = collections.defaultdict(float)
        for rows in arrays.blocks(len(self._images), BLOCK):
            images, labels = self._images[rows], self._images.labels[rows]
            terms = self._terms_of_block(images, labels, tf.constant(rows.start))
            for name, term in terms.items():
                total[f"test/{name}"] += float(term) * len(labels) / len(self._images)
        return dict(total)

    def _terms(self, images, labels, start):
        gan = self._gan
        fold_in = tf.random.experimental.stateless_fold_in
        seed = fold_in([self._seed, STREAM], start, alg="philox")
        latent_seed, label_seed = tf.unstack(tf.random.split(seed, alg="philox"))
        twice = tf.tile(labels, [2])
        latents = gan.sample_latents(tf.size(twice), latent_seed)
        fake_labels = gan.sample_labels(twice, label_seed)
        fakes = gan.generator([latents, fake_labels], training=False)
        real = gan.discriminate(scale(images), labels, training=False)
        fake = gan.discriminate(fakes, fake_labels, training=False)
        half = fake.halves()[0], fake_labels[: tf.size(labels)]
        measured = half if gan.adversarial_loss.needs_pair else (fake, fake_labels)
        return prefix_terms(
            generator=gan.generator_terms(real, *measured),
            discriminator=gan.discriminator_terms(real, labels, *half, {}),
        )
