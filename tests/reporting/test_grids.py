"""Grids: where each image lies, which images a run shows, and what is added for people."""

import types

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.pipeline import Split
from dcgan_tf.reporting import grids


def test_image_number_i_lies_at_row_and_column():
    numbered = np.zeros((5, 2, 3, 1), np.uint8)
    numbered += np.arange(1, 6, dtype=np.uint8)[:, None, None, None]
    expected = np.repeat(np.repeat([[1, 2], [3, 4], [5, 0]], 2, axis=0), 3, axis=1)
    assert np.array_equal(grids.grid(numbered, columns=2), expected)
    coloured = np.arange(12, dtype=np.uint8).reshape(4, 1, 1, 3)
    expected = [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert grids.grid(coloured, columns=2).tolist() == expected


@pytest.mark.parametrize("colour", [(), (3,)])
def test_an_enlarged_grid_has_grey_lines_between_its_images(colour):
    plain = np.array([[10, 20], [30, 40]], np.uint8)
    expected = np.full((8, 8), 128)
    for place, level in np.ndenumerate(plain):
        top, left = 5 * np.array(place)
        expected[top : top + 3, left : left + 3] = level
    if colour:
        plain, expected = (np.stack([a] * 3, axis=-1) for a in (plain, expected))
    enlarged = grids.legible(plain, grids.Layout(1, 1, columns=2), magnify=3)
    assert np.array_equal(enlarged, expected)


def test_transparent_images_are_shown_on_a_checkerboard():
    """A plain grid keeps its four channels; people see squares of four pixels behind it."""
    images = np.zeros((2, 8, 8, 4), np.uint8)
    images[..., :3], images[1, ..., 3], images[0, 0, 0] = 10, 255, (0, 0, 0, 51)
    plain = grids.grid(images, columns=2)
    assert (plain.shape, plain[0, 0].tolist()) == ((8, 16, 4), [0, 0, 0, 51])
    shown = grids.legible(plain, grids.Layout(8, 8, columns=2), magnify=1)
    assert shown.shape == (8, 17, 3)
    assert (shown[:, 9:] == 10).all()
    assert shown[0, :8, 0].tolist() == [163, *[204] * 3, *[255] * 4]
    assert shown[4, :8, 0].tolist() == [*[255] * 4, *[204] * 4]


def test_real_images_stay_beside_the_generated_ones():
    generated, real = np.full((2, 6), 10, np.uint8), np.full((2, 6), 20, np.uint8)
    layout = grids.Layout(2, 2, columns=3, titles=("a", "b", "c"))
    enlarged = grids.legible(grids.beside(generated, real), layout, magnify=10)
    half = 3 * 20 + 2 * 2
    assert enlarged.shape[1] == 2 * half + 4 * 10
    assert (enlarged[:, half:-half] == 255).all()
    left, right = enlarged[:, :half], enlarged[:, -half:]
    assert np.array_equal(left[:-20], right[:-20])  # the same titles
    assert (left[-20:, :20] == 10).all()
    assert (right[-20:, :20] == 20).all()


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns", "title", "times"),
    [
        (28, 28, 10, 10, None, 2),  # 560 wide
        (28, 28, 1, 20, None, 3),  # 112 high would be more than 2,000 wide
        (28, 28, 1, 16, None, 4),  # 112 high
        (28, 28, 100, 10, None, 1),  # its area would be 3 million pixels
        (32, 32, 10, 20, "7", 1),
        (32, 32, 10, 20, "animals-nature", 2),  # columns of 64 pixels
    ],
)
def test_images_are_enlarged_until_they_and_titles_are_easy_to_see(
    height, width, rows, columns, title, times
):
    plain = np.zeros((rows * height, columns * width), np.uint8)
    layout = grids.Layout(height, width, columns, title and (title,) * columns)
    high, wide = grids.legible(plain, layout).shape
    gap = min(times, 2)
    assert wide == columns * (width * times + gap) - gap
    assert title or high == rows * (height * times + gap) - gap


def test_a_layout_has_titles_that_the_font_has_and_knows_its_grids(small):
    """A class whose name has a letter that the font lacks is shown by its number."""
    names = ["cat", "café", "日本", "two\nlines", "", *"56789"]
    config = small("cgan").model_copy(update={"class_names": names})
    layout = grids.Layout.of(config, [4, 3, 2, 1, 0, 0])
    assert layout.titles == ("4", "3", "2", "cafe", "cat", "cat")
    assert (layout.height, layout.width, layout.columns) == (28, 28, 6)
    for shape in ((28, 55), (27, 56), (28, 28), (56, 112)):  # other classes were shown then
        assert grids.Layout(28, 28, 2).split(np.zeros(shape, np.uint8)) == []


def preview(labels, rows, seed=3, real=None):
    """A preview of images of 2x3 pixels in two levels: first latent and class."""

    def generate(latents, labels):
        images = np.zeros((len(latents), 2, 3, 1), np.uint8)
        images[:, 0] = np.clip(100 * latents[:, :1] + 100, 0, 255)[..., None]
        images[:, 1] = np.asarray(labels)[:, None, None]
        return images

    normal = tf.random.stateless_normal
    gan = types.SimpleNamespace(
        sample_latents=lambda count, seed: normal([count, 5], seed), generate=generate
    )
    config = types.SimpleNamespace(
        **dict(seed=seed, preview_rows=rows, preview_real=bool(real)),
        **dict(conditional=bool(labels), names="0123456789"),
        preview_classes=",".join(map(str, labels or [])),
    )
    return grids.Preview(gan, config, real)


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("labels", [[7, 1, 7], None])
def test_columns_are_classes_and_rows_the_latents_as_ever(labels, seed):
    """Frames of a resume are of the same latents; without classes no latents are shared."""
    shown = preview(labels, rows=4, seed=seed)
    columns = len(labels or range(10))
    latents = tf.random.stateless_normal([4 * columns, 5], [seed, -1])[:, 0].numpy()
    latents = np.repeat(latents[:4], 3) if labels else latents
    pixels = shown.render(shown.generate())
    levels = np.clip(100 * latents + 100, 0, 255).astype(np.uint8).reshape(4, columns)
    assert np.array_equal(pixels[::2, ::3], levels)
    assert pixels[1::2, ::3].tolist() == [labels or list(range(10))] * 4


def test_real_images_of_the_same_classes_stand_beside():
    """The first of each class in the rows' order; black where a class has too few."""
    images = np.zeros((6, 2, 3, 1), np.uint8)
    images += np.arange(10, 16, dtype=np.uint8)[:, None, None, None]
    real = Split(tf.constant(images), tf.constant([1, 0, 1, 1, 2, 1]))
    shown = preview([0, 1], rows=3, real=real)
    pixels = shown.render(shown.generate())
    assert pixels.shape == (3 * 2, 2 * 3 + 4 + 2 * 3)
    assert (pixels[:, 6:10] == 255).all()
    expected = [[11, 10], [0, 12], [0, 13]]
    assert pixels[::2, 10::3].tolist() == pixels[1::2, 12::3].tolist() == expected
