import numpy as np
import tensorflow as tf

from dcgan_tf.data import pipeline
from dcgan_tf.data.splits import Split


def numbered(count):
    """Images whose every pixel is the image's number; labels the same number."""
    numbers = np.arange(count)
    images = np.zeros((count, 28, 28, 1), int) + numbers[:, None, None, None]
    return Split(tf.constant(images, tf.uint8), tf.constant(numbers, tf.int32))


def epoch_of(batches, number=0):
    """The (images, labels) of the epoch `number`, from 0, as arrays."""
    stream = batches.stream(number * batches.per_epoch).take(batches.per_epoch)
    return list(stream.as_numpy_iterator())


def labels_of(batches, number=0):
    return np.concatenate([labels for _, labels in epoch_of(batches, number)])


def test_batches_are_scaled_and_of_the_promised_types(few):
    for images, labels in pipeline.Batches(few, 16, seed=0).stream().take(3):
        assert images.shape == (16, 28, 28, 1)
        assert images.dtype == tf.float32
        assert labels.dtype == tf.int32
        assert (float(tf.reduce_min(images)), float(tf.reduce_max(images))) == (-1.0, 1.0)


def test_scaling():
    scaled = pipeline.scale(tf.constant([0, 51, 255], tf.uint8)).numpy()
    assert np.allclose(scaled, [-1.0, -0.6, 1.0], atol=1e-6)


def test_the_range_becomes_all_bytes():
    values = np.array([-1.0, -0.996, 0.0, 1.0, 1.001], np.float32)
    assert pipeline.to_uint8(values).tolist() == [0, 1, 128, 255, 255]


def test_every_byte_comes_back():
    every = np.arange(256, dtype=np.uint8)
    scaled = pipeline.scale(tf.constant(every)).numpy()
    assert np.array_equal(pipeline.to_uint8(scaled), every)


def test_an_epoch_has_every_image_at_most_once_and_no_partial_batch():
    batches = pipeline.Batches(numbered(50), 16, seed=0)
    assert batches.per_epoch == 3
    labels = labels_of(batches)
    assert len(labels) == 48
    assert len(set(labels.tolist())) == 48


def test_images_keep_their_labels():
    for images, labels in epoch_of(pipeline.Batches(numbered(50), 16, seed=0)):
        numbers = np.rint((images[:, 0, 0, 0] + 1) * 127.5)
        assert np.array_equal(numbers, labels)


def test_the_order_is_a_function_of_seed_and_epoch():
    orders = {
        (seed, epoch): labels_of(pipeline.Batches(numbered(50), 16, seed=seed), epoch)
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    again = labels_of(pipeline.Batches(numbered(50), 16, seed=1), 1)
    assert np.array_equal(orders[1, 1], again)
    assert len({order.tobytes() for order in orders.values()}) == 4


def test_a_stream_that_starts_within_an_epoch_goes_on_as_the_whole_one():
    batches = pipeline.Batches(numbered(50), 16, seed=0, max_translation=2)
    whole = list(batches.stream().take(8).as_numpy_iterator())
    rest = list(batches.stream(2).take(6).as_numpy_iterator())
    for expected, found in zip(whole[2:], rest, strict=True):
        assert np.array_equal(expected[0], found[0])
        assert np.array_equal(expected[1], found[1])


def imbalanced():
    """20 images of class 0, 7 of class 1, 3 of class 2; each image's value is its row."""
    labels = [0] * 20 + [1] * 7 + [2] * 3
    values = np.arange(30, dtype=np.uint8)[:, None, None, None]
    return Split(tf.constant(values), tf.constant(labels))


def drawn(batches, epochs):
    """The rows of each epoch, in order."""
    stream = batches.stream().take(epochs * batches.per_epoch)
    values = [np.rint((x.numpy() + 1) * 127.5)[:, 0, 0, 0] for x, _ in stream]
    return np.array(values, int).reshape(epochs, -1)


def test_uniform_batches_have_every_class_equally_often():
    batches = pipeline.Batches(imbalanced(), 15, seed=0, class_balance="uniform")
    labels = np.concatenate([y.numpy() for _, y in batches.stream().take(2)])
    assert np.bincount(labels).tolist() == [10, 10, 10]


def test_uniform_batches_repeat_an_image_only_when_its_class_is_through():
    rows = drawn(pipeline.Batches(imbalanced(), 30, seed=0, class_balance="uniform"), 20)
    for epoch in rows:
        counts = np.bincount(epoch, minlength=30)
        assert set(counts[:20]) == {0, 1}  # ten of twenty
        assert set(counts[20:27]) == {1, 2}  # seven ten times
        assert set(counts[27:]) == {3, 4}
    assert set(rows.ravel()) == set(range(30))  # others in each epoch
    assert len({tuple(epoch) for epoch in rows}) == 20


def test_a_uniform_order_is_a_function_of_seed_and_epoch():
    batches = pipeline.Batches(imbalanced(), 15, seed=3, class_balance="uniform")
    rows = drawn(batches, 3)
    third = [y.numpy() for _, y in batches.stream(4).take(2)]
    assert np.concatenate(third).tolist() == imbalanced().labels.numpy()[rows[2]].tolist()
    other = drawn(pipeline.Batches(imbalanced(), 15, seed=4, class_balance="uniform"), 3)
    assert rows.tolist() != other.tolist()


def test_images_that_stay_in_their_file_make_the_same_batches(tmp_path, few):
    path = tmp_path / "images.bin"
    path.write_bytes(few.images.numpy().tobytes())
    mapped = Split(np.memmap(path, np.uint8, "r", shape=(48, 28, 28, 1)), few.labels)
    assert mapped.fingerprint() == few.fingerprint()
    options = {"seed": 1, "max_translation": 2, "flip": True}
    for one, other in zip(
        pipeline.Batches(mapped, 16, **options).stream(2).take(4),
        pipeline.Batches(few, 16, **options).stream(2).take(4),
        strict=True,
    ):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])
