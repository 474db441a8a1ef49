"""The sets of images that are measured, with the classes as often as in the test images."""

import dataclasses

import numpy as np

from dcgan_tf.data.pipeline import Split
from dcgan_tf.runs.trained import TrainedRun

MOST_TEST_IMAGES = 10_000


@dataclasses.dataclass(frozen=True)
class Images:
    """Images to measure: unlike those of a Split, some of an array, perhaps without labels.

    A slice of them, uint8 [B, H, W, C], is read when it is taken: `array` may be a file.

    array:  uint8 [M, H, W, C]
    labels: the requested classes, int [N]; None: no classes were requested
    rows:   the images' rows in the array, int [N]; None: all, in their order
    """

    array: np.ndarray
    labels: np.ndarray | None = None
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.array if self.rows is None else self.rows)

    def __getitem__(self, place: slice | np.ndarray) -> np.ndarray:
        return self.array[place if self.rows is None else self.rows[place]]


def evenly(count: int, most: int) -> np.ndarray:
    """Returns at most `most` of the numbers below `count`, evenly spread from 0 on."""
    chosen = min(count, most)
    return np.arange(chosen) * count // max(chosen, 1)


def in_proportion(counts: np.ndarray, total: int) -> np.ndarray:
    """Splits `total` as `counts`, int [classes], by largest remainders; int [classes]."""
    shares, remainders = np.divmod(counts * total, counts.sum())
    most = np.argsort(-remainders, kind="stable")[: total - shares.sum()]
    shares[most] += 1
    return shares


def rows_like(labels: np.ndarray, like: np.ndarray, total: int) -> np.ndarray:
    """Chooses `total` rows of `labels` [N], evenly, by class as often as in `like`."""
    chosen = []
    for label, count in enumerate(in_proportion(np.bincount(like), total)):
        rows = np.flatnonzero(labels == label)
        chosen.append(rows[evenly(len(rows), count)])
    return np.sort(np.concatenate(chosen))


def labels_like(labels: np.ndarray, total: int) -> np.ndarray:
    """Returns `total` labels, int32, with the classes as often as in `labels`."""
    counts = in_proportion(np.bincount(labels), total)
    return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def spread(images: Images, most: int) -> np.ndarray:
    """Chooses at most `most` rows, with the classes, if any, as often as in all images."""
    if images.labels is None:
        return evenly(len(images), most)
    return rows_like(images.labels, images.labels, min(len(images), most))


def of_test(test: Split) -> Images:
    """Returns the test images that all are compared with: at most MOST_TEST_IMAGES."""
    labels = test.labels.numpy()
    return real(test, labels, min(len(labels), MOST_TEST_IMAGES))


def generated(run: TrainedRun, labels: np.ndarray, seed: int) -> Images:
    """Generates an image of each class in `labels` [N]; an unconditional run drops them."""
    return Images(run.sample(labels, seed), labels if run.config.conditional else None)


def real(split: Split, like: np.ndarray, total: int) -> Images:
    """Chooses images of a split, with the classes as often as in `like`.

    They are `total`, or as many as the class allows of which there are too few.
    """
    labels, counts = split.labels.numpy(), np.bincount(like)
    available = np.bincount(labels, minlength=len(counts))[: len(counts)]
    while (short := in_proportion(counts, total) > available).any():
        total = min(total - 1, (available[short] * len(like) // counts[short]).min())
    rows = rows_like(labels, like, total)
    return Images(split.array(), labels[rows], rows)


def memorised(train: Split, like: np.ndarray, total: int) -> Images:
    """Returns about `total` copies of the first image of each class, as often as in `like`.

    They show how bad the figures can be.  Without classes ten images are copied.
    """
    labels = train.labels.numpy()
    present, first = np.unique(labels, return_index=True)
    if len(present) == 1:
        return Images(train.array(), rows=np.resize(evenly(len(labels), 10), total))
    wanted = labels_like(like[np.isin(like, present)], total)
    return Images(train.array(), wanted, first[np.searchsorted(present, wanted)])
