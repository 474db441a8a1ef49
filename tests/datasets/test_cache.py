import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.datasets import cache, folder, npz
from dcgan_tf.support import errors

SIZE = (16, 16)


@pytest.fixture
def pictures(tmp_path):
    """A folder of 20 pictures of two classes, 16x16 and grey."""
    for number in range(20):
        path = tmp_path / "set" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full(SIZE, number, np.uint8)).save(path)
    return tmp_path / "set"


def prepare(source, place, size=None, channels=None, skip_broken=False):
    return cache.prepare(
        source,
        place,
        size=size,
        channels=channels,
        choose_size=lambda common: common or (32, 32),
        skip_broken=skip_broken,
    )


def test_what_is_read_is_what_was_there(pictures, tmp_path):
    entry = prepare(folder.find(pictures), tmp_path / "cache")
    assert (entry.size, entry.channels, entry.skipped) == (SIZE, 1, [])
    values = [entry.images(split)[:, 0, 0, 0].tolist() for split in ("train", "test")]
    labels = [entry.labels(split).tolist() for split in ("train", "test")]
    assert sorted(values[0] + values[1]) == list(range(20))
    for found, classes in zip(values, labels, strict=True):
        assert [value % 2 for value in found] == classes
    assert values[1], "some are held out"
    assert np.sum(entry.counts["train"]) == len(values[0])


def test_it_is_read_once(pictures, tmp_path, capsys):
    first = prepare(folder.find(pictures), tmp_path / "cache")
    assert "reading 20 images" in capsys.readouterr().out
    assert prepare(folder.find(pictures), tmp_path / "cache") == first
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("asked", [(None, None), (SIZE, None), (None, 1), (SIZE, 1)])
def test_a_run_that_goes_on_finds_what_it_began_with(pictures, tmp_path, capsys, asked):
    """It names the size and the channels that were found when it began."""
    first = prepare(folder.find(pictures), tmp_path / "cache", *asked)
    capsys.readouterr()
    assert prepare(folder.find(pictures), tmp_path / "cache", SIZE, 1) == first
    assert capsys.readouterr().out == ""


def test_changed_files_are_read_anew(pictures, tmp_path):
    first = prepare(folder.find(pictures), tmp_path / "cache")
    Image.fromarray(np.full(SIZE, 99, np.uint8)).save(pictures / "a" / "0.png")
    second = prepare(folder.find(pictures), tmp_path / "cache")
    assert second.folder != first.folder
    both = np.concatenate([second.images("train"), second.images("test")])
    assert 99 in both


def test_one_coloured_pixel_makes_all_colour(pictures, tmp_path):
    pixels = np.zeros((*SIZE, 3), np.uint8)
    pixels[0, 0, 0] = 1
    Image.fromarray(pixels).save(pictures / "a" / "0.png")
    assert prepare(folder.find(pictures), tmp_path / "cache").channels == 3


def test_channels_may_be_asked_for(pictures, tmp_path):
    source = folder.find(pictures)
    grey = prepare(source, tmp_path / "cache", channels=1)
    colour = prepare(source, tmp_path / "cache", channels=3)
    assert (grey.channels, colour.channels) == (1, 3)
    assert np.array_equal(np.repeat(grey.images("train"), 3, -1), colour.images("train"))


def test_colour_becomes_grey_as_pillow_makes_it(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, *SIZE, 3), np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels)
    entry = prepare(npz.find(tmp_path / "x.npz"), tmp_path / "cache", channels=1)
    found = {image.tobytes() for s in ("train", "test") for image in entry.images(s)}
    assert found == {np.asarray(Image.fromarray(x).convert("L")).tobytes() for x in pixels}


def test_broken_files_are_all_named_or_left_out(pictures, tmp_path):
    for name in ("x.png", "y.jpg"):
        (pictures / "a" / name).write_bytes(b"no picture")
    source = folder.find(pictures)
    with pytest.raises(errors.UsageError, match=r"2 of 22 .*x\.png.*y\.jpg.*--skip_broken"):
        prepare(source, tmp_path / "cache")
    assert not [p for p in (tmp_path / "cache").iterdir() if p.is_dir()]
    entry = prepare(source, tmp_path / "cache", skip_broken=True)
    assert len(entry.skipped) == 2
    assert sum(map(sum, entry.counts.values())) == 20
    with pytest.raises(errors.UsageError, match="2 of 22"):
        prepare(source, tmp_path / "cache")


def test_a_class_with_nothing_to_train_on_is_refused(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, *SIZE), np.uint8)
    np.savez(tmp_path / "x.npz", images=images)
    entry = prepare(npz.find(tmp_path / "x.npz"), tmp_path / "cache")
    lonely = entry.images("test")[:1, ..., 0]
    both = np.concatenate([images[:5], lonely])
    np.savez(tmp_path / "y.npz", images=both, labels=[0] * 5 + [1])
    with pytest.raises(
        errors.UsageError, match=r"class '1' has no image to train on, and 1"
    ):
        prepare(npz.find(tmp_path / "y.npz"), tmp_path / "cache")


@pytest.mark.parametrize("name", ["index.json", "train_images.bin", "test_labels.npy"])
@pytest.mark.parametrize("size", [0, 5])
def test_a_damaged_entry_is_made_again(pictures, tmp_path, name, size):
    source = folder.find(pictures)
    entry = prepare(source, tmp_path / "cache")
    before = np.array(entry.images("train"))
    os.truncate(entry.folder / name, size)
    again = prepare(source, tmp_path / "cache")
    assert np.array_equal(again.images("train"), before)


def test_a_cache_that_cannot_be_made_is_one_line(pictures, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.UsageError, match=r"--cache_dir=.*file: images cannot be"):
        prepare(folder.find(pictures), tmp_path / "file")


COMMAND = """
import os, pathlib, signal, sys
sys.path.insert(0, sys.argv[3])
import test_cache
from dcgan_tf.datasets import cache, folder
if len(sys.argv) > 4:  # killed before the picture of that number is read
    is_grey = cache._is_grey
    def grey(item, left=[int(sys.argv[4])]):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return is_grey(item)
    cache._is_grey = grey
source = folder.find(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
input()
entry = test_cache.prepare(source, pathlib.Path(sys.argv[2]))
print(entry.folder, entry.images("train").sum())
"""


def another(pictures, place, *killed_at):
    """A process that reads the pictures once it is told to go on."""
    here = os.path.dirname(__file__)
    command = [sys.executable, "-c", COMMAND, pictures, place, here, *killed_at]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_of_two_processes_at_once_one_reads(pictures, tmp_path):
    both = [another(pictures, tmp_path / "cache") for _ in range(2)]
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    ends = [output.splitlines()[-1] for output in outputs]
    assert ends[0] == ends[1]
    assert sum("reading 20 images" in output for output in outputs) == 1


def test_a_killed_reader_leaves_nothing_that_is_taken_for_whole(pictures, tmp_path):
    killed = another(pictures, tmp_path / "cache", "13")
    killed.communicate("\n")
    assert killed.returncode == -signal.SIGKILL
    left = [path.name for path in (tmp_path / "cache").iterdir()]
    assert left, "it had begun"
    entry = prepare(folder.find(pictures), tmp_path / "cache")
    assert sum(map(sum, entry.counts.values())) == 20
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [entry.folder.name]
