"""scikit-learn's bundled digits, in the form of MNIST."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from dcgan_tf.datasets.sources import TEST_DIGITS


def load(split: str) -> tuple[np.ndarray, np.ndarray]:
    """The "train" or the "test" split: images uint8 [N, 28, 28, 1], labels int32 [N].

    scikit-learn's 8x8 digits, made 28x28 as MNIST was made.

    A 20x20 box, moved so that the ink's centre of mass is the image's centre (LeCun et
    al. 1998, section III.A).  Every sixth or so, 297 in all, is held out.
    """
    digits = load_digits()
    test = np.zeros(len(digits.images), bool)
    test[np.linspace(0, len(test) - 1, TEST_DIGITS).astype(int)] = True
    chosen = test if split == "test" else ~test
    images = np.zeros((chosen.sum(), 28, 28, 1), np.uint8)
    for image, small in zip(images, digits.images[chosen], strict=True):
        grey = Image.fromarray((small * 255 / 16).astype(np.uint8))
        box = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC), np.float64)
        offsets = [_centred(box.sum(axis=other)) for other in (1, 0)]
        rows, columns = (slice(offset, offset + 20) for offset in offsets)
        image[rows, columns, 0] = box
    return images, digits.target[chosen].astype(np.int32)


def _centred(ink: np.ndarray) -> int:
    """The offset among 28 rows of 20 rows of ink that puts their mass in the middle."""
    centre = np.average(np.arange(20), weights=ink)
    return int(np.clip(round(13.5 - centre), 0, 8))
