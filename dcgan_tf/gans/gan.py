"""Gan: two networks, what each of them minimises, and what feeds them."""

import dataclasses
from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.data import replicas
from dcgan_tf.data.pipeline import scale, to_uint8
from dcgan_tf.losses.adversarial import AdversarialLoss, Terms
from dcgan_tf.losses.class_heads import DiscriminatorOutput
from dcgan_tf.models.blocks import ignores_training, mix_classes
from dcgan_tf.support import arrays

PENALTIES = ("r1_penalty", "r2_penalty")  # on real images, on fakes
BLOCK = 250  # images generated at a time, whatever batch size the run was trained with


def normal(latent_dim: int, count: int, seed) -> tf.Tensor:
    """Returns standard normal latents [count, latent_dim], by seed [2]."""
    return replicas.draw(tf.random.stateless_normal, [count, latent_dim], seed)


def uniform(latent_dim: int, count: int, seed) -> tf.Tensor:
    """Returns latents [count, latent_dim], uniform in [-1, 1]."""
    return replicas.draw(tf.random.stateless_uniform, [count, latent_dim], seed, -1.0, 1.0)


def uniform_labels(classes: int, labels: tf.Tensor, seed) -> tf.Tensor:
    """Returns as many labels, uniformly random."""
    shape = [tf.shape(labels)[0]]
    return replicas.draw(tf.random.stateless_uniform, shape, seed, 0, classes, labels.dtype)


PRIORS = {"normal": normal, "uniform": uniform}
# Of fakes: the labels of the real batch, or others.
LABEL_SOURCES = {"batch": lambda classes, labels, seed: labels, "uniform": uniform_labels}


def with_loss(terms: Terms, weights: Mapping[str, float]) -> Terms:
    """Returns the terms, and "loss": the sum of those with a weight, each times it."""
    total = tf.add_n([w * terms[name] for name, w in weights.items() if name in terms])
    return {"loss": total, **terms}


def prefix_terms(**players: Terms) -> Terms:
    """Returns both players' terms: "generator/loss", "discriminator/loss" ..."""
    return {
        f"{player}/{n}": t for player, terms in players.items() for n, t in terms.items()
    }


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
    augment:          (images, seed [2], probability) -> what it sees of real images, and
                      then of fakes; None: no augmentation has a probability
    penalty_interval: for how many steps a penalty stands, by which it is multiplied

    The training step is the same for every mode.
    """

    generator: keras.Model
    discriminator: keras.Model
    ema_generator: keras.Model
    adversarial_loss: AdversarialLoss
    class_terms: Callable[..., Terms]
    discriminator_weights: Mapping[str, float]
    generator_weights: Mapping[str, float]
    sample_latents: Callable[..., tf.Tensor]
    sample_labels: Callable[..., tf.Tensor]
    augment_fakes: Callable[..., tf.Tensor]
    augment: Callable[..., tf.Tensor] | None = None
    penalty_interval: int = 1

    def penalised(self, share: tf.Tensor) -> "Gan":
        """Returns the gan with this share of its penalties' weights."""
        share, weights = tf.cast(share, keras.config.floatx()), self.discriminator_weights
        lowered = {name: weights[name] * share for name in PENALTIES if name in weights}
        return dataclasses.replace(self, discriminator_weights={**weights, **lowered})

    def unpenalised(self) -> "Gan":
        """Returns the gan without penalties."""
        weights = self.discriminator_weights.items()
        rest = {name: weight for name, weight in weights if name not in PENALTIES}
        return dataclasses.replace(self, discriminator_weights=rest)

    def discriminate(self, images, labels, *, training: bool) -> DiscriminatorOutput:
        logits = self.discriminator([images, labels], training=training)
        return DiscriminatorOutput(**logits)

    def discriminator_terms(self, real, labels, fake, fake_labels, penalty_terms) -> Terms:
        """Returns the terms of the discriminator's loss, and "loss".

        real, fake: each a DiscriminatorOutput, or None where the adversarial loss needs no
        pairs; its terms are then left out
        """
        logits = (output and output.adversarial for output in (real, fake))
        terms = self.adversarial_loss.discriminator(*logits)
        for kind, output, of in (("real", real, labels), ("fake", fake, fake_labels)):
            if output is not None:
                of_classes = self.class_terms(output, of)
                terms |= {f"{name}_{kind}": term for name, term in of_classes.items()}
        return with_loss(terms | penalty_terms, self.discriminator_weights)

    def generator_terms(self, real, fake, fake_labels) -> Terms:
        """Returns the terms of the generator's loss, and "loss"; real: only of pairs."""
        logits = real and real.adversarial, fake.adversarial
        terms = self.adversarial_loss.generator(*logits)
        terms |= self.class_terms(fake, fake_labels)
        return with_loss(terms, self.generator_weights)

    def discriminate_and_penalise(self, images, labels, penalty: str) -> tuple:
        """Returns the output in training and `penalty`'s term, from one pass if it can."""
        if penalty in self.discriminator_weights and ignores_training(self.discriminator):
            return self._penalise(images, labels, penalty)
        output = self.discriminate(images, labels, training=True)
        return output, self.penalty_term(images, labels, penalty)

    def penalty_term(self, images, labels, penalty: str) -> Terms:
        """Returns the term of "r1_penalty" or "r2_penalty" alone; {} without a weight."""
        if penalty not in self.discriminator_weights:
            return {}
        return self._penalise(tf.stop_gradient(images), labels, penalty)[1]

    def _penalise(self, images, labels, penalty: str) -> tuple:
        """Returns the output, and the term: half the logit's squared gradient norm.

        It is the mean over images: at real ones R1 (Mescheder et al. 2018, equation 9), at
        fakes R2.
        """
        with tf.GradientTape() as tape:
            tape.watch(images)
            # In inference mode no BatchNorm and no dropout joins images; ClassStd does.
            output = self.discriminate(images, labels, training=False)
        gradients = tape.gradient(output.adversarial, images)
        norm = tf.reduce_mean(tf.reduce_sum(gradients**2, axis=[1, 2, 3]))
        return output, {penalty: self.penalty_interval * norm / 2}

    def class_probability(self, images, labels, classes: int) -> np.ndarray:
        """Returns how probable the class head finds the label of each image: [N].

        images uint8 [N, H, W, C], labels int [N]; among the classes as real images have
        them, which the head learns from real images
        """
        output = self.discriminate(scale(images), tf.constant(labels), training=False)
        of_classes = tf.nn.softmax(output.classes[:, :classes]).numpy()
        return of_classes[np.arange(len(labels)), labels]

    def generate(self, latents: tf.Tensor, labels: tf.Tensor) -> np.ndarray:
        """Returns uint8 [N, H, W, C] from latents [N, Z] and labels [N], in inference mode.

        labels: float32 [N, classes] for mixed classes, see `blocks.mix_classes`
        """
        generator = self.ema_generator
        if len(labels.shape) == 2:
            generator, labels = mix_classes(generator, labels)
        latents, labels = map(tf.convert_to_tensor, (latents, labels))
        blocks = [
            to_uint8(generator([latents[part], labels[part]], training=False).numpy())
            for part in arrays.blocks(len(labels), BLOCK)
        ]
        return np.concatenate(blocks)
