"""evaluate: what it measures, what it refuses, and its table."""

import functools
import io
import json
import shutil

import numpy as np
import pytest
from conftest import draw, untrained

from dcgan_tf.cli import evaluation
from dcgan_tf.data import pipeline
from dcgan_tf.datasets import source
from dcgan_tf.metrics import classifier


@pytest.fixture
def do(command):
    return functools.partial(command, "evaluate")


IMAGES = np.zeros((200, 28, 28, 1), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"pictures": IMAGES}, "holds pictures uint8 [200, 28, 28, 1]; it must"),
        ({"images": IMAGES.astype(np.float32)}, "holds images float32"),
        ({"images": IMAGES[:, :27]}, "images uint8 [N, 28, 28, 1] or [N, 28, 28]"),
        ({"images": IMAGES[:199]}, "N from 200 to 200,000"),
        ({"images": IMAGES, "labels": np.zeros(200)}, "labels float64 [200]"),
        ({"images": IMAGES, "labels": np.zeros(9, int)}, "labels int64 [9]"),
        ({"images": IMAGES, "labels": np.full(200, 10)}, "labels int [N] from 0 to 9"),
        ({"images": IMAGES, "labels": np.full(200, -1)}, "labels int [N] from 0 to 9"),
        ({"images": np.array([{}] * 200)}, "Object arrays cannot"),
    ],
)
def test_samples_that_cannot_be_measured_are_one_line(do, tmp_path, arrays, told):
    """Catches figures of other pixels, or of classes that the data set does not have."""
    np.savez(tmp_path / "set.npz", **arrays)
    status, out, err = do("--samples=set.npz", "--dataset=digits")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--samples=set.npz" in err
    assert told in err


def test_a_run_is_measured_twice_with_the_same_figures(
    do, tmp_path, quick_classifier, digits
):
    """The classifier is trained once, and the classes are as often as in the test split.

    Of images nothing is written: here grey ones without a channel, with wrong labels.
    """
    run, _ = untrained(tmp_path / "run", mode="acgan")
    reports = []
    for _ in range(2):
        status, out, err = do("--run=run")
        assert (status, err) == (0, "")
        assert "297 images, compared with 297 of digits" in out
        reports.append(json.loads((run.folder / "evaluation.json").read_text()))
    assert reports[0] == reports[1]
    assert (run.folder / "evaluation.png").exists()
    figures = reports[0]["figures"]
    margins = figures["generated"].pop("margins")
    assert 0.0 < margins["texture_distance"] < figures["generated"]["texture_distance"]
    figure = "texture distance \N{DOWNWARDS ARROW} {texture_distance:.1f} ".format(
        **figures["generated"]
    )
    assert f"{figure}±{margins['texture_distance']:.1f} " in " ".join(out.split())
    assert figures["generated"].keys() == figures["10 memorised images"].keys()
    labels = pipeline.load(source.find("digits"), "test").labels.numpy()
    for row in figures.values():
        assert np.sum(row["confusion_matrix"], axis=1).tolist() == (
            np.bincount(labels).tolist()
        )
    assert set(reports[0]["protocol"]["images"].values()) == {297}
    labels = (digits.labels.numpy()[:300] + 1) % 10
    np.savez(tmp_path / "set.npz", images=digits.images[:300, ..., 0], labels=labels)
    before = sorted(tmp_path.iterdir())
    status, out, err = do("--samples=set.npz", "--dataset=digits", "--cas")
    assert (status, err) == (0, "")
    assert "CAS (GAN-train)" in out
    assert sorted(tmp_path.iterdir()) == before
    (kept,) = (tmp_path / "cache/dcgan_tf/classifiers").iterdir()
    assert kept.suffix == ".npz"


@pytest.mark.usefixtures("quick_classifier")
@pytest.mark.parametrize("classes", [["cat", "dog"], [""]])
def test_samples_are_measured_against_own_pictures(do, tmp_path, classes):
    """About 30 pictures are held out: too few for a covariance."""
    draw(tmp_path / "own", classes, count=240)
    images = np.random.default_rng(1).integers(0, 200, (200, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", images=images, labels=np.arange(200) % len(classes))
    arguments = ["--samples=set.npz", "--dataset=own", "--output=out"]
    status, out, err = do(*arguments)
    assert (status, err) == (0, "")
    report = json.loads((tmp_path / "out/evaluation.json").read_text())
    figures = report["figures"]["generated"]
    assert figures["frechet_classifier_distance"] is None
    words = " ".join(out.split())
    assert "cannot be told from fewer than 200 test images" in words
    assert "texture distance and grids tell how real they look" in words
    if classes == [""]:
        assert "class accuracy" not in out
        assert "classifier of pseudo-classes" in " ".join(out.split())
        status, _, err = do(*arguments, "--cas")
        assert (status, "--cas: the images have no labels" in err) == (2, True)
        return
    assert report["class_names"] == classes
    lines = [line.split()[:2] for line in out.split("\n")]
    for name, accuracy in zip(classes, figures["class_accuracy_by_class"], strict=True):
        assert [name, f"{accuracy:.2%}"] in lines


@pytest.mark.usefixtures("quick_classifier")
def test_a_run_is_measured_against_its_own_pictures(do, command, tmp_path):
    """They are found where --dataset says that they lie now, unless they changed.

    What is odd about them is told when a run begins.
    """
    own = draw(tmp_path / "own", count=240)
    shutil.copy(own / "cat" / "0.png", own / "dog" / "copy.png")
    arguments = ["--mode=cgan", "--dataset=own", "--steps=1", "--run_dir=run"]
    small = ["--batch_size=16", "--preview_rows=1", "--checkpoint_every_steps=1"]
    status, _, err = command("train", *arguments, *small)
    assert (status, "1 images are equal to one of another class" in err) == (0, True)
    own.rename(tmp_path / "moved")
    status, _, err = do("--run=run")
    assert (status, "is no folder or .npz" in err) == (2, True)
    status, out, err = do("--run=run", "--dataset=moved")
    assert (status, err) == (0, "")
    assert sum(name in out for name in ("cat", "dog")) == 2
    (tmp_path / "moved" / "cat" / "0.png").unlink()
    status, _, err = do("--run=run", "--dataset=moved")
    assert (status, "is not what run was trained on" in err) == (2, True)
    status, _, err = do("--run=run", "--dataset=digits")
    assert (status, "--dataset=digits: the run has" in err) == (2, True)


def report(classes=2, **changes):
    """What `measure` gives, of three columns."""
    by_class = [0.25, None, *[1.0] * 98][:classes]
    figures = {"class_accuracy": 0.5, "class_accuracy_by_class": by_class, "kid": 0.125}
    others = ("real training images", "1,000 memorised images")
    images = {"dataset": "own", "images": {"generated": 300}, "test_images": 300}
    nearest = {"near_copies": 0.01, "near_copy_distance": 7.5, "searched": 50}
    return {
        "class_names": [f"class {n}" for n in range(classes - 1)] + ["x" * 40],
        "figures": {"generated": figures | changes, **dict.fromkeys(others, figures)},
        "nearest_training_images": nearest,
        "protocol": images,
        "notes": ["a sentence " * 10],
    }


def test_what_was_measured_is_written_before_it_is_shown(do, tmp_path, monkeypatch):
    """Catches minutes of work that `evaluate | head` loses."""
    measured = report()
    measured["nearest_training_images"]["pairs"] = np.zeros((2, 16, 16, 1), np.uint8)

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "measure", lambda _: measured)
    monkeypatch.setattr(evaluation, "table", interrupted)
    assert do("--samples=set.npz", "--output=out")[0] == 130
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["figures"]


def test_the_table_fits_a_terminal_and_says_which_direction_is_better(monkeypatch):
    """And what cannot be told from so few images, and what is to be known."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    lines = evaluation.table(report()).split("\n")
    assert max(map(len, lines)) <= 80
    assert "class accuracy (GAN-test) \u2191" in lines[3]
    assert "kernel distance (KID) \u2193" in lines[4]
    shown = report(kid=None)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    plain = evaluation.table(shown)
    assert plain.isascii()
    cells = [line.split() for line in plain.split("\n")]
    assert len(cells) == len(lines)
    assert ["class", "0", "25.00%", "25.00%"] in cells
    assert ["x" * 22 + "...", "-", "-"] in cells
    assert ["kernel", "distance", "(KID)", "-", "0.12500", "0.12500"] in cells
    words = " ".join(plain.split())
    assert ("among 50 of the 300" in words, words.count("a sentence")) == (True, 10)
    shown["nearest_training_images"]["near_copies"] = None
    assert "near copies" not in evaluation.table(shown)
    assert "class 0" not in evaluation.table(report(21))  # too many to list


@pytest.mark.mnist
def test_the_packaged_classifier_names_the_test_set(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    mnist = source.find("mnist")
    train, test = (pipeline.load(mnist, split) for split in ("train", "test"))
    packaged = classifier.load("mnist", mnist.spec, train, test)
    assert not list(tmp_path.iterdir())  # where one of other images is kept
    _, probabilities = packaged.predict(test.images.numpy())
    assert (probabilities.argmax(axis=1) == test.labels.numpy()).mean() >= 0.993
    assert classifier.MNIST.stat().st_size < 1_000_000
