"""Pictures of every kind, whose pixels are known by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.spec import Target
from dcgan_tf.support import errors


def encoded(image, kind="PNG", **options):
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file


def colours(height=2, width=2):
    """Every pixel another colour."""
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3) * 7


def grey(*values, dtype=np.uint8):
    return Image.fromarray(np.array([values], dtype))


def in_grey(*values):
    """The same values in three channels."""
    return [[[value] * 3 for value in values]]


def transparent_palette():
    image = grey(0, 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    return encoded(image, transparency=0)


def animation():
    frames = [Image.new("RGB", (1, 1), colour) for colour in ("red", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


PALETTE = Image.fromarray(colours()).quantize(4)
# Sixteen bits: Pillow's own conversion clips at 255, which makes nearly everything white.
CASES = {
    **{
        kind: (encoded(colours(), kind), colours().tolist())
        for kind in ("PNG", "BMP", "TIFF", "PPM", "TGA")
    },
    "grey": (encoded(grey(0, 200)), in_grey(0, 200)),
    "palette": (encoded(PALETTE), np.asarray(PALETTE.convert("RGB")).tolist()),
    "transparent palette": (transparent_palette(), [[[255] * 3, [40, 50, 60]]]),
    "animation": (animation(), [[[255, 0, 0]]]),
    "16 bits": (encoded(grey(0, 257, 65_535, dtype=np.uint16)), in_grey(0, 1, 255)),
    "8 bits in 32": (encoded(grey(9, 255, dtype=np.int32), "TIFF"), in_grey(9, 255)),
    "CMYK": (encoded(Image.new("CMYK", (1, 1)), "JPEG"), in_grey(255)),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_picture_of_the_size_keeps_every_bit(kind):
    """Catches conversions that Keras's and TensorFlow's loaders get wrong."""
    file, expected = CASES[kind]
    assert picture.decode(file, Target(np.array(expected).shape[:2])).tolist() == expected


def test_what_is_transparent_is_white_and_half_of_it_half():
    """Keras's loader drops the alpha, and the hidden colour appears."""
    pixels = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)
    target = Target((1, 3))
    for made in (picture.decode(encoded(pixels), target), picture.fitted(pixels, target)):
        assert made[0, :2].tolist() == [[255] * 3, [0] * 3]
        assert abs(int(made[0, 2, 0]) - 127) <= 1


def test_alpha_stays_and_hidden_colours_neither_stay_nor_bleed():
    """Catches noise under full transparency, and edges in a colour that nobody sees."""
    pixels = np.zeros((2, 4, 4), np.uint8)
    pixels[..., :3] = np.random.default_rng(0).integers(0, 256, (2, 4, 3))  # hidden
    pixels[:, 0] = 200, 100, 40, 255
    pixels[0, 1] = 200, 100, 40, 255
    for read in (
        lambda target: picture.decode(encoded(pixels), target),
        lambda target: picture.fitted(pixels, target),
    ):
        whole = read(Target((2, 4), alpha=True))
        assert whole[0, 0].tolist() == [200, 100, 40, 255]
        assert (whole[:, 2:] == [255, 255, 255, 0]).all()
        half = read(Target((1, 2), alpha=True))
        assert np.abs(half[0, 0].astype(int) - [200, 100, 40, 191]).max() <= 1
        assert half[0, 1].tolist() == [255, 255, 255, 0]
        padded = read(Target((4, 4), "pad", alpha=True))
        assert (padded[[0, 3]] == [255, 255, 255, 0]).all()
        assert np.array_equal(padded[1:3], whole)
    palette = picture.decode(transparent_palette(), Target((1, 2), alpha=True))
    assert palette.tolist() == [[[255, 255, 255, 0], [40, 50, 60, 255]]]
    for image in (pixels[..., :3], pixels[..., 0], pixels):
        assert picture.in_channels(image, 4).shape == (2, 4, 4)
    assert (picture.in_channels(pixels[..., 0], 4)[..., 3] == 255).all()


def test_exif_turns_a_picture():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255  # the left half, which comes to the top
    file = encoded(pixels, exif=exif)
    assert picture.sizes([file, io.BytesIO(b"no picture")]) == {(16, 8): 1}
    turned = picture.decode(file, Target((16, 8)))
    assert (turned[:8].min(), turned[8:].max()) == (255, 0)


def test_smaller_pictures_are_means_over_areas_of_the_centre():
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[0, 2] = 200  # a quarter of the first of four areas
    pixels[:, :2] = pixels[:, 6:] = 255  # cropped
    made = picture.decode(encoded(pixels), Target((2, 2)))
    assert made[..., 0].tolist() == [[50, 0], [0, 0]]
    gradient = np.linspace(0, 255, 640).astype(np.uint8)
    pixels = np.repeat(np.tile(gradient, (640, 1))[..., None], 3, axis=-1)
    made = picture.decode(encoded(pixels, "JPEG"), Target((32, 32))).astype(int)
    expected = gradient.reshape(32, 20).mean(axis=1)
    assert np.abs(made[:, :, 0] - expected).max() < 3, "a JPEG is decoded smaller at once"


# A picture of four columns becomes a square of four or eight pixels a side.
FITTED = {
    ("crop", "smooth", 2): [[10, 20], [10, 20]],
    ("pad", "smooth", 4): [[255] * 4, [0, 10, 20, 30], [0, 10, 20, 30], [255] * 4],
    ("pad", "smooth", 2): [[5, 25], [255, 255]],
    ("crop", "nearest", 4): [[10, 10, 20, 20]] * 4,
    ("pad", "nearest", 8): [
        *[[255] * 8] * 2,
        *[[0, 0, 10, 10, 20, 20, 30, 30]] * 4,
        *[[255] * 8] * 2,
    ],
}


@pytest.mark.parametrize(("fit", "resample", "side"), FITTED)
def test_a_picture_that_is_no_square_is_cropped_or_padded(fit, resample, side):
    """Catches a picture that is stretched, and pixel art that is blurred."""
    pixels = np.tile(np.array([0, 10, 20, 30], np.uint8), (2, 1))
    made = picture.fitted(pixels, Target((side, side), fit, resample))
    assert made.tolist() == FITTED[fit, resample, side]


BROKEN = {
    "text": b"a text",
    "cut": encoded(colours(64, 64), "JPEG").getvalue()[:-300],
    "floating point": encoded(grey(1, dtype=np.float32), "TIFF").getvalue(),
    "32 bits": encoded(grey(70_000, dtype=np.int32), "TIFF").getvalue(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_says_why(content):
    with pytest.raises((OSError, ValueError), match=r"\w"):
        picture.decode(io.BytesIO(content), Target((2, 2)))


def test_a_picture_that_is_too_large_is_told_so(monkeypatch):
    """Catches Pillow's words for a scan of the user's, an attack."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3)
    with pytest.raises(Image.DecompressionBombError) as raised:
        picture.decode(encoded(colours(2, 4)), Target((2, 2)))
    told = errors.first_line(raised.value)
    assert told == "Image size (8 pixels) exceeds limit of 6 pixels"
