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


def write_frames(folder, epochs):
    folder.mkdir(exist_ok=True)
    for epoch in epochs:
        pixels = np.zeros((8, 8), np.uint8)
        pixels[epoch // 8 % 8, epoch % 8] = 255
        images.write_png(images.frame_file(folder, "epoch", epoch), pixels)


def lit(pixels):
    """The number of the frame that `write_frames` lit."""
    row, column = np.argwhere(pixels[..., 0] > 127)[0]
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
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples")
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [0, 1, 2, 9, 10]
    assert gif(tmp_path / "training.gif") == ([1500, 150, 150, 150, 1500], 0)


def test_a_run_stopped_in_its_first_epoch_has_a_gif_of_one_frame(tmp_path):
    write_frames(tmp_path / "samples", [0])
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples")
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [0]


def test_frames_that_are_alike_keep_their_time(tmp_path):
    """Pillow merges them into one: the GIF may have fewer frames, but lasts as long."""
    for epoch in range(4):
        write_frames(tmp_path / "samples", [0])
        source = images.frame_file(tmp_path / "samples", "epoch", 0)
        copy = images.frame_file(tmp_path / "samples", "epoch", epoch)
        copy.write_bytes(source.read_bytes())
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples")
    assert sum(gif(tmp_path / "training.gif")[0]) == 1500 + 150 + 150 + 1500


def test_the_gif_is_thinned_evenly_and_keeps_both_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MOST_FRAMES", 5)
    write_frames(tmp_path / "samples", range(41))
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples")
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
    images.write_gif(tmp_path / "training.gif", tmp_path / "samples")
    frames = iio.imread(tmp_path / "training.gif")
    assert [lit(frame) for frame in frames] == [4, 5]
