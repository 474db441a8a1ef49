"""The files of frames, how they are thinned, and the GIF of them."""

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from dcgan_tf.reporting import frames, grids

ONE = grids.Layout(8, 8, columns=1)  # of the frames of `write_lit`
SCALE = 70  # makes such a frame 560 pixels wide


def write(folder, written):
    """Writes arrays as the frames of epochs 0, 1, 2 ..."""
    for epoch, pixels in enumerate(written):
        grids.write_png(frames.path_of(folder, "epoch", epoch), pixels)


def write_lit(folder, epochs):
    """Writes frames of which a pixel tells the number."""
    for epoch in epochs:
        pixels = np.eye(1, 64, epoch % 64, np.uint8).reshape(8, 8) * 255
        grids.write_png(frames.path_of(folder, "epoch", epoch), pixels)


def gif(folder, layout=ONE, **more):
    """The frames of the GIF of a folder."""
    frames.write_gif(folder / "training.gif", folder, layout, **more)
    return iio.imread(folder / "training.gif")


def lit(shown):
    """The numbers of the frames that `write_lit` wrote."""
    places = [np.argwhere(frame[::SCALE, ::SCALE, 0] > 127)[0] for frame in shown]
    return [int(row * 8 + column) for row, column in places]


def durations(path):
    with Image.open(path) as image:
        return [image.seek(i) or image.info["duration"] for i in range(image.n_frames)]


@pytest.mark.parametrize(
    ("numbers", "every", "keep", "left"),
    [
        (range(5), 1, 5, [0, 1, 2, 3, 4]),
        (range(6), 1, 5, [0, 2, 4, 5]),
        (range(100), 1, 7, [0, 32, 64, 96, 99]),
        (range(0, 1300, 200), 200, 5, [0, 400, 800, 1200]),
        ([0, 1], 1, 2, [0, 1]),
        (range(10), 1, 2, [0, 9]),
    ],
)
@pytest.mark.parametrize("killed", [True, False])
def test_frames_are_thinned_evenly(tmp_path, numbers, every, keep, left, killed):
    """A run that was killed thins at other times than one that was not."""
    for number in numbers:
        frames.path_of(tmp_path, "epoch", number).touch()
        if not killed or number == numbers[-1]:
            frames.thin(tmp_path, every=every, keep=keep)
            assert len(frames.paths(tmp_path)) <= keep
    assert list(frames.paths(tmp_path)) == left


def test_the_gif_loops_over_the_frames_that_fit_evenly_with_both_ends(
    tmp_path, monkeypatch
):
    """At most 100, or what memory holds where they are large; Pillow merges frames that are
    alike, but they last as long.
    """
    frames.write_gif(tmp_path / "training.gif", tmp_path, ONE)
    assert not (tmp_path / "training.gif").exists()  # a run stopped in its first epoch
    write_lit(tmp_path, [0])
    assert lit(gif(tmp_path)) == [0]
    write_lit(tmp_path, [10, 2, 1, 9])
    assert lit(gif(tmp_path)) == [0, 1, 2, 9, 10]
    assert durations(tmp_path / "training.gif") == [1500, 150, 150, 150, 1500]
    with Image.open(tmp_path / "training.gif") as image:
        assert image.info["loop"] == 0
    write_lit(tmp_path, range(41))
    assert lit(gif(tmp_path, most=5)) == [0, 10, 20, 30, 40]
    monkeypatch.setattr(frames, "MOST_PIXELS", 5 * (8 * SCALE) ** 2)
    assert lit(gif(tmp_path)) == [0, 10, 20, 30, 40]
    write(tmp_path, np.zeros((41, 8, 8), np.uint8))
    gif(tmp_path)
    assert sum(durations(tmp_path / "training.gif")) == 1500 + 3 * 150 + 1500


def test_a_frame_that_is_damaged_or_of_another_size_is_left_out_of_the_gif(tmp_path):
    write_lit(tmp_path, range(6))
    torn, empty, text, large, *_ = frames.paths(tmp_path).values()
    torn.write_bytes(torn.read_bytes()[:40])
    empty.write_bytes(b"")
    text.write_bytes(b"text")
    grids.write_png(large, np.zeros((16, 8), np.uint8))
    assert lit(gif(tmp_path)) == [4, 5]


def test_colours_do_not_flicker_in_the_gif(tmp_path):
    """What does not change looks the same in all frames, whatever stands beside it."""
    rng = np.random.default_rng(0)
    ramp = np.zeros((16, 16, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.mgrid[:256:16, :256:16]
    others = (rng.integers(0, 21 * (n + 1), (16, 16, 3), np.uint8) for n in range(12))
    write(tmp_path, (np.concatenate([ramp, other], axis=1) for other in others))
    layout = grids.Layout(16, 16, 2, ("same", "other"))
    shown = gif(tmp_path, layout).astype(int)[:, :, : 16 * 18]
    assert len(shown) == 12
    assert (shown == shown[:1]).all()
    titles, pixels = np.split(shown[0], [shown.shape[1] - (16 * 18 - 2)])
    assert abs(pixels[9::18, 9::18] - ramp).mean() < 16
    assert (titles == 255).all(axis=-1).mean() > 0.8
    assert (titles < 64).all(axis=-1).any()


def test_a_colour_in_the_gif_is_what_it_was_until_it_changes_visibly(tmp_path):
    """By 10 levels, then by 10 more: noise would make the file several times as large."""
    written = np.zeros((4, 16, 16, 3), np.uint8)
    for epoch, level in enumerate((100, 110, 120, 130)):
        written[epoch, ..., 1] = level
        written[epoch, 0, epoch] = 255
    write(tmp_path, written)
    shown = gif(tmp_path, grids.Layout(16, 16, 1))[:, 300, 300]
    assert shown.tolist() == [[0, level, 0] for level in (100, 100, 120, 120)]
