"""How figures rank real pictures that were damaged.

python experiments/texture/measure.py mnist package/img/google/64 2> /dev/null

Takes real training images of each data set, damages them by coloured pixels, by blur and by
JPEG, and measures them against the held-out images as `evaluate` does.
"""

import io
import sys

from dcgan_tf.support import tf_setup

tf_setup.start()

import numpy as np  # noqa: E402
from PIL import Image, ImageFilter  # noqa: E402

from dcgan_tf.data import pipeline  # noqa: E402
from dcgan_tf.datasets import source  # noqa: E402
from dcgan_tf.metrics import classifier, image_sets, texture  # noqa: E402
from dcgan_tf.metrics.evaluator import Evaluator  # noqa: E402
from dcgan_tf.metrics.image_sets import Images  # noqa: E402

COUNT = 2_000  # at most
TEXTURES = ("texture distance", "mean of the levels", "finest level, each in its own std")
FIGURES = ("precision", "density", "frechet_classifier_distance")


def coloured(images: np.ndarray, share: float) -> np.ndarray:
    """Gives a share of the pixels a random colour."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, images.shape, np.uint8)
    return np.where(random.random(images.shape[:3])[..., None] < share, noise, images)


def each(images: np.ndarray, change) -> np.ndarray:
    """Changes each image, a PIL.Image."""
    changed = [change(Image.fromarray(image.squeeze())) for image in images]
    return np.stack([np.asarray(image) for image in changed]).reshape(images.shape)


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    return each(images, lambda image: image.filter(ImageFilter.GaussianBlur(sigma)))


def compressed(images: np.ndarray, quality: int) -> np.ndarray:
    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return each(images, change)


DAMAGES = {
    "none": (lambda images, _: images, 0),
    **{f"coloured pixels, {s:.1%}": (coloured, s) for s in (0.003, 0.01, 0.05)},
    **{f"blur, std {s} pixels": (blurred, s) for s in (0.4, 0.7, 1.5)},
    **{f"JPEG, quality {q}": (compressed, q) for q in (75, 40, 15)},
}


def measure(name: str) -> None:
    """Prints the table of one data set."""
    dataset = source.find(source.settled(name, None))
    train, test = (pipeline.load(dataset, split) for split in ("train", "test"))
    evaluator = Evaluator(
        classifier.load(dataset.name, dataset.spec, train, test), test, dataset.spec
    )
    real = image_sets.real(train, evaluator.test.labels, min(COUNT, len(evaluator.test)))
    finest = texture.Textures(evaluator.test).project(evaluator.test)[0]
    print(f"\n{name}: {len(real):,} images, compared with {len(evaluator.test):,}\n")
    print("| " + " | ".join(["damage", *TEXTURES, *FIGURES]) + " |")
    print("|---" * (1 + len(TEXTURES) + len(FIGURES)) + "|")
    for title, (damage, strength) in DAMAGES.items():
        pixels = damage(real[:], strength)
        images = Images(pixels, real.labels)
        figures = evaluator.figures(images)
        own = texture.Textures(images).project(images)[0]
        values = [
            figures["texture_distance"],
            np.mean(figures["texture_distance_by_level"]),
            texture.sliced_wasserstein(finest, own),
        ]
        cells = [f"{value:.0f}" for value in values]
        cells += [f"{figures[name]:.3f}" for name in FIGURES]
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


for name in sys.argv[1:]:
    measure(name)
