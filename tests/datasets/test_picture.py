import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.datasets import picture


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def colours(height=2, width=2):
    """Every pixel another colour."""
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3) * 7


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_lossless_pictures_of_the_size_keep_every_bit(kind):
    pixels = colours()
    content = encoded(Image.fromarray(pixels), kind)
    assert picture.decode(content, (2, 2)).tolist() == pixels.tolist()


def test_grey_becomes_three_equal_channels():
    content = encoded(Image.fromarray(np.array([[0, 200]], np.uint8)))
    assert picture.decode(content, (1, 2)).tolist() == [[[0] * 3, [200] * 3]]


def test_a_palette_becomes_its_colours():
    image = Image.fromarray(colours()).quantize(4)
    expected = np.asarray(image.convert("RGB"))
    assert picture.decode(encoded(image), (2, 2)).tolist() == expected.tolist()


def test_what_is_transparent_is_white_and_half_of_it_half():
    """Keras's loader drops the alpha, and the hidden colour appears."""
    pixels = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)
    found = picture.decode(encoded(Image.fromarray(pixels)), (1, 3))
    assert found[0, 0].tolist() == [255] * 3
    assert found[0, 1].tolist() == [0] * 3
    assert abs(int(found[0, 2, 0]) - 127) <= 1


def test_a_transparent_palette_colour_is_white():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    found = picture.decode(encoded(image, transparency=0), (1, 2))
    assert found.tolist() == [[[255] * 3, [40, 50, 60]]]


def test_sixteen_bits_become_eight():
    """Pillow's own conversion clips at 255, which makes nearly everything white."""
    content = encoded(Image.fromarray(np.array([[0, 257, 65_535, 25_700]], np.uint16)))
    assert picture.decode(content, (1, 4))[..., 0].tolist() == [[0, 1, 255, 100]]


def test_exif_turns_a_picture():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255  # the left half, which comes to the top
    content = encoded(Image.fromarray(pixels), exif=exif)
    assert picture.upright_size(content) == (16, 8)
    found = picture.decode(content, (16, 8))
    assert found[:8].min() == 255
    assert found[8:].max() == 0


def test_cmyk_is_read():
    content = encoded(Image.new("CMYK", (4, 4), (0, 0, 0, 0)), "JPEG")
    assert picture.decode(content, (4, 4)).min() > 250


def test_an_animation_is_its_first_frame():
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert picture.decode(content, (2, 2))[0, 0].tolist() == [255, 0, 0]


def test_smaller_pictures_are_means_over_areas():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0, 0] = 200  # a quarter of the first of four
    found = picture.decode(encoded(Image.fromarray(pixels)), (2, 2))
    assert found[..., 0].tolist() == [[50, 0], [0, 0]]


def test_the_centre_is_cropped():
    pixels = np.zeros((2, 6, 3), np.uint8)
    pixels[:, 2:4] = 255
    assert picture.decode(encoded(Image.fromarray(pixels)), (2, 2)).min() == 255


@pytest.mark.parametrize("large", [True, False])
def test_a_large_jpeg_is_about_what_it_is_when_decoded_whole(large):
    gradient = np.linspace(0, 255, 640).astype(np.uint8)
    pixels = np.repeat(np.tile(gradient, (640, 1))[..., None], 3, axis=-1)
    content = encoded(Image.fromarray(pixels), "JPEG" if large else "PNG")
    found = picture.decode(content, (32, 32)).astype(int)
    expected = gradient.reshape(32, 20).mean(axis=1)
    assert np.abs(found[:, :, 0] - expected).max() < 3


def test_eight_bits_in_a_picture_of_32_stay(tmp_path):
    content = encoded(Image.fromarray(np.array([[0, 100, 255]], np.int32)), "TIFF")
    assert picture.decode(content, (1, 3))[..., 0].tolist() == [[0, 100, 255]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a text",
        encoded(Image.fromarray(colours(64, 64)), "JPEG")[:-300],
        encoded(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"),
        encoded(Image.fromarray(np.full((2, 2), 70_000, np.int32)), "TIFF"),
    ],
    ids=["empty", "text", "cut", "floating point", "32 bits"],
)
def test_what_cannot_be_read_says_why(content):
    with pytest.raises(ValueError, match=r"\w"):
        picture.decode(content, (2, 2))


@pytest.mark.parametrize("kind", ["AVIF", "WEBP", "PNG", "JPEG", "GIF", "TIFF"])
def test_a_damaged_picture_is_read_or_says_why(kind):
    """Pillow's readers raise more kinds of errors than it documents."""
    content = encoded(Image.fromarray(colours(32, 32)), kind)
    for place in range(0, len(content), 11):
        damaged = bytearray(content)
        damaged[place] ^= 255
        with contextlib.suppress(ValueError):
            assert picture.decode(bytes(damaged), (16, 16)).shape == (16, 16, 3)
