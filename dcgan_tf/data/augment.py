"""Augmentation: what happens to images before a discriminator sees them.

Gradients pass through (DiffAugment: Zhao et al. 2020).  What is random is drawn as whole
numbers, which are the same under XLA.
"""

import tensorflow as tf

from dcgan_tf.data import replicas

MOST_LIKELY = 0.8  # probability of an augmentation: at 1 no image would be as it is
# Real images for which a discriminator is too sure, until the probability is 1 higher.  ADA
# has five times as many, in runs forty times as long.
IMAGES_TO_CERTAIN = 100_000


def augment(
    images: tf.Tensor, seed: tf.Tensor, *, max_translation: int = 0, flip: bool = False
) -> tf.Tensor:
    """Moves and mirrors each of images float32 [B, H, W, C] at random, by seed [2].

    max_translation: the most pixels each way; the edge is repeated where pixels come in
    flip:            mirrors left to right with probability 1/2
    """
    if max_translation:
        ends = 2 * max_translation + 1
        images = _moved(images, _integers(images, 2, seed, ends) - max_translation)
    if flip:
        coins = _integers(images, 1, _folded(seed, 1), 2)[:, :, None, None]
        images = tf.where(coins == 1, tf.reverse(images, axis=[2]), images)
    return images


def augment_sometimes(
    images: tf.Tensor, seed: tf.Tensor, probability: tf.Tensor, *, policy: str
) -> tf.Tensor:
    """Augments images float32 [B, H, W, C], each in each way with a probability.

    policy: a key of POLICIES.  Where the probability is 0 nothing is computed.
    """

    def augmented():
        changed = images
        for number, way in enumerate(POLICIES[policy]):
            # Two draws of the way itself, and whether it is taken.
            draws = _integers(images, 3, _folded(seed, number), 2**16)
            first, second, third = tf.unstack(tf.cast(draws, images.dtype) / 2**16, axis=1)
            taken = tf.cast(third < tf.cast(probability, images.dtype), images.dtype)
            changed = way(changed, first, second, taken)
        return changed

    return tf.cond(probability > 0, augmented, lambda: images)


def next_probability(probability, accuracy, target: float, images: int) -> tf.Tensor:
    """Returns the probability after a step of so many real images (ADA, section 3).

    accuracy: the share of real images that the discriminator classified as real
    """
    change = tf.sign(accuracy - target) * (images / IMAGES_TO_CERTAIN)
    return tf.clip_by_value(probability + change, 0.0, MOST_LIKELY)


def _folded(seed, number: int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(seed, number, alg="philox")


def _integers(images, columns: int, seed: tf.Tensor, end: int) -> tf.Tensor:
    """Draws whole numbers from 0 to below `end`: [B, columns]."""
    shape = [tf.shape(images)[0], columns]
    return replicas.draw(tf.random.stateless_uniform, shape, seed, 0, end, tf.int32)


def _moved(images, offsets) -> tf.Tensor:
    """Moves images by offsets [B, 2] in pixels."""
    _, height, width, _ = images.shape
    rows = tf.clip_by_value(offsets[:, :1] + tf.range(height), 0, height - 1)  # [B, H]
    columns = tf.clip_by_value(offsets[:, 1:] + tf.range(width), 0, width - 1)
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def _moved_by_an_eighth(images, down, right, taken):
    most = min(images.shape[1:3]) // 8
    draws = tf.stack([down, right], axis=1) * (2 * most + 1)
    offsets = (tf.floor(draws) - most) * taken[:, None]
    return _moved(images, tf.cast(offsets, tf.int32))


def _with_a_hidden_square(images, down, right, taken):
    """Makes a part of half the height and width grey; its centre is anywhere."""
    _, height, width, _ = images.shape

    def near(centre, size):
        places = tf.range(size, dtype=images.dtype)
        return tf.abs(places - tf.floor(centre * size)[:, None]) < size // 4  # [B, size]

    hidden = near(down, height)[:, :, None] & near(right, width)[:, None, :]
    hidden = tf.cast(hidden, images.dtype) * taken[:, None, None]
    return images * (1 - hidden)[..., None]


def _in_colour(change):
    """Makes an augmentation of what changes colours by a draw [B, 1, 1, 1]."""

    def augmentation(images, first, second, taken):
        colours, others = images[..., :3], images[..., 3:]
        by = (first * taken)[:, None, None, None], taken[:, None, None, None]
        return tf.concat([change(colours, *by), others], axis=3)

    return augmentation


def _scaled(values, mean, factor):
    return mean + (values - mean) * factor


# By U(-0.5, 0.5); times U(0, 2) and times U(0.5, 1.5): what is taken is 0 or 1.
_brighter = _in_colour(lambda x, first, taken: x + first - taken / 2)
_saturated = _in_colour(
    lambda x, first, taken: _scaled(
        x, tf.reduce_mean(x, axis=3, keepdims=True), 1 + 2 * first - taken
    )
)
_contrasted = _in_colour(
    lambda x, first, taken: _scaled(
        x, tf.reduce_mean(x, axis=[1, 2, 3], keepdims=True), 1 + first - taken / 2
    )
)
_COLOURS = _brighter, _saturated, _contrasted  # of the first three channels

POLICIES = {
    "translation": (_moved_by_an_eighth,),
    "cutout": (_moved_by_an_eighth, _with_a_hidden_square),
    "colour": (*_COLOURS, _moved_by_an_eighth, _with_a_hidden_square),
}
