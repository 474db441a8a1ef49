import math

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from dcgan_tf.reporting import images


def test_image_number_i_lies_at_row_and_column():
    numbered = np.zeros((5, 2, 3, 1), np.uint8)
    numbered += np.arange(1, 6, dtype=np.uint8)[:, None, None, None]
    expected = np.repeat(np.repeat([[1, 2], [3, 4], [5, 0]], 2, axis=0), 3, axis=1)
    assert np.array_equal(images.grid(numbered, columns=2), expected)


def test_in_colour_a_grid_has_three_channels():
    coloured = np.arange(12, dtype=np.uint8).reshape(4, 1, 1, 3)
    expected = [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert images.grid(coloured, columns=2).tolist() == expected


@pytest.mark.parametrize("colour", [(), (3,)])
def test_an_enlarged_grid_has_grey_lines_between_its_images(colour):
    plain = np.array([[10, 20], [30, 40]], np.uint8)
    expected = [
        *[[10, 10, 10, 128, 128, 20, 20, 20]] * 3,
        *[[128] * 8] * 2,
        *[[30, 30, 30, 128, 128, 40, 40, 40]] * 3,
    ]
    if colour:
        plain, expected = (np.stack([a] * 3, axis=-1) for a in (plain, expected))
    enlarged = images.legible(plain, images.Layout(1, 1, columns=2), magnify=3)
    assert np.array_equal(enlarged, expected)


def test_images_that_keep_their_size_have_a_line_of_one_pixel_between_them():
    enlarged = images.legible(
        np.array([[10, 20]], np.uint8), images.Layout(1, 1, columns=2), magnify=1
    )
    assert enlarged.tolist() == [[10, 128, 20]]


def test_real_images_stay_beside_the_generated_ones():
    generated, real = np.full((2, 6), 10, np.uint8), np.full((2, 6), 20, np.uint8)
    layout = images.Layout(2, 2, columns=3, titles=("a", "b", "c"))
    enlarged = images.legible(images.beside(generated, real), layout, magnify=10)
    half = 3 * 20 + 2 * 2
    assert enlarged.shape[1] == 2 * half + 4 * 10
    assert (enlarged[:, half:-half] == 255).all()
    left, right = enlarged[:, :half], enlarged[:, -half:]
    assert np.array_equal(left[:-20], right[:-20])  # the same titles
    assert (left[-20:, :20] == 10).all()
    assert (right[-20:, :20] == 20).all()


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns", "magnification"),
    [
        (28, 28, 10, 10, 2),  # 560 wide
        (32, 32, 10, 10, 2),
        (64, 64, 10, 10, 1),  # is 640 wide
        (28, 28, 1, 4, 5),
        (28, 28, 1, 1, 20),
        (28, 28, 1, 20, 3),  # 112 high would be more than 2,000 wide
        (28, 28, 1, 16, 4),  # 112 high
        (128, 128, 10, 20, 1),
        (28, 28, 100, 10, 1),  # its area would be 3 million pixels
        (16, 32, 10, 10, 2),
    ],
)
def test_images_are_enlarged_until_they_are_easy_to_see(
    height, width, rows, columns, magnification
):
    plain = np.zeros((rows * height, columns * width), np.uint8)
    shown = images.legible(plain, images.Layout(height, width, columns)).shape
    gap = min(magnification, 2)
    assert shown == (
        rows * (height * magnification + gap) - gap,
        columns * (width * magnification + gap) - gap,
    )


@pytest.mark.parametrize(("title", "column"), [("7", 32), ("animals-nature", 64)])
def test_columns_are_wide_enough_for_names(title, column):
    plain = np.zeros((320, 640), np.uint8)
    enlarged = images.legible(plain, images.Layout(32, 32, 20, (title,) * 20))
    gap = column // 32
    assert enlarged.shape[1] == 20 * (column + gap) - gap


@pytest.mark.parametrize("columns", [1, 2, 7])
def test_each_title_stands_over_its_own_column(columns):
    """However long it is; a column without a title stays white."""
    titles = [""] * columns
    titles[columns // 2] = "a name that is far too long for a column of its width" * 2
    layout = images.Layout(4, 4, columns, tuple(titles))
    plain = np.zeros((4, 4 * columns), np.uint8)
    strip = images.legible(plain, layout, magnify=16)[: -4 * 16]
    assert strip.shape[0] >= 16
    inked = np.flatnonzero((strip < 128).any(axis=0))
    left = columns // 2 * (4 * 16 + 2)
    assert left <= inked.min() < left + 12
    assert left + 4 * 16 - 16 <= inked.max() < left + 4 * 16


def test_a_title_is_a_name_or_where_the_font_lacks_a_letter_its_number(small):
    names = ["cat", "café", "日本", "two\nlines", "", *"56789"]
    config = small("cgan").model_copy(update={"class_names": names})
    layout = images.Layout.of(config, [4, 3, 2, 1, 0, 0])
    assert layout.titles == ("4", "3", "2", "cafe", "cat", "cat")
    assert (layout.height, layout.width, layout.columns) == (28, 28, 6)


def test_a_frame_has_the_classes_of_the_preview_over_it(small):
    assert images.Layout.of_preview(small("cgan")).titles == tuple("0123456789")
    chosen = small("cgan", preview_classes="7,1")
    assert images.Layout.of_preview(chosen) == images.Layout(28, 28, 2, ("7", "1"))
    assert images.Layout.of_preview(small("dcgan")) == images.Layout(28, 28, 10)


@pytest.mark.parametrize("shape", [(28, 55), (27, 56), (28, 28), (56, 112)])
def test_what_is_no_grid_of_a_layout_is_refused(shape):
    with pytest.raises(ValueError, match="are no grid of"):
        images.legible(np.zeros(shape, np.uint8), images.Layout(28, 28, 2))


ONE = images.Layout(8, 8, columns=1)  # of the frames of `write_frames`
SCALE = 70  # what makes such a frame 560 pixels wide


def write_frames(folder, epochs):
    folder.mkdir(exist_ok=True)
    for epoch in epochs:
        pixels = np.zeros((8, 8), np.uint8)
        pixels[epoch // 8 % 8, epoch % 8] = 255
        images.write_png(images.frame_file(folder, "epoch", epoch), pixels)


def lit(pixels):
    """The number of the frame that `write_frames` lit."""
    row, column = np.argwhere(pixels[::SCALE, ::SCALE, 0] > 127)[0]
    return int(row * 8 + column)


def gif(path):
    with Image.open(path) as image:
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            durations.append(image.info["duration"])
        return durations, image.info.get("loop")


def test_the_gif_has_the_frames_in_order_and_loops(tmp_path):
    write_frames(tmp_path / "samples", [10, 2, 0, 1, 9])
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE)
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [0, 1, 2, 9, 10]
    assert gif(tmp_path / "training.gif") == ([1500, 150, 150, 150, 1500], 0)


def test_a_run_stopped_in_its_first_epoch_has_a_gif_of_one_frame(tmp_path):
    write_frames(tmp_path / "samples", [0])
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE)
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [0]


def test_frames_that_are_alike_keep_their_time(tmp_path):
    """Pillow merges them into one: the GIF may have fewer frames, but lasts as long."""
    for epoch in range(4):
        write_frames(tmp_path / "samples", [0])
        source = images.frame_file(tmp_path / "samples", "epoch", 0)
        copy = images.frame_file(tmp_path / "samples", "epoch", epoch)
        copy.write_bytes(source.read_bytes())
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE)
    assert sum(gif(tmp_path / "training.gif")[0]) == 1500 + 150 + 150 + 1500


def test_the_gif_is_thinned_evenly_and_keeps_both_ends(tmp_path):
    write_frames(tmp_path / "samples", range(41))
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE, most=5)
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [0, 10, 20, 30, 40]


def test_frames_sort_by_number_and_those_beyond_go(tmp_path):
    write_frames(tmp_path, [0, 9999, 10_000])
    (tmp_path / "epoch_notes.png").touch()
    assert list(images.frames(tmp_path)) == [0, 9999, 10_000]
    images.remove_frames(tmp_path, beyond=9999)
    assert list(images.frames(tmp_path)) == [0, 9999]


@pytest.mark.parametrize(
    ("numbers", "every", "kept", "left"),
    [
        (range(5), 1, 5, [0, 1, 2, 3, 4]),
        (range(6), 1, 5, [0, 2, 4, 5]),
        (range(18), 1, 4, [0, 8, 16, 17]),
        (range(0, 1300, 200), 200, 5, [0, 400, 800, 1200]),
        ([0, 1], 1, 2, [0, 1]),
        (range(10), 1, 2, [0, 9]),
    ],
)
def test_frames_are_thinned_evenly(tmp_path, numbers, every, kept, left):
    for number in numbers:
        images.frame_file(tmp_path, "epoch", number).touch()
    images.thin_frames(tmp_path, every=every, kept=kept)
    assert list(images.frames(tmp_path)) == left


def test_thinning_as_a_run_goes_leaves_what_thinning_at_its_end_leaves(tmp_path):
    """A run that was killed thins at other times than one that was not."""
    for number in range(100):
        images.frame_file(tmp_path, "epoch", number).touch()
        images.thin_frames(tmp_path, every=1, kept=7)
        assert len(images.frames(tmp_path)) <= 7
    assert list(images.frames(tmp_path)) == [0, 32, 64, 96, 99]


def test_a_damaged_frame_is_left_out_of_the_gif(tmp_path):
    write_frames(tmp_path / "samples", range(6))
    damaged = [images.frame_file(tmp_path / "samples", "epoch", n) for n in range(4)]
    content = damaged[0].read_bytes()
    damaged[0].write_bytes(content[: len(content) // 2])
    damaged[1].write_bytes(b"")
    damaged[2].write_bytes(b"text")
    images.write_png(damaged[3], np.zeros((9, 9), np.uint8))
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE)
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [4, 5]


@pytest.mark.parametrize(("most", "times", "fewer"), [(200_000, 9, 0), (5_000, 1, 5)])
def test_a_gif_has_at_most_a_megabyte_and_keeps_both_ends(
    tmp_path, monkeypatch, most, times, fewer
):
    """Of 20 frames of noise: made less large first, then fewer."""
    monkeypatch.setattr(images, "MOST_GIF_BYTES", most)
    rng = np.random.default_rng(0)
    written = rng.integers(0, 256, (20, 28, 28), np.uint8)
    written[0], written[-1] = 0, 255
    for epoch, pixels in enumerate(written):
        images.write_png(images.frame_file(tmp_path, "epoch", epoch), pixels)
    path = tmp_path / "training.gif"
    images.write_gif(path, tmp_path, images.Layout(28, 28, 1))
    frames = iio.imread(path)
    assert path.stat().st_size <= most
    assert 28 * times <= frames.shape[1] < 560
    assert 3 < len(frames) <= 20 - fewer
    assert not frames[0].any()
    assert frames[-1].min() > 255 - images.TOLERANCE - 5


def test_grey_levels_are_hardly_changed_in_the_gif(tmp_path):
    """To the nearest of 32."""
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for epoch, pixels in enumerate((levels, levels.T)):
        images.write_png(images.frame_file(tmp_path, "epoch", epoch), pixels)
    images.write_gif(tmp_path / "training.gif", tmp_path, images.Layout(16, 16, 1))
    frames = iio.imread(tmp_path / "training.gif")[:, ::35, ::35, 0]
    off = abs(frames.astype(int) - np.stack([levels, levels.T]))
    assert off[0].max() <= 5
    assert off[1].max() <= 5 + images.TOLERANCE
    assert (frames.min(), frames.max()) == (0, 255)


def test_colours_do_not_flicker_in_the_gif(tmp_path):
    """What does not change looks the same in all frames, whatever stands beside it."""
    rng = np.random.default_rng(0)
    ramp = np.zeros((16, 16, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.mgrid[:256:16, :256:16]
    for epoch in range(12):
        other = rng.integers(0, 21 * (epoch + 1), (16, 16, 3), np.uint8)
        frame = np.concatenate([ramp, other], axis=1)
        images.write_png(images.frame_file(tmp_path, "epoch", epoch), frame)
    layout = images.Layout(16, 16, 2, ("same", "other"))
    images.write_gif(tmp_path / "training.gif", tmp_path, layout)
    frames = iio.imread(tmp_path / "training.gif").astype(int)
    assert frames.shape[0] == 12
    strip = frames.shape[1] - 16 * 18
    assert (frames[:, :, : 16 * 18] == frames[:1, :, : 16 * 18]).all()
    shown = frames[0, strip:][9::18, 9 : 16 * 18 : 18]
    assert abs(shown - ramp).mean() < 16
    assert (frames[0, :strip] == 255).all(axis=-1).mean() > 0.8  # titles on white
    assert (frames[0, :strip] < 64).all(axis=-1).any()


def test_a_gif_of_large_frames_has_fewer_of_them(tmp_path, monkeypatch):
    write_frames(tmp_path / "samples", range(41))
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE)
    height, width = iio.imread(tmp_path / "training.gif").shape[1:3]
    monkeypatch.setattr(images, "MOST_GIF_PIXELS", 5 * height * width)
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples", ONE)
    frames = [lit(frame) for frame in iio.imread(tmp_path / "training.gif")]
    assert frames == [0, 10, 20, 30, 40]


def test_a_colour_in_the_gif_is_what_it_was_until_it_changes_visibly(tmp_path):
    """By 10 levels, then by 10 more."""
    for epoch, level in enumerate((100, 110, 120, 130)):
        pixels = np.zeros((16, 16, 3), np.uint8)
        pixels[..., 1] = level
        pixels[0, epoch] = 255
        images.write_png(images.frame_file(tmp_path, "epoch", epoch), pixels)
    images.write_gif(tmp_path / "training.gif", tmp_path, images.Layout(16, 16, 1))
    shown = iio.imread(tmp_path / "training.gif")[:, 300, 300]
    assert shown.tolist() == [[0, level, 0] for level in (100, 100, 120, 120)]


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_a_frame_is_read_as_it_was_written(tmp_path, shape):
    pixels = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    images.write_png(tmp_path / "frame.png", pixels)
    assert np.array_equal(images.read_frame(tmp_path / "frame.png"), pixels)


def test_a_frame_with_transparency_is_none_of_ours(tmp_path):
    iio.imwrite(tmp_path / "frame.png", np.zeros((8, 8, 4), np.uint8))
    assert images.read_frame(tmp_path / "frame.png") is None
