import hashlib
import os

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.datasets import folder
from dcgan_tf.support import errors


def put(path, value=0, size=(4, 4)):
    """A grey picture of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)


def found_items(source, size=(4, 4)):
    return list(source.items(size))


def test_folders_are_classes_and_order_is_that_of_the_files_names(tmp_path):
    for class_name, number in (("b", 1), ("a", 2), ("b", 3), ("a", 0)):
        put(tmp_path / class_name / f"{number}.png", number)
    source = folder.find(tmp_path)
    assert (source.class_names, source.count) == (("a", "b"), 4)
    items = found_items(source)
    assert [item.image[0, 0, 0] for item in items] == [0, 1, 2, 3]
    assert [item.label for item in items] == [0, 1, 0, 1]


def test_classes_that_are_numbers_are_in_their_order(tmp_path):
    for name in ("10", "9", "0"):
        put(tmp_path / name / "x.png")
    assert folder.find(tmp_path).class_names == ("0", "9", "10")


def test_pictures_may_lie_deeper_and_hidden_and_other_files_are_passed_over(tmp_path):
    put(tmp_path / "cat" / "x" / "y" / "1.PNG")
    put(tmp_path / "cat" / ".hidden.png")
    put(tmp_path / ".git" / "2.png")
    put(tmp_path / "__MACOSX" / "cat" / "3.png")
    (tmp_path / "cat" / "notes.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    source = folder.find(tmp_path)
    assert list(source.files) == [os.path.join("cat", "x", "y", "1.PNG")]
    assert source.notes == ("left out 1 files that are no pictures (1 .txt)",)


def test_files_without_a_suffix_are_pictures_if_they_begin_like_one(tmp_path):
    put(tmp_path / "x" / "a.png")
    (tmp_path / "x" / "a.png").rename(tmp_path / "x" / "a")
    (tmp_path / "LICENSE").write_text("text")
    source = folder.find(tmp_path)
    assert found_items(source)[0].image.shape == (4, 4, 3)
    assert source.class_names == ("x",)
    assert "1 without a suffix" in source.notes[0]


def test_without_folders_there_are_no_classes(tmp_path):
    put(tmp_path / "a.png")
    assert folder.find(tmp_path).class_names == ("",)


def test_one_in_seven_is_held_out_and_more_files_move_no_others(tmp_path):
    for number in range(140):
        put(tmp_path / "x" / f"{number}.png", number)

    def held_out():
        return {item.place for item in found_items(folder.find(tmp_path)) if item.test}

    before = held_out()
    by_hand = {
        os.path.join("x", path.name)
        for path in (tmp_path / "x").iterdir()
        if int(hashlib.sha256(path.read_bytes()).hexdigest()[:8], 16) % 7 == 0
    }
    assert before == by_hand
    assert 10 <= len(before) <= 30
    for number in range(140, 200):
        put(tmp_path / "x" / f"{number}.png", number)
    assert {name for name in held_out() if int(name[2:-4]) < 140} == before


@pytest.mark.parametrize("test", ["test", "val", "Validation"])
def test_a_test_folder_is_what_is_held_out(tmp_path, test):
    for part, number in (("train", 0), ("train", 1), (test, 2)):
        put(tmp_path / part / "a" / f"{number}.png", number)
    source = folder.find(tmp_path)
    assert source.class_names == ("a",)
    assert [item.test for item in found_items(source)] == [False, False, True]


def test_train_among_classes_is_a_class(tmp_path):
    for name in ("car", "train", "plane"):
        put(tmp_path / name / "0.png")
    assert folder.find(tmp_path).class_names == ("car", "plane", "train")


def test_splits_beside_other_folders_are_refused(tmp_path):
    for name in ("train", "test", "extra"):
        put(tmp_path / name / "a" / "0.png")
    with pytest.raises(errors.UsageError, match=r"holds test beside .*\(as extra\)"):
        folder.find(tmp_path)


def test_a_validation_split_beside_a_test_split_is_passed_over(tmp_path):
    for number, name in enumerate(("train", "val", "test")):
        put(tmp_path / name / "a" / f"{number}.png", number)
    source = folder.find(tmp_path)
    assert (source.count, source.notes) == (2, ("left out the folder val",))


def test_what_lies_beside_train_is_told(tmp_path):
    put(tmp_path / "train" / "a" / "0.png")
    put(tmp_path / "cover.png")
    notes = ("left out 1 files beside train (as cover.png)",)
    assert folder.find(tmp_path).notes == notes


def test_test_pictures_without_classes_are_left_out(tmp_path):
    """As in a competition, whose answers are not told."""
    for number in range(40):
        put(tmp_path / "train" / "a" / f"{number}.png", number)
    put(tmp_path / "test" / "x.png", 99)
    source = folder.find(tmp_path)
    assert source.class_names == ("a",)
    assert source.notes == ("left out 1 test pictures that have no class",)
    assert 0 < sum(item.test for item in found_items(source)) < 15


def test_copies_in_both_splits_are_told(tmp_path):
    put(tmp_path / "train" / "a" / "0.png", 7)
    put(tmp_path / "test" / "a" / "1.png", 7)
    put(tmp_path / "test" / "a" / "2.png", 8)
    told = ("1 held-out pictures are among those trained on, too",)
    assert folder.find(tmp_path).notes == told


def test_a_class_of_few_pictures_keeps_them_to_train_on(tmp_path):
    for number in range(60):
        put(tmp_path / f"class{number}" / "0.png", number)
    items = found_items(folder.find(tmp_path))
    assert not any(item.test for item in items)


def test_test_classes_that_are_not_trained_on_are_refused(tmp_path):
    put(tmp_path / "train" / "a" / "0.png")
    put(tmp_path / "test" / "b" / "0.png")
    with pytest.raises(errors.UsageError, match=r"class 'b', of which there are none"):
        folder.find(tmp_path)


def test_pictures_beside_folders_have_no_classes_and_it_is_told(tmp_path):
    put(tmp_path / "a" / "0.png")
    put(tmp_path / "cover.png")
    source = folder.find(tmp_path)
    assert source.class_names == ("",)
    assert [item.label for item in found_items(source)] == [0, 0]
    assert source.notes == (
        "without classes, because 1 pictures (as cover.png) lie in no folder of a class",
    )


def test_no_pictures_is_one_line_that_says_what_is_there(tmp_path):
    (tmp_path / "a.svg").write_text("<svg/>")
    with pytest.raises(errors.UsageError, match=r"no pictures; left out 1 .*1 \.svg"):
        folder.find(tmp_path)


def test_the_folder_of_a_run_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "checkpoints").mkdir()
    put(tmp_path / "samples" / "epoch_0000.png")
    with pytest.raises(errors.UsageError, match="is the folder of a run"):
        folder.find(tmp_path)


def test_the_key_tells_of_names_and_contents(tmp_path):
    put(tmp_path / "a" / "0.png", 1)
    keys = [folder.find(tmp_path).key]
    put(tmp_path / "a" / "0.png", 2)
    keys.append(folder.find(tmp_path).key)
    (tmp_path / "a" / "0.png").rename(tmp_path / "a" / "1.png")
    keys.append(folder.find(tmp_path).key)
    assert len(set(keys)) == 3


def test_links_are_followed_but_not_in_circles(tmp_path):
    put(tmp_path / "elsewhere" / "0.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path / "elsewhere")
    assert folder.find(tmp_path / "set").count == 1


def test_names_that_are_no_unicode_can_be_printed(tmp_path):
    odd = os.fsdecode(b"caf\xe9")
    put(tmp_path / odd / "0.png")
    put(tmp_path / "猫" / "0.png")
    names = folder.find(tmp_path).class_names
    assert set(names) == {"caf\ufffd", "猫"}
    "".join(names).encode()


@pytest.mark.parametrize(
    ("sizes", "common"), [([(4, 6), (4, 6)], (4, 6)), ([(4, 6), (6, 4)], None)]
)
def test_a_common_size_is_that_of_all(tmp_path, sizes, common):
    for number, size in enumerate(sizes):
        put(tmp_path / f"{number}.png", size=size)
    assert folder.find(tmp_path).common_size() == common


def test_a_broken_file_is_an_item_that_says_why(tmp_path):
    put(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    good, broken = found_items(folder.find(tmp_path))
    assert good.image is not None
    assert (broken.image, broken.place) == (None, "b.png")
    assert broken.error == "is no picture"
