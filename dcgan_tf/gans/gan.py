"""Gan: two networks, what each of them minimises, and what feeds them."""

import dataclasses
from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.data.pipeline import to_uint8
from dcgan_tf.losses import adversarial
from dcgan_tf.losses.class_heads import DiscriminatorOutput
from dcgan_tf.losses.terms import Terms, squared_gradient_norm, suffix_terms, sum_terms
from dcgan_tf.models.blocks import ignores_training, mix_classes

PENALTIES = ("r1_penalty", "r2_penalty")  # on real images, on fakes
BLOCK = 250  # images generated at a time, whatever batch size the run was trained with


@dataclasses.dataclass(frozen=True)
class Gan:
    """Two players, what each one minimises, and what they are fed with.

    generator:        [latents [B, Z], labels [B]] -> images [B, H, W, C] in [-1, 1]
    discriminator:    [images, labels [B]] -> logits, the fields of DiscriminatorOutput
    ema_generator:    what images are generated with: the generator's moving average, or the
                      generator itself where none is kept
    adversarial_loss: both players' loss on the adversarial logits
    class_terms:      (output, labels [B]) -> the terms of the class heads, {} without one
    discriminator_weights, generator_weights: of the terms in each player's loss, by name;
                      a penalty without a weight is not computed
    sample_latents:   (count, seed [2]) -> latents [count, Z]
    sample_labels:    (labels of the real batch [B], seed [2]) -> labels of the fakes [B]
    augment_fakes:    (fakes [B, H, W, C], seed [2]) -> what the discriminator sees of them
    penalty_interval: for how many steps a penalty stands, by which it is multiplied

    The training step asks nothing else: it is the same for every mode.
    """

    generator: keras.Model
    discriminator: keras.Model
    ema_generator: keras.Model
    adversarial_loss: adversarial.AdversarialLoss
    class_terms: Callable[..., Terms]
    discriminator_weights: Mapping[str, float]
    generator_weights: Mapping[str, float]
    sample_latents: Callable[..., tf.Tensor]
    sample_labels: Callable[..., tf.Tensor]
    augment_fakes: Callable[..., tf.Tensor]
    penalty_interval: int = 1

    def penalised(self, share: tf.Tensor) -> "Gan":
        """Returns the gan with this share of its penalties' weights."""
        share = tf.cast(share, keras.config.floatx())
        weights = {
            name: weight * share if name in PENALTIES else weight
            for name, weight in self.discriminator_weights.items()
        }
        return dataclasses.replace(self, discriminator_weights=weights)

    def unpenalised(self) -> "Gan":
        """Returns the gan without penalties."""
        weights = self.discriminator_weights.items()
        rest = {name: weight for name, weight in weights if name not in PENALTIES}
        return dataclasses.replace(self, discriminator_weights=rest)

    def discriminate(self, images, labels, *, training: bool) -> DiscriminatorOutput:
        return DiscriminatorOutput(
            **self.discriminator([images, labels], training=training)
        )

    def discriminator_terms(
        self,
        real: DiscriminatorOutput | None,
        labels: tf.Tensor | None,
        fake: DiscriminatorOutput | None,
        fake_labels: tf.Tensor | None,
        penalty_terms: Terms,
    ) -> Terms:
        """Returns the terms of the discriminator's loss, and "loss".

        real or fake may be None where the adversarial loss needs no pairs: their terms are
        then left out.
        """
        terms = self.adversarial_loss.discriminator(
            None if real is None else real.adversarial,
            None if fake is None else fake.adversarial,
        )
        if real is not None:
            terms |= suffix_terms(self.class_terms(real, labels), "real")
        if fake is not None:
            terms |= suffix_terms(self.class_terms(fake, fake_labels), "fake")
        terms |= penalty_terms
        return {"loss": sum_terms(terms, self.discriminator_weights), **terms}

    def generator_terms(
        self,
        real: DiscriminatorOutput | None,
        fake: DiscriminatorOutput,
        fake_labels: tf.Tensor,
    ) -> Terms:
        """The terms of the generator's loss, and "loss"; real: where pairs are needed."""
        terms = self.adversarial_loss.generator(
            None if real is None else real.adversarial, fake.adversarial
        )
        terms |= self.class_terms(fake, fake_labels)
        return {"loss": sum_terms(terms, self.generator_weights), **terms}

    def discriminate_and_penalise(
        self, images, labels, penalty: str
    ) -> tuple[DiscriminatorOutput, Terms]:
        """Returns the logits in training, and the term of `penalty`; see `penalty_term`.

        One forward pass serves both, unless there is BatchNorm or dropout.
        """
        if penalty in self.discriminator_weights and ignores_training(self.discriminator):
            return self._penalise(images, labels, penalty, training=True)
        output = self.discriminate(images, labels, training=True)
        return output, self.penalty_term(images, labels, penalty)

    def penalty_term(self, images, labels, penalty: str) -> Terms:
        """Returns the penalty alone, in inference mode: there a logit is its image's alone.

        penalty: "r1_penalty" for real images, "r2_penalty" for fakes; without a weight
                 there is no term
        """
        if penalty not in self.discriminator_weights:
            return {}
        images = tf.stop_gradient(images)
        return self._penalise(images, labels, penalty, training=False)[1]

    def _penalise(self, images, labels, penalty: str, *, training: bool):
        output, norm = squared_gradient_norm(
            lambda seen: self.discriminate(seen, labels, training=training), images
        )
        return output, {penalty: self.penalty_interval * norm / 2}

    def generate(self, latents: tf.Tensor, labels: tf.Tensor) -> np.ndarray:
        """uint8 [N, H, W, C] from latents [N, Z] and labels [N], in inference mode.

        labels: float32 [N, classes] for mixed classes, see `blocks.mix_classes`
        """
        generator = self.ema_generator
        if len(labels.shape) == 2:
            generator, labels = mix_classes(generator, labels)
        latents, labels = map(tf.convert_to_tensor, (latents, labels))
        blocks = [
            to_uint8(
                generator(
                    [latents[start : start + BLOCK], labels[start : start + BLOCK]],
                    training=False,
                ).numpy()
            )
            for start in range(0, len(labels), BLOCK)
        ]
        return np.concatenate(blocks)
