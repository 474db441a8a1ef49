"""Images out of a generator, as uint8."""

import numpy as np
import tensorflow as tf

from dcgan_tf import pictures
from dcgan_tf.config import Config
from dcgan_tf.datasets import Split
from dcgan_tf.gans import Gan

BLOCK = 250  # images drawn at a time, whatever batch size the run was trained with
FRAME_STREAM = -1  # the noise of the frames: training uses steps, from 0


def draw(gan: Gan, noise: tf.Tensor, labels: tf.Tensor) -> np.ndarray:
    """uint8 [N, 28, 28, 1] from noise [N, Z] and labels [N], in inference mode."""
    blocks = [
        pictures.to_uint8(
            gan.drawn(
                [noise[start : start + BLOCK], labels[start : start + BLOCK]],
                training=False,
            ).numpy()
        )
        for start in range(0, len(labels), BLOCK)
    ]
    return np.concatenate(blocks)


class Preview:
    """The grid that shows a run's training, from noise that its seed alone decides.

    Where the labels count, a column is a class and a row one noise vector, with real
    images of the same classes beside it if the run wants them; elsewhere every image has
    noise of its own.
    """

    def __init__(self, gan: Gan, config: Config, split: Split):
        self._gan = gan
        self.columns = config.classes if config.conditional else 10
        count = config.sample_rows * self.columns
        rows = tf.range(count)
        if config.conditional:
            rows //= self.columns
        noise = gan.draw_noise(count, [config.seed, FRAME_STREAM])
        self._noise = tf.gather(noise, rows)
        self._labels = tf.tile(tf.range(self.columns), [config.sample_rows])
        self._real = None
        if config.sample_real:
            self._real = pictures.grid(_of_classes(split, self._labels), self.columns)

    def draw(self) -> np.ndarray:
        """uint8 [28 * rows, 28 * columns], wider with real images."""
        return self.grid(self.images())

    def images(self) -> np.ndarray:
        """uint8 [rows * columns, 28, 28, 1], as the generator draws them now."""
        return draw(self._gan, self._noise, self._labels)

    def grid(self, images: np.ndarray) -> np.ndarray:
        pixels = pictures.grid(images, self.columns)
        return pixels if self._real is None else pictures.beside(pixels, self._real)


def _of_classes(split: Split, labels: tf.Tensor) -> np.ndarray:
    """The first images of each class, in the order of `labels`; black where one lacks."""
    known = split.labels.numpy()
    images = np.zeros((len(labels), *split.images.shape[1:]), np.uint8)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        found = np.flatnonzero(known == label)[: len(places)]
        images[places[: len(found)]] = tf.gather(split.images, found)
    return images
