import imageio.v3 as iio
import numpy as np
import pytest
from conftest import untrained

from dcgan_tf import sample
from dcgan_tf.cli import flags
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Untrained runs: name -> folder."""
    made = {}
    for mode in ("dcgan", "cgan"):
        run, _ = untrained(tmp_path_factory.mktemp(mode) / "run", mode=mode)
        made[mode] = run.folder
    empty = Run(tmp_path_factory.mktemp("empty") / "run")
    empty.write_config(RunConfig(run.read_config()))
    return {**made, "unsaved": empty.folder}


@pytest.fixture
def do(tmp_path, monkeypatch, capsys, folders):
    monkeypatch.chdir(tmp_path)

    def go(name, *arguments):
        argv = [f"--run={folders.get(name, name)}", *arguments]
        status = flags.run(sample.main, sample.define_flags(), sample.__doc__, argv)
        return status, *capsys.readouterr()

    return go


def test_a_string_of_digits_is_a_row(do, tmp_path):
    status, out, err = do("cgan", "--digits=2026", "--output=year.png")
    assert (status, err) == (0, "")
    assert "year.png: 4 images" in out
    assert iio.imread(tmp_path / "year.png").shape == (28, 4 * 28)


def test_arrays_have_images_and_labels(do, tmp_path):
    assert do("cgan", "--per_class=3", "--output=set.npz")[0] == 0
    with np.load(tmp_path / "set.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["images", "labels"]
        assert arrays["images"].shape == (30, 28, 28, 1)
        assert arrays["images"].dtype == np.uint8
        assert arrays["labels"].dtype == np.int32
        assert arrays["labels"].tolist() == list(range(10)) * 3


def test_an_unconditional_run_has_no_labels(do, tmp_path):
    assert do("dcgan", "--count=7", "--output=set.npz")[0] == 0
    with np.load(tmp_path / "set.npz", allow_pickle=False) as arrays:
        assert list(arrays) == ["images"]
        assert len(arrays["images"]) == 7


def test_a_folder_has_a_file_for_each_image(do, tmp_path):
    assert do("cgan", "--digits=70", "--output=some")[0] == 0
    assert sorted(path.name for path in (tmp_path / "some").iterdir()) == [
        "image_000000_class_7.png",
        "image_000001_class_0.png",
    ]


def test_the_same_seed_gives_the_same_and_the_default_is_a_grid(do, tmp_path):
    grids = []
    for seed in (0, 0, 1):
        assert do("cgan", f"--seed={seed}")[0] == 0
        grids.append(iio.imread(tmp_path / "sample.png"))
    assert grids[0].shape == (280, 280)
    assert np.array_equal(grids[0], grids[1])
    assert not np.array_equal(grids[0], grids[2])


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("cgan", ["--digits=20x6"], "must be digits"),
        ("cgan", ["--digits="], "must be digits"),
        ("cgan", ["--digits=²"], "must be digits"),
        ("dcgan", ["--digits=2026"], "use --count"),
        ("cgan", ["--output=set.jpg"], ".png or .npz"),
        ("cgan", ["--output=no/such/set.png"], "no folder no/such"),
        ("cgan", ["--output=/"], "in the way"),
        ("cgan", ["--count=0"], "--count=0"),
        ("cgan", ["--count=2", "--digits=3"], "only one"),
        ("cgan", ["--count=99999999999"], "at most"),
        ("cgan", ["--seed=-1"], "--seed=-1"),
        ("cgan", ["--seed=99999999999999999999"], "--seed=99999999999999999999"),
        ("cgan", ["--output=.png"], ".png or .npz"),
        ("dcgan", ["--per_class=3"], "use --count"),
        ("unsaved", [], "no checkpoint yet"),
        ("nowhere", [], "holds no run"),
    ],
)
def test_wrong_use_is_one_line_and_writes_nothing(do, tmp_path, name, arguments, told):
    status, out, err = do(name, *arguments)
    assert status == 2
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert not list(tmp_path.iterdir())


def test_without_a_run_the_pretrained_one_generates(tmp_path, monkeypatch, capsys):
    """From whichever folder; where the package lies without one, that is said."""
    monkeypatch.chdir(tmp_path)
    arguments = ["--digits=2026", "--output=year.npz"]
    assert flags.run(sample.main, sample.define_flags(), sample.__doc__, arguments) == 0
    assert np.load("year.npz")["labels"].tolist() == [2, 0, 2, 6]
    monkeypatch.setattr(sample, "PRETRAINED", tmp_path / "none")
    assert flags.run(sample.main, sample.define_flags(), sample.__doc__, arguments) == 2
    assert "none: holds no run" in capsys.readouterr().err
