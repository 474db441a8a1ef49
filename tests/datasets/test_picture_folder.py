"""Folders of pictures: classes, order, and what is held out or left out."""

import hashlib
import re

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.datasets import folder
from dcgan_tf.datasets.spec import Target
from dcgan_tf.support import errors

INSIDE = ("cat/1.png", "dog/deep/2.png")


@pytest.fixture
def put(tmp_path):
    """Puts a grey picture of one value at each path."""

    def put(*paths, value=None, size=(4, 4)):
        for number, path in enumerate(paths):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            pixels = np.full(size, number if value is None else value, np.uint8)
            Image.fromarray(pixels).save(tmp_path / path)

    return put


def items_of(path):
    return list(folder.find(path).items(Target((4, 4))))


def test_folders_are_classes_and_order_is_that_of_the_files_names(tmp_path, put):
    """Catches runs of one class after the other, which files by path would be."""
    put("a/0.png", "b/1.png", "a/2.png", "b/3.png")
    values = [(item.image[0, 0, 0], item.label) for item in items_of(tmp_path)]
    assert values == [(0, 0), (1, 1), (2, 0), (3, 1)]


@pytest.mark.parametrize(
    ("paths", "class_names", "notes"),
    [
        (["0.png"], ("",), []),
        (["10/x.png", "9/x.png", "0/x.png"], ("0", "9", "10"), []),
        (["cat/x/y/1.PNG", "cat/.2.png", ".git/3.png"], ("cat",), []),
        (
            ["cat/1.png", "cat/@eaDir/1.png", "$RECYCLE.BIN/2.png", "lost+found/3.png"],
            ("cat",),
            [r"left out \$RECYCLE.BIN, @eaDir, lost\+found, which a system made"],
        ),
        (["car/0.png", "train/0.png"], ("car", "train"), []),
        (["train/0.png", "training/0.png"], ("train", "training"), []),
        (["a/0.png", "cover.png"], ("",), ["without classes, because 1 .*as cover.png"]),
        (["train/a/0.png", "val/a/1.png"], ("a",), []),
        (
            ["train/a/0.png", "val/a/1.png", "test/a/2.png"],
            ("a",),
            ["left out the folder val"],
        ),
    ],
)
def test_classes_and_notes(tmp_path, put, paths, class_names, notes):
    put(*paths)
    source = folder.find(tmp_path)
    assert (source.class_names, source.count) == (class_names, len(items_of(tmp_path)))
    for note, expected in zip(source.notes, notes, strict=True):
        assert re.match(expected, note)
    assert {item.label for item in items_of(tmp_path)} == set(range(len(class_names)))


def test_other_files_are_counted(tmp_path, put):
    put("cat/1.png")
    (tmp_path / "cat" / "notes.txt").write_text("text")
    assert folder.find(tmp_path).notes[0].endswith("are no pictures (1 .txt)")
    (tmp_path / "cat" / "1.png").unlink()
    with pytest.raises(errors.UsageError, match=r"no pictures; .*left out 1 .*1 \.txt"):
        folder.find(tmp_path)


def test_a_class_that_vanishes_is_named(tmp_path, put):
    """Catches a class of pictures in a format that nobody reads, which goes unnoticed."""
    put("cat/1.png", "dog/2.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "phone").mkdir()
    (tmp_path / "phone" / "1.heic").write_bytes(b"heic")
    source = folder.find(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert source.notes[0] == "left out empty, phone, where no picture is"


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (
            [f"{half}_set/{inside}" for half in ("training", "test") for inside in INSIDE],
            "cat, dog lie in test_set, training_set; if these are the classes",
        ),
        (
            [f"{half}/{inside}" for half in ("Train", "training") for inside in INSIDE],
            "cat, dog lie in Train, training; if these are the classes",
        ),
        (
            [f"unpacked/{inside}" for inside in INSIDE],
            "cat, dog lie in unpacked; if these are the classes",
        ),
    ],
)
def test_folders_that_a_user_alone_understands_are_asked_about(tmp_path, put, paths, told):
    """Catches halves of a split as two classes, a half that vanishes, a folder too deep."""
    put(*paths)
    with pytest.raises(errors.UsageError, match=f"--dataset=.*: {told}"):
        folder.find(tmp_path, labelled=True)


def test_loose_pictures_are_left_out_where_classes_are_needed(tmp_path, put):
    """Catches five pictures that throw all classes away."""
    put("cat/0.png", "dog/1.png", "cover.png")
    assert folder.find(tmp_path).class_names == ("",)
    source = folder.find(tmp_path, labelled=True)
    assert (source.class_names, source.count) == (("cat", "dog"), 2)
    told = ("left out 1 pictures (as cover.png) that lie in no folder of a class",)
    assert source.notes == told


def test_one_in_seven_is_held_out_and_more_files_move_no_others(tmp_path, put):
    """Catches images that were trained on and are measured by later."""
    paths = [f"x/{number:03d}.png" for number in range(200)]

    def held_out():
        return {item.image[0, 0, 0] for item in items_of(tmp_path) if item.test}

    put(*paths[:140])
    hashes = [hashlib.sha256((tmp_path / path).read_bytes()) for path in paths[:140]]
    chosen = {i for i, sha in enumerate(hashes) if int(sha.hexdigest()[:8], 16) % 7 == 0}
    assert held_out() == chosen
    assert 10 <= len(chosen) <= 30
    put(*paths, *(f"class{number}/200.png" for number in range(40)))
    assert {number for number in held_out() if number < 140} == chosen
    assert max(held_out()) < 200, "a class of one picture keeps it to train on"


def test_beside_test_pictures_without_classes_some_others_are_held_out(tmp_path, put):
    """As in a competition, without the answers."""
    put(*(f"train/a/{number}.png" for number in range(40)), "test/40.png")
    source = folder.find(tmp_path)
    assert (source.count, source.class_names) == (40, ("a",))
    told = "left out 1 pictures (as test/40.png) that lie in no folder of a class"
    assert source.notes == (told,)
    assert 0 < sum(item.test for item in items_of(tmp_path)) < 15


@pytest.mark.parametrize("test", ["test", "val", "Validation"])
def test_a_test_folder_is_what_is_held_out_and_copies_in_it_are_told(tmp_path, put, test):
    put("train/a/0.png", f"{test}/a/1.png", value=7)
    put(f"{test}/a/2.png", value=8)
    assert [item.test for item in items_of(tmp_path)] == [False, True, True]
    told = ("1 held-out pictures are among those trained on, too",)
    assert folder.find(tmp_path).notes == told
    put("extra/a/0.png")
    with pytest.raises(errors.UsageError, match=r"beside other folders \(as extra\)"):
        folder.find(tmp_path)


def test_links_are_followed_and_names_need_not_be_unicode(tmp_path, put):
    """Old archives hold names in Latin-1, which neither prints nor goes into JSON."""
    put("elsewhere/0.png")
    (tmp_path / "set").mkdir()
    for name in ("caf\udce9", "猫"):
        (tmp_path / "set" / name).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path)  # what holds it holds itself
    source = folder.find(tmp_path / "set")
    assert (set(source.class_names), source.count) == ({"caf\ufffd", "猫"}, 2)
    (tmp_path / "set" / "caf\udce8").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.UsageError, match="2 classes are called 'caf\ufffd'"):
        folder.find(tmp_path / "set")


def test_a_broken_file_is_an_item_that_says_why_and_has_no_size(tmp_path, put):
    put("a.png", size=(4, 6))
    (tmp_path / "b.png").write_bytes(b"no picture")
    good, broken = items_of(tmp_path)
    assert (good.error, broken.image) == ("", None)
    assert broken.error.startswith("b.png: cannot identify image file")
    assert folder.find(tmp_path).sizes() == {(4, 6): 1}
    put("c.png", size=(6, 4))
    assert folder.find(tmp_path).sizes() == {(4, 6): 1, (6, 4): 1}
    (tmp_path / "d.png").symlink_to("/nowhere.png")
    assert items_of(tmp_path)[-1].error.endswith("d.png: No such file or directory")
