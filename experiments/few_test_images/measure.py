"""How many test images figures need before they tell a better generator from a worse one.

python experiments/few_test_images/measure.py RUN 2> /dev/null

RUN: a run on MNIST of which the checkpoints STEPS are kept.  Draws so many test images and
as many generated ones, many times, and counts how often a figure prefers the later of two
checkpoints, and real training images to the last.
"""

import pathlib
import sys

from dcgan_tf.support import tf_setup

tf_setup.start()

import numpy as np  # noqa: E402

from dcgan_tf.data import pipeline  # noqa: E402
from dcgan_tf.datasets import source  # noqa: E402
from dcgan_tf.gans.build import build  # noqa: E402
from dcgan_tf.metrics import classifier, distances  # noqa: E402
from dcgan_tf.runs import checkpoint  # noqa: E402
from dcgan_tf.runs.folder import Run  # noqa: E402
from dcgan_tf.runs.trained import TrainedRun  # noqa: E402

STEPS = (400, 800, 1600, 2400)
REAL = "real"
COUNTS = (14, 30, 50, 100, 150, 200, 300)
GENERATED, DRAWS = 3000, 60
FIGURES = {  # and which direction is better
    "Frechet distance": (distances.frechet_classifier_distance, -1),
    "KID": (distances.kid, -1),
    "coverage": (
        lambda real, fake: distances.prdc(real, fake, 5, distances.radii(real, 5))[
            "coverage"
        ],
        1,
    ),
}

run = Run(pathlib.Path(sys.argv[1]))
mnist = source.find("mnist")
train, test = (pipeline.load(mnist, split) for split in ("train", "test"))
packaged = classifier.load("mnist", mnist.spec, train, test)
tested, _ = packaged.predict(test.array())
features = {REAL: packaged.predict(train.array()[: len(tested)])[0]}
config = run.read_config().model_copy(update={"precision": "float32"})
gan = build(config)
for info in run.saved():
    if info.step in STEPS:
        checkpoint.restore_weights(info, ema_generator=gan.ema_generator)
        images = TrainedRun(config, gan, info.step).sample(np.zeros(GENERATED, np.int32))
        features[info.step], _ = packaged.predict(images)

random = np.random.default_rng(0)
pairs = list(zip(STEPS, (*STEPS[1:], REAL), strict=True))
print("| figure | images |" + "".join(f" {a} < {b} |" for a, b in pairs))
print("|---|---|" + "---|" * len(pairs))
for name, (figure, sign) in FIGURES.items():
    for count in COUNTS:
        found = {
            key: np.array(
                [
                    figure(
                        random.choice(tested, count, replace=False),
                        random.choice(rows, count, replace=False),
                    )
                    for _ in range(DRAWS)
                ]
            )
            for key, rows in features.items()
        }
        right = [np.mean(sign * (found[b] - found[a]) > 0) for a, b in pairs]
        print(f"| {name} | {count} |" + "".join(f" {share:.0%} |" for share in right))
