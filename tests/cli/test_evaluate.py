import json

import numpy as np
import pytest
from conftest import untrained

from dcgan_tf import evaluate
from dcgan_tf.cli import flags
from dcgan_tf.data import sources, splits
from dcgan_tf.metrics import classifier
from dcgan_tf.runs.config_file import RunConfig
from dcgan_tf.runs.folder import Run


@pytest.fixture
def do(tmp_path, monkeypatch, capsys, no_network):
    """Runs the command in an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def go(*arguments):
        values = evaluate.define_flags()
        status = flags.run(evaluate.main, values, evaluate.__doc__, list(arguments))
        return status, *capsys.readouterr()

    return go


@pytest.fixture
def quick(monkeypatch):
    """A classifier of the digits that is trained for one epoch."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 1)
    monkeypatch.setattr(classifier, "EPOCHS", 1)


def npz(path, **arrays):
    np.savez(path, **arrays)
    return f"--samples={path.name}"


IMAGES = np.zeros((200, 28, 28, 1), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"pictures": IMAGES}, "has no array images, only pictures"),
        ({"images": IMAGES.astype(np.float32)}, "they must be uint8 from 0 to 255"),
        ({"images": IMAGES[:, :27]}, "it must be [N, 28, 28, 1] or [N, 28, 28]"),
        ({"images": IMAGES[:0]}, "has 0 images"),
        ({"images": IMAGES[:199]}, "from fewer than 200 these figures say nothing"),
        ({"images": IMAGES, "labels": np.zeros(200)}, "must be whole numbers"),
        ({"images": IMAGES, "labels": np.zeros(9, int)}, "one for each image"),
        ({"images": IMAGES, "labels": np.full(200, 10)}, "the classes are 0 to 9"),
        ({"images": IMAGES, "labels": np.full(200, -1)}, "the classes are 0 to 9"),
        ({"images": np.array([{}] * 200)}, "images are object"),
    ],
)
def test_samples_that_cannot_be_measured_are_one_line(do, tmp_path, arrays, told):
    np.savez(tmp_path / "set.npz", **arrays)
    status, out, err = do("--samples=set.npz", "--dataset=digits")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--samples=set.npz" in err
    assert told in err


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_npz_is_one_line(do, tmp_path, content):
    (tmp_path / "set.npz").write_bytes(content)
    for name in ("set.npz", "absent.npz"):
        status, _, err = do(f"--samples={name}")
        assert (status, err.count("\n")) == (2, 1)
        assert "is no .npz of arrays" in err


def test_an_array_that_claims_to_be_huge_is_not_read(do, tmp_path, monkeypatch):
    """A header of a few bytes must not make the program ask for terabytes."""
    with (tmp_path / "images.npy").open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (10**12, 28, 28, 1)}
        np.lib.format.write_array_header_1_0(file, header)
    import zipfile

    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.write(tmp_path / "images.npy", "images.npy")
    status, _, err = do("--samples=set.npz")
    assert status == 2
    assert "more than 200,000 are not taken" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--run or --samples: name one of them"),
        (["--run=a", "--samples=b"], "--run or --samples: name one of them"),
        (["--run=nowhere"], "--run=nowhere: holds no run"),
        (["--run=run", "--dataset=digits"], "--dataset=digits: goes with --samples"),
        (["--run=run"], "--run=run: has no checkpoint yet"),
        (["--run=run", "--cas"], "--cas: the images have no labels"),
        (["--run=run", "--output=run/config.json/x"], "config.json is no folder"),
        (["--run=run", "--count=10"], "count"),
        (["--samples=a.npz", "--count=500"], "--count: goes with --run"),
    ],
)
def test_wrong_use_is_one_line(do, tmp_path, small, arguments, told):
    Run(tmp_path / "run").write_config(RunConfig(small("dcgan")))
    status, _, err = do(*arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert told in err


def test_a_run_is_measured_twice_with_the_same_figures(do, tmp_path, quick):
    run, _ = untrained(tmp_path / "run", mode="acgan")
    reports = []
    for _ in range(2):
        status, out, err = do("--run=run")
        assert (status, err) == (0, "")
        assert "class accuracy (GAN-test)" in out
        assert "290 images, compared with 297 of digits" in out
        reports.append(json.loads((run.folder / "evaluation.json").read_text()))
    assert reports[0] == reports[1]
    assert (run.folder / "evaluation.png").exists()
    figures = reports[0]["figures"]
    assert figures["generated"].keys() == figures["10 memorised images"].keys()
    assert np.sum(figures["generated"]["confusion_matrix"]) == 290  # of 297 test images
    assert set(reports[0]["protocol"]["images"].values()) == {290}
    # The classifier was trained once, and kept.
    (kept,) = (tmp_path / "cache/dcgan_tf/classifiers").iterdir()
    assert kept.name.startswith("digits_")


def test_images_are_measured_and_nothing_is_written(do, tmp_path, quick, digits):
    """Real images with wrong labels: one class further than they are."""
    labels = (digits.labels.numpy()[:300] + 1) % 10
    argument = npz(tmp_path / "set.npz", images=digits.images[:300, ..., 0], labels=labels)
    before = sorted(tmp_path.iterdir())
    status, out, err = do(argument, "--dataset=digits", "--cas")
    assert (status, err) == (0, "")
    assert "CAS (GAN-train)" in out
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "cache"])
    status, out, _ = do(
        npz(tmp_path / "plain.npz", images=digits.images[:300]), "--dataset=digits"
    )
    assert status == 0
    assert "GAN-test" not in out


@pytest.mark.mnist
def test_the_packaged_classifier_names_the_test_set(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    mnist = sources.find("mnist", None)
    train, test = (splits.load(mnist, split) for split in ("train", "test"))
    packaged = classifier.load("mnist", mnist.spec, train)
    assert not list(tmp_path.iterdir())  # where one of other images is kept
    _, probabilities = packaged.predict(test.images.numpy())
    assert (probabilities.argmax(axis=1) == test.labels.numpy()).mean() >= 0.993
    assert (classifier.FOLDER / "mnist.npz").stat().st_size < 1_000_000
