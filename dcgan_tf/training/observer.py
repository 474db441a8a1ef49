"""What a log entry tells of a run's networks: losses, figures of quality, images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dcgan_tf.config.schema import Config
from dcgan_tf.data.splits import Split
from dcgan_tf.datasets.spec import ImageSpec
from dcgan_tf.gans import build
from dcgan_tf.gans.gan import Gan
from dcgan_tf.metrics import classifier, mode_collapse
from dcgan_tf.metrics.evaluator import Evaluator
from dcgan_tf.metrics.test_losses import TestLosses
from dcgan_tf.reporting import console
from dcgan_tf.reporting.preview import Preview
from dcgan_tf.runs.trained import TrainedRun

SCORE = "quality/selection_score"


class Observation(NamedTuple):
    """figures: of a log entry; grid: the plain one; lines: printed beside the losses."""

    figures: dict[str, float]
    grid: np.ndarray | None = None
    lines: Sequence[str] = ()


class Observer:
    """Measures a run's networks at a log entry, and changes nothing of them.

    labels: the classes that are shown, None where there are none
    test:   the test split, if the config wants evaluations or test losses
    """

    def __init__(
        self,
        config: Config,
        gan: Gan,
        split: Split,
        test: Split | None,
        labels: Sequence[int] | None,
    ):
        self._config = config
        self._gan = gan
        self._preview = Preview(gan, config, labels, split)
        self._test_losses = self._evaluator = None
        if config.test_losses:
            test_gan = build.test_gan(gan, config)
            self._test_losses = TestLosses(test_gan, config.seed, test)
        if config.evaluate_every:
            spec = ImageSpec.of(config)
            trained_classifier = classifier.load(config.dataset, spec, split, test)
            self._evaluator = Evaluator(trained_classifier, test, spec)
        self._real_std = mode_collapse.std_of_split(split)
        self._warned: set[str] = set()

    def grid(self) -> np.ndarray:
        """Returns the plain grid of images, as the generator is now."""
        return self._preview.render(self._preview.generate())

    def observe(self, means: dict[str, float], step: int, evaluated: bool) -> Observation:
        """means: of the terms since the last log entry, which are among the figures."""
        figures = dict(means)
        if self._test_losses:
            figures |= self._test_losses.terms()
        if evaluated:
            trained = TrainedRun(self._config, self._gan, step)
            quality = self._evaluator.figures_of_run(trained)
            figures |= {f"quality/{name}": figure for name, figure in quality.items()}
        generated = self._preview.generate()
        entry = {"step": step, **figures}
        signs = mode_collapse.signs(
            generated, self._preview.columns, entry, self._config, self._real_std
        )
        figures |= {f"{mode_collapse.PREFIX}{sign}": 1 for sign in signs}
        lines = [console.quality(figures)] if SCORE in figures else []
        new = [sign for sign in signs if sign not in self._warned]
        lines += [f"warning: {mode_collapse.SIGNS[sign]}" for sign in new]
        self._warned = set(signs)
        return Observation(figures, self._preview.render(generated), lines)
