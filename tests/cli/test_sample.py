"""sample: which images it makes, and the files that it writes them into."""

import imageio.v3 as iio
import numpy as np
import pytest
from conftest import MNIST, saved, untrained
from PIL import Image

import dcgan_tf
from dcgan_tf.cli import sampling
from dcgan_tf.config import resolve
from dcgan_tf.datasets import npz
from dcgan_tf.runs import trained

ANIMALS = ["cat", "dog/wolf", "日本", *(f"animal {n}" for n in range(3, 24))]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Untrained runs: name -> folder."""
    place = tmp_path_factory.mktemp("runs")
    for mode in ("dcgan", "cgan"):
        untrained(place / mode, mode=mode)
    shape = {"height": 16, "width": 32, "channels": 3}
    names = {"classes": len(ANIMALS), "class_names": ANIMALS}
    given = {"mode": "cgan", "precision": "float32"}
    saved(place / "animals", resolve.new(given, dataset="/animals", **names, **shape))
    return {path.name: path for path in place.iterdir()}


@pytest.fixture
def do(command, folders):
    def go(name, *arguments):
        return command("sample", f"--run={folders[name]}", *arguments)

    return go


def test_a_string_of_digits_is_a_row(do, tmp_path, folders):
    """Enlarged five times, with lines of two pixels between, and titles; or alone."""
    status, out, err = do("cgan", "--digits=2026", "--output=year.png")
    assert (status, err, "year.png: 4 images" in out) == (0, "", True)
    shown = iio.imread(tmp_path / "year.png")
    assert shown.shape == (28 * 5 + 30, 4 * 28 * 5 + 3 * 2)
    loaded = dcgan_tf.load(folders["cgan"])
    for seed in (0, 1):
        assert do("cgan", "--digits=2026", f"--seed={seed}", "--magnify=1")[0] == 0
        images = loaded.sample([2, 0, 2, 6], seed)[..., 0]
        assert np.array_equal(iio.imread(tmp_path / "sample.png"), np.hstack(images))
    assert do("cgan", "--digits=26", "--truncation=0.5", "--magnify=1")[0] == 0
    latents = loaded.sample_latents(2) / 2
    images = loaded.sample([2, 6], latents=latents)[..., 0]
    assert np.array_equal(iio.imread(tmp_path / "sample.png"), np.hstack(images))
    status, _, err = do("cgan", "--digits=26", "--redraw=0.5")
    assert (status, err.count("\n"), "--redraw" in err) == (2, 1, True)


def test_classes_by_name_or_number_are_a_row_in_colour(do, tmp_path, folders):
    for magnify in ("--magnify=1", "--magnify=3"):
        assert do("animals", "--classes=cat,dog/wolf,2,cat", magnify)[0] == 0
        shown = iio.imread(tmp_path / "sample.png")
        images = dcgan_tf.load(folders["animals"]).sample([0, 1, 2, 0])
        if magnify == "--magnify=1":
            assert np.array_equal(shown, np.hstack(images))
    assert shown.shape[1:] == (4 * (3 * 32 + 2) - 2, 3)
    assert np.array_equal(shown[-3 * 16 :: 3, : 3 * 32 : 3], images[0])


def test_a_grid_of_many_classes_shows_twenty_and_says_so(do, tmp_path):
    for arguments, images in ((["--magnify=1"], 40), (["--output=set.npz"], 48)):
        status, out, _ = do("animals", "--per_class=2", *arguments)
        assert (status, f"{images} images" in out) == (0, True)
        assert ("20 of 24 classes" in out) == (images == 40)
    assert iio.imread(tmp_path / "sample.png").shape == (2 * 16, 20 * 32, 3)


def test_arrays_have_images_and_labels_and_can_be_trained_on(do, tmp_path):
    for name, classes in (("cgan", list("0123456789")), ("animals", ANIMALS)):
        assert do(name, "--per_class=3", "--output=set.npz")[0] == 0
        with np.load(tmp_path / "set.npz", allow_pickle=False) as arrays:
            assert sorted(arrays) == ["class_names", "images", "labels"]
            dtypes = arrays["images"].dtype, arrays["labels"].dtype
            assert dtypes == (np.uint8, np.int32)
            assert arrays["labels"].tolist() == list(range(len(classes))) * 3
            assert arrays["class_names"].tolist() == classes
    source = npz.find(tmp_path / "set.npz")
    assert (source.count, source.channels) == (3 * 24, 3)
    assert list(source.class_names) == ANIMALS
    assert do("dcgan", "--output=set.npz")[0] == 0
    with np.load(tmp_path / "set.npz", allow_pickle=False) as arrays:
        assert {n: len(a) for n, a in arrays.items()} == {"images": 100}  # no labels


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*.png"))


def test_a_folder_has_a_file_for_each_image(do, tmp_path, folders, monkeypatch):
    """Catches names of classes that are not kept, where a file system allows them."""
    assert do("dcgan", "--count=2", "--output=others")[0] == 0
    assert files(tmp_path / "others") == ["image_000000.png", "image_000001.png"]
    monkeypatch.setattr(trained, "BLOCK", 1)
    names = ["cat", "dog/wolf", "2", *["animal 7"] * 6]
    assert do("animals", f"--classes={','.join(names)}", "--output=some")[0] == 0
    paths = sorted((tmp_path / "some").rglob("*.png"), key=lambda path: path.name)
    assert [path.name for path in paths] == [f"image_{n:06d}.png" for n in range(9)]
    folders_of = [path.parent.name for path in paths]
    assert folders_of == ["cat", "dog_wolf", "日本", *["animal 7"] * 6]
    images = dcgan_tf.load(folders["animals"]).sample([0, 1, 2, *[7] * 6])
    for path, image in zip(paths, images, strict=True):
        assert np.array_equal(iio.imread(path), image)


def test_nothing_is_written_among_the_pictures(command, tmp_path):
    """Catches a grid that replaces a picture, or that is trained on the next time."""
    (tmp_path / "data").mkdir()
    config = resolve.new({}, dataset=str(tmp_path / "data"), **MNIST)
    saved(tmp_path / "run", config)
    for name, place in (("sample", "a.png"), ("export", "given"), ("evaluate", "")):
        status, _, err = command(name, "--run=run", f"--output=data/{place}")
        assert (status, err.startswith("error: --output=")) == (2, True)
        assert f"{place}: lies in the data, " in err
    assert not list((tmp_path / "data").iterdir())


def test_an_interpolation_is_a_row_for_each_class(do, tmp_path, folders):
    arguments = ("--interpolate=5", "--digits=38", "--seed=2", "--magnify=1")
    status, out, err = do("cgan", *arguments)
    assert (status, err) == (0, "")
    assert "sample.png: 10 images" in out
    images = dcgan_tf.load(folders["cgan"]).interpolate([3, 8], steps=5, seed=2)[..., 0]
    rows = [np.hstack(row) for row in images]
    assert np.array_equal(iio.imread(tmp_path / "sample.png"), np.vstack(rows))
    for name, shape in (("cgan", (280, 84)), ("dcgan", (280, 84)), ("animals", (320, 96))):
        status, out, _ = do(name, "--interpolate=3", "--magnify=1")
        assert (status, "20 of 24 classes" in out) == (0, name == "animals")
        assert iio.imread(tmp_path / "sample.png").shape[:2] == shape


def test_a_morph_names_the_classes_that_are_no_mixture(do, tmp_path, folders):
    arguments = ("--morph=cat,1,日本", "--interpolate=3", "--count=2")
    assert do("animals", *arguments, "--magnify=1")[0] == 0
    images = dcgan_tf.load(folders["animals"]).morph([0, 1, 2], steps=3, count=2)
    rows = [np.hstack(row) for row in images]
    plain = iio.imread(tmp_path / "sample.png")
    assert np.array_equal(plain, np.vstack(rows))
    assert do("animals", *arguments, "--magnify=3")[0] == 0
    shown = iio.imread(tmp_path / "sample.png")
    titles = shown[: len(shown) - 2 * (3 * 16 + 2) + 2]
    pitch = 3 * 32 + 2
    dark = [(titles[:, n * pitch : (n + 1) * pitch] < 128).any() for n in range(5)]
    assert dark == [True, False, True, False, True]


def test_an_animation_returns_to_its_start(do, tmp_path, folders):
    status, out, _ = do("cgan", "--morph=3,8", "--output=a.gif", "--count=2", "--magnify=1")
    assert status == 0
    assert "a.gif: 28 images" in out
    frames = iio.imread(tmp_path / "a.gif", mode="L")
    expected = dcgan_tf.load(folders["cgan"]).morph([3, 8], count=2, closed=True)[..., 0]
    assert len(frames) == 14
    for frame, images in zip(frames, expected.swapaxes(0, 1), strict=True):
        assert abs(frame.astype(int) - np.hstack(images)).max() < 5
    with Image.open(tmp_path / "a.gif") as gif:
        durations = [gif.seek(place) or gif.info["duration"] for place in range(14)]
    assert durations == [500, *[100] * 6] * 2
    assert do("animals", "--interpolate=2", "--output=b.gif", "--classes=2,1")[0] == 0
    assert len(iio.imread(tmp_path / "b.gif")) == sampling.STOPS


def test_what_memory_does_not_hold_is_refused_but_for_a_folder(monkeypatch, do, tmp_path):
    monkeypatch.setattr(sampling, "MOST_BYTES", 28 * 28 * 50)
    for arguments in (
        ["--count=51", "--output=set.npz"],
        ["--digits=123", "--magnify=5"],
        ["--morph=3,8", "--output=a.gif"],
    ):
        status, _, err = do("cgan", *arguments)
        assert (status, err.count("\n")) == (2, 1)
        assert "of memory" in err
    assert not list(tmp_path.iterdir())
    assert do("cgan", "--count=51", "--output=some")[0] == 0
    assert len(files(tmp_path / "some")) == 51
