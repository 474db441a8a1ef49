import numpy as np
import tensorflow as tf

from dcgan_tf.config import resolve
from dcgan_tf.data.splits import Split
from dcgan_tf.gans import build
from dcgan_tf.gans import gan as gan_module
from dcgan_tf.reporting.preview import Preview


def preview(config, real=None):
    """The preview of a new gan, as the loop makes it."""
    return Preview(
        build.build(config),
        labels=resolve.preview_labels(config) if config.conditional else None,
        rows=config.preview_rows,
        seed=config.seed,
        real=real if config.preview_real else None,
    )


def rendered(made):
    return made.render(made.generate())


def test_columns_are_classes_and_rows_are_latents(small):
    made = preview(small("acgan"))
    assert made.generate().shape == (100, 28, 28, 1)
    assert rendered(made).shape == (280, 280)
    latents, labels = made._latents.numpy(), made._labels.numpy()
    assert labels.reshape(10, 10).tolist() == [list(range(10))] * 10
    rows = latents.reshape(10, 10, -1)
    assert (rows == rows[:, :1]).all()
    assert len(np.unique(rows[:, 0], axis=0)) == 10


def test_columns_may_be_some_of_the_classes(small):
    made = preview(small("acgan", preview_classes="7,1,7", preview_rows=2))
    assert made.columns == 3
    assert made._labels.numpy().tolist() == [7, 1, 7] * 2
    shown = made.generate().reshape(2, 3, 28, 28, 1)
    assert np.array_equal(shown[:, 0], shown[:, 2])
    assert not np.array_equal(shown[:, 0], shown[:, 1])
    assert made.render(made.generate()).shape == (2 * 28, 3 * 28)


def test_the_latents_are_the_same_as_ever(small):
    """Of run (seed 3), whose frames of before must be those of today: by hand."""
    made = preview(small("cgan", seed=3))
    expected = tf.random.stateless_normal([100, made._latents.shape[1]], [3, -1])
    assert np.array_equal(made._latents, np.repeat(expected[:10], 10, axis=0))


def test_colour_and_any_size(small):
    config = small("cgan").model_copy(update={"height": 16, "width": 32, "channels": 3})
    made = preview(config)
    assert made.generate().shape == (100, 16, 32, 3)
    assert rendered(made).shape == (160, 320, 3)


def test_without_labels_every_image_has_latents_of_its_own(small):
    made = preview(small("dcgan", preview_rows=4))
    assert len(np.unique(made._latents, axis=0)) == 40
    assert rendered(made).shape == (112, 280)


def test_the_latents_are_the_seeds_alone(small):
    first, second, other = (
        preview(small("cgan", seed=seed))._latents for seed in (3, 3, 4)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_generating_in_blocks_is_generating_at_once(small, monkeypatch):
    gan = build.build(small("cgan"))
    latents = gan.sample_latents(7, [0, 0])
    labels = tf.range(7)
    whole = gan.generate(latents, labels)
    monkeypatch.setattr(gan_module, "BLOCK", 3)
    blocks = gan.generate(latents, labels)
    assert whole.shape == (7, 28, 28, 1)
    assert whole.dtype == np.uint8
    # Another block size may round a pixel the other way.
    assert abs(whole.astype(int) - blocks).max() <= 1


def test_a_class_with_too_few_real_images_leaves_black(small, digits):
    """Two of the first class, in a grid of three rows."""
    zeros = np.flatnonzero(digits.labels.numpy() == 0)[:2]
    split = Split(tf.gather(digits.images, zeros), tf.gather(digits.labels, zeros))
    config = small("acgan", preview_real=True, preview_rows=3)
    pixels = rendered(preview(config, split))[:, 284:]
    assert pixels[:56, :28].any()
    assert not pixels[56:, :28].any()
    assert not pixels[:, 28:].any()


def test_real_images_of_the_same_classes_stand_beside(small, digits):
    config = small("acgan", preview_real=True, preview_rows=3)
    pixels = rendered(preview(config, digits))
    assert pixels.shape == (3 * 28, 280 + 4 + 280)
    assert (pixels[:, 280:284] == 255).all()
    labels = digits.labels.numpy()
    for row in range(3):
        for column in range(10):
            shown = pixels[row * 28 :, 284 + column * 28 :][:28, :28]
            image = digits.images.numpy()[np.flatnonzero(labels == column)[row], ..., 0]
            assert np.array_equal(shown, image)
