"""Images out of a generator, as uint8."""

import numpy as np
import tensorflow as tf

from dcgan_tf import pictures
from dcgan_tf.config import Config
from dcgan_tf.gans import Gan

BLOCK = 250  # images drawn at a time, whatever batch size the run was trained with
ROWS = 10
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
    """The grid that a run draws each epoch, from noise that its seed alone decides.

    Where the labels count, a column is a class and a row one noise vector; elsewhere
    every image has noise of its own.
    """

    def __init__(self, gan: Gan, config: Config):
        self._gan = gan
        self._columns = config.classes if config.conditional else 10
        rows = tf.range(ROWS * self._columns)
        if config.conditional:
            rows //= self._columns
        noise = gan.draw_noise(ROWS * self._columns, [config.seed, FRAME_STREAM])
        self._noise = tf.gather(noise, rows)
        self._labels = tf.tile(tf.range(self._columns), [ROWS])

    def draw(self) -> np.ndarray:
        """uint8 [280, 28 * columns]."""
        images = draw(self._gan, self._noise, self._labels)
        return pictures.grid(images, self._columns)
