"""The grid that shows a run's training."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dcgan_tf.config.schema import Config
from dcgan_tf.data.pipeline import Split
from dcgan_tf.gans.gan import Gan
from dcgan_tf.reporting import grids


class Preview:
    """A grid of images from latents that the seed alone decides.

    labels: the classes of the columns, where the generator is conditional; a row is then
            one latent vector.  None: every image has latents of its own.
    split:  its images of these classes stand beside them, with `preview_real`
    """

    def __init__(
        self, gan: Gan, config: Config, labels: Sequence[int] | None, split: Split
    ):
        self._gan = gan
        self.columns = len(labels or range(grids.PLAIN_COLUMNS))
        count = config.preview_rows * self.columns
        places = tf.range(count) // (self.columns if labels else 1)
        # Training's streams are its steps, from 0.
        self._latents = tf.gather(gan.sample_latents(count, [config.seed, -1]), places)
        self._labels = tf.tile(labels or tf.range(self.columns), [config.preview_rows])
        self._real = None
        if config.preview_real:
            # The first images of each class; black where the class has too few.
            images = np.zeros((count, *split.images.shape[1:]), np.uint8)
            for label in np.unique(self._labels):
                places = np.flatnonzero(self._labels == label)
                numbers = np.flatnonzero(split.labels == label)[: len(places)]
                images[places[: len(numbers)]] = split.take(numbers)
            self._real = grids.grid(images, self.columns)

    def generate(self) -> np.ndarray:
        """Returns uint8 [rows * columns, H, W, C], as the generator is now."""
        return self._gan.generate(self._latents, self._labels)

    def render(self, generated: np.ndarray) -> np.ndarray:
        """Returns the plain grid, as `grids.grid` makes it; wider with real images."""
        pixels = grids.grid(generated, self.columns)
        return pixels if self._real is None else grids.beside(pixels, self._real)
