import numpy as np
import tensorflow as tf

from dcgan_tf import datasets, drawing, gans


def test_columns_are_classes_and_rows_are_noise_vectors(small, few):
    config = small("acgan")
    gan = gans.build(config)
    preview = drawing.Preview(gan, config, few)
    assert preview.draw().shape == (280, 280)
    noise, labels = preview._noise.numpy(), preview._labels.numpy()
    assert labels.reshape(10, 10).tolist() == [list(range(10))] * 10
    rows = noise.reshape(10, 10, -1)
    assert (rows == rows[:, :1]).all()
    assert len(np.unique(rows[:, 0], axis=0)) == 10


def test_without_labels_every_image_has_its_own_noise(small, few):
    config = small("dcgan")
    preview = drawing.Preview(gans.build(config), config, few)
    assert len(np.unique(preview._noise, axis=0)) == 100


def test_the_noise_is_the_seeds_alone(small, few):
    config = small("cgan")
    gans_of_one_run = [gans.build(config) for _ in range(2)]
    first, second = (drawing.Preview(gan, config, few)._noise for gan in gans_of_one_run)
    assert np.array_equal(first, second)


def test_drawing_in_blocks_is_drawing_at_once(small, monkeypatch):
    config = small("cgan")
    gan = gans.build(config)
    noise = gan.draw_noise(7, [0, 0])
    labels = tf.range(7)
    whole = drawing.draw(gan, noise, labels)
    monkeypatch.setattr(drawing, "BLOCK", 3)
    blocks = drawing.draw(gan, noise, labels)
    assert whole.shape == (7, 28, 28, 1)
    # Another block size may round a pixel the other way.
    assert abs(whole.astype(int) - blocks).max() <= 1


def test_a_class_with_too_few_real_images_leaves_black(small, digits):
    """Two of the first class, in a grid of three rows."""
    twos = np.flatnonzero(digits.labels.numpy() == 0)[:2]
    split = datasets.Split(tf.gather(digits.images, twos), tf.gather(digits.labels, twos))
    config = small("acgan", sample_real=True, sample_rows=3)
    pixels = drawing.Preview(gans.build(config), config, split).draw()[:, 284:]
    assert pixels[:56, :28].any()
    assert not pixels[56:, :28].any()
    assert not pixels[:, 28:].any()


def test_real_images_of_the_same_classes_stand_beside(small, digits):
    config = small("acgan", sample_real=True, sample_rows=3)
    pixels = drawing.Preview(gans.build(config), config, digits).draw()
    assert pixels.shape == (3 * 28, 280 + 4 + 280)
    assert (pixels[:, 280:284] == 255).all()
    labels = digits.labels.numpy()
    for row in range(3):
        for column in range(10):
            shown = pixels[row * 28 :, 284 + column * 28 :][:28, :28]
            image = digits.images.numpy()[np.flatnonzero(labels == column)[row], ..., 0]
            assert np.array_equal(shown, image)
