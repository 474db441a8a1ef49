"""How far figures in the features of pseudo-classes agree with those of true classes.

python experiments/pseudo_classes/measure.py RUN 2000 2> /dev/null

Takes MNIST's labels away, trains the classifier of pseudo-classes that `evaluate` would
train then, and ranks the checkpoints of a run on MNIST by each figure, in its features and
in those of the packaged classifier.  2000: images generated for each checkpoint.
"""

import dataclasses
import pathlib
import sys

from dcgan_tf.support import tf_setup

tf_setup.start()

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402

from dcgan_tf.data import pipeline  # noqa: E402
from dcgan_tf.datasets import source  # noqa: E402
from dcgan_tf.gans.build import build  # noqa: E402
from dcgan_tf.metrics import classifier, image_sets  # noqa: E402
from dcgan_tf.metrics.evaluator import Evaluator  # noqa: E402
from dcgan_tf.runs import checkpoint  # noqa: E402
from dcgan_tf.runs.folder import Run  # noqa: E402
from dcgan_tf.runs.trained import TrainedRun  # noqa: E402

FIGURES = {
    "Frechet distance": "frechet_classifier_distance",
    "KID": "kid",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}


def without_labels(split: pipeline.Split) -> pipeline.Split:
    return pipeline.Split(split.images, tf.zeros_like(split.labels))


def generated(run: Run, count: int):
    """(step, Images) of each checkpoint of a run, the first first."""
    config = run.read_config().model_copy(update={"precision": "float32"})
    gan = build(config)
    labels = np.arange(count, dtype=np.int32) % config.classes
    for info in reversed(run.saved()):
        checkpoint.restore_weights(info, ema_generator=gan.ema_generator)
        loaded = TrainedRun(config, gan, info.step)
        yield info.step, image_sets.generated(loaded, labels, seed=0)


run, count = Run(pathlib.Path(sys.argv[1])), int(sys.argv[2])
mnist = source.find("mnist")
train, test = (pipeline.load(mnist, split) for split in ("train", "test"))
one_class = dataclasses.replace(mnist.spec, classes=1)
labelled = Evaluator(classifier.load("mnist", mnist.spec, train, test), test, mnist.spec)
unlabelled = Evaluator(
    classifier.load(
        "mnist without labels", one_class, without_labels(train), without_labels(test)
    ),
    without_labels(test),
    one_class,
)
rows = [
    (step, labelled.figures(images), unlabelled.figures(images))
    for step, images in generated(run, count)
]
print("| step |" + "".join(f" {name} |" for name in FIGURES))
print("|---|" + "---|" * len(FIGURES))
for step, true, pseudo in rows:
    cells = (f" {true[key]:.3f} / {pseudo[key]:.3f} |" for key in FIGURES.values())
    print(f"| {step:,} |" + "".join(cells))
ranks = (
    spearmanr([true[key] for _, true, _ in rows], [pseudo[key] for _, _, pseudo in rows])
    for key in FIGURES.values()
)
print("| Spearman |" + "".join(f" {rank.statistic:.3f} |" for rank in ranks))
