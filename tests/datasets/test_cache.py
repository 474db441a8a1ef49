"""What a source's images become in the cache, and who reads them when."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.datasets import cache, folder, npz, picture, source
from dcgan_tf.datasets.cache import Options
from dcgan_tf.support import errors

SIZE = (16, 16)


@pytest.fixture
def pictures(tmp_path):
    """A folder of 20 pictures of two classes, 16x16 and grey."""
    for number in range(20):
        draw(tmp_path / "set" / "ab"[number % 2] / f"{number}.png", number)
    return tmp_path / "set"


def draw(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(SIZE, value, np.uint8)).save(path)


@pytest.fixture
def prepare(tmp_path):
    """Prepares the pictures of a folder, or the images of a .npz."""

    def prepare(path, **options):
        found = npz.find(path) if path.suffix else folder.find(path)
        return cache.prepare(found, Options(cache_dir=str(tmp_path / "cache"), **options))

    return prepare


def images(dataset):
    return np.concatenate([dataset.read(split)[0] for split in ("train", "test")])


def test_what_is_read_is_what_was_there(pictures, prepare):
    """Catches images that change place with their labels, or between the splits."""
    dataset = prepare(pictures)
    assert (dataset.spec.shape, dataset.notes) == ((*SIZE, 1), ())
    values = []
    for split in ("train", "test"):
        pixels, labels = dataset.read(split)
        assert (pixels[:, 0, 0, 0] % 2).tolist() == labels.tolist()
        assert dataset.counts[split] == np.bincount(labels, minlength=2).tolist()
        values += pixels[:, 0, 0, 0].tolist()
    assert sorted(values) == list(range(20))
    assert (dataset.size + dataset.held_out, dataset.held_out > 0) == (20, True)
    draw(pictures / "a" / "0.png", 99)
    assert 99 in images(prepare(pictures)), "a changed file is read anew"


@pytest.mark.parametrize("size", [None, SIZE])
@pytest.mark.parametrize("channels", [None, 1])
def test_a_run_that_goes_on_finds_it_again(pictures, prepare, capsys, size, channels):
    """A run names the size and the channels that were found when it began."""
    first = prepare(pictures, size=size, channels=channels)
    assert "reading 20 images" in capsys.readouterr().out
    assert prepare(pictures, size=size, channels=channels) == first
    assert prepare(pictures, size=SIZE, channels=1) == first
    assert capsys.readouterr().out == ""


def test_grey_and_colour(pictures, prepare, tmp_path):
    """Catches RGB that loses its colour, and grey that is not Pillow's luma."""
    grey, colour = (prepare(pictures, channels=channels) for channels in (None, 3))
    assert np.array_equal(np.repeat(images(grey), 3, -1), images(colour))
    pixels = np.zeros((*SIZE, 3), np.uint8)
    pixels[0, 0, 0] = 1  # one coloured pixel
    Image.fromarray(pixels).save(pictures / "a" / "0.png")
    assert prepare(pictures).spec.channels == 3
    pixels = np.random.default_rng(0).integers(0, 256, (9, *SIZE, 3), np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels)
    made = {x.tobytes() for x in images(prepare(tmp_path / "x.npz", channels=1))}
    assert made == {np.asarray(Image.fromarray(x).convert("L")).tobytes() for x in pixels}


def test_rgba_is_read_where_it_is_requested(prepare, tmp_path):
    pixels = np.full((9, *SIZE, 4), 60, np.uint8)
    pixels[:, 3:9, :, 3] = 0
    np.savez(tmp_path / "x.npz", images=pixels, test_images=pixels)
    assert prepare(tmp_path / "x.npz").spec.shape == (*SIZE, 1), "on white it is grey"
    (tmp_path / "set").mkdir()
    Image.fromarray(pixels[0]).save(tmp_path / "set" / "0.png")
    for path in (tmp_path / "x.npz", tmp_path / "set"):
        made = images(prepare(path, channels=4))
        assert (made[0, 3, 0].tolist(), made[0, 0, 0].tolist()) == (
            [255] * 3 + [0],
            [60] * 4,
        )
        for channels in (None, 4):
            assert prepare(path, channels=channels).spec.channels == (channels or 1)


def test_broken_files_are_all_named_or_left_out(pictures, prepare):
    for name in ("x.png", "y.jpg"):
        (pictures / "a" / name).write_bytes(b"no picture")
    with pytest.raises(errors.UsageError, match=r"2 of 22 .*x\.png.*y\.jpg.*--skip_broken"):
        prepare(pictures)
    dataset = prepare(pictures, skip_broken=True)
    assert len(images(dataset)) == 20
    assert re.fullmatch(r"2 that cannot be read.*x\.png.*y\.jpg.*", *dataset.notes)


def test_a_class_with_nothing_to_train_on_is_refused(prepare, tmp_path):
    """Catches a generator that is asked for a class that it has never seen."""
    draw(tmp_path / "split" / "train" / "a" / "1.png", 1)
    draw(tmp_path / "split" / "test" / "b" / "2.png", 2)
    with pytest.raises(errors.UsageError, match="no image of 'b' to train on"):
        prepare(tmp_path / "split")


def test_of_two_readers_at_once_one_reads(pictures, prepare, capsys, monkeypatch):
    convert = picture.in_channels
    monkeypatch.setattr(picture, "in_channels", lambda *x: time.sleep(0.01) or convert(*x))
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(prepare, [pictures] * 2)
    assert first == second
    assert capsys.readouterr().out.count("reading 20 images") == 1


KILLED = """
import os, pathlib, signal, sys
from dcgan_tf.datasets import cache, folder, picture
left = [13]
def kill(image, channels):
    left[0] -= 1
    return image if left[0] else os.kill(os.getpid(), signal.SIGKILL)
picture.in_channels = kill
source = folder.find(pathlib.Path(sys.argv[1]))
cache.prepare(source, cache.Options(cache_dir=sys.argv[2]))
"""


def test_what_is_not_whole_is_read_anew(pictures, prepare, tmp_path):
    """Catches what a killed reader or a broken disk leaves, and a run that trains on it."""
    command = [sys.executable, "-c", KILLED, pictures, tmp_path / "cache"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    left = list((tmp_path / "cache").iterdir())
    assert left, "it had begun"
    whole = images(prepare(pictures))
    assert len(whole) == 20
    (place,) = (tmp_path / "cache").iterdir()
    assert place not in left
    os.truncate(place / "train_images.bin", 1000)
    assert np.array_equal(images(prepare(pictures)), whole)
    (place / "test_images.bin").unlink()
    assert np.array_equal(images(prepare(pictures)), whole)
    for name in ("train_images.bin", "train_labels.npy", "index.json"):
        with (place / name).open("r+b") as file:
            file.write(b"\xff" * 64)
        assert np.array_equal(images(prepare(pictures)), whole)
        assert prepare(pictures).read("train")[1].max() == 1


def test_a_cache_without_hashes_is_taken_as_it_is(pictures, prepare, capsys):
    """Catches a run of version 0.3 whose pictures another Pillow decodes otherwise."""
    prepare(pictures)
    (index,) = (pictures.parent / "cache").glob("*/index.json")
    content = json.loads(index.read_text())
    index.write_text(json.dumps({**content, "sha256": {}}))
    capsys.readouterr()
    assert prepare(pictures).size
    assert "reading" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1] * 40, ["no pixel is above 1 of 255", "40 of 40 images have a single colour"]),
        ([*range(100, 139), 100], ["1 images are equal to one of another class"]),
        ([100, 101], ["no image is held out, so nothing can be measured"]),
    ],
)
def test_pictures_without_content_are_told(prepare, tmp_path, values, told):
    """Catches masks of levels 0 and 1, or white on white, that are trained on for hours."""
    for number, value in enumerate(values):
        draw(tmp_path / "set" / "ab"[number % 2] / f"{number}.png", value)
    for _ in range(2):  # when they are read, and found again
        assert set(told) <= {*prepare(tmp_path / "set").warnings}


@pytest.mark.parametrize(
    ("shapes", "options", "side", "told"),
    [
        ([(68, 56)] * 2, {}, 56, "56x68: cropped to a square, all resized to 56x56"),
        ([(68, 56)], {"fit": "pad"}, 64, "padded to a square, all resized to 64x64"),
        ([(90, 200)], {}, 64, "by --image_size or --fit=pad"),
        ([(20, 20)] * 11 + [(16, 30)], {}, 20, "16 to 20 high: 1 cropped to a square"),
        ([(20, 20)] * 9 + [(16, 30)], {"fit": "pad"}, 20, "1 padded to a square"),
        ([(9, 9)], {}, 16, "9x9: all resized to 16x16 (change this by --image_size)"),
        ([(16, 16)], {}, 16, ""),
        ([(16, 16)], {"size": (32, 32)}, 32, "all are 16x16: all resized to 32x32"),
    ],
)
def test_the_usual_size_is_one_that_most_fill_and_what_is_lost_is_told(
    prepare, tmp_path, shapes, options, side, told
):
    """Catches pictures of 68x56 that are lowered to 32x32 without a word."""
    for number, shape in enumerate(shapes):
        path = tmp_path / "set" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full(shape, 40 + number, np.uint8)).save(path)
    for _ in range(2):  # when they are read, and found again
        dataset = prepare(tmp_path / "set", **options)
        assert dataset.spec.shape[:2] == (side, side)
        assert told in "".join(dataset.notes)
        assert bool(told) == bool(dataset.notes)


def test_the_cache_tells_ways_of_reading_apart(prepare, tmp_path):
    """Catches a run with --fit=pad that trains on pictures which were cropped."""
    (tmp_path / "set").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (16, 40), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "set" / "0.png")
    ways = ({"fit": fit, "resample": how} for fit in ("crop", "pad") for how in "ns")
    names = {"n": "nearest", "s": "smooth"}
    ways = [{**way, "resample": names[way["resample"]]} for way in ways]
    made = [images(prepare(tmp_path / "set", size=(32, 32), **way)) for way in ways]
    assert len({pixels.tobytes() for pixels in made}) == 4


def test_a_large_picture_is_read_without_a_warning(pictures, prepare, monkeypatch):
    """Catches a warning of Pillow's that calls a scan an attack."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    with warnings.catch_warnings(action="error"):
        assert len(images(prepare(pictures))) == 20


def test_more_than_a_thousand_classes_are_none(tmp_path):
    """Catches a refusal of so many folders where the mode needs no classes."""
    pixels = np.random.default_rng(0).integers(0, 256, (1001, *SIZE), np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels, labels=np.arange(1001))
    options = Options(cache_dir=str(tmp_path / "cache"))
    dataset = source.find(str(tmp_path / "x.npz"), options)
    assert (dataset.spec.classes, dataset.size + dataset.held_out) == (1, 1001)
    assert dataset.notes == ("without classes, because 1,001 are over 1,000",)
    assert set(dataset.read("train")[1].tolist()) == {0}


def test_a_cache_that_cannot_be_made_names_its_flag(pictures, prepare, tmp_path):
    """As in a container, whose home folder nobody can write."""
    (tmp_path / "cache").touch()
    with pytest.raises(OSError, match="--cache_dir="):
        prepare(pictures)
