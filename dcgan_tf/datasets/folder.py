"""A folder of pictures: its classes, its files, and what of it is held out."""

import functools
import hashlib
import os
import pathlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.source import Item, Source, digest, is_held_out
from dcgan_tf.support import arrays, errors
from dcgan_tf.support.progress import bar

SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .tga "
    ".jp2 .avif .ico".split()
)
TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
BLOCK = 512  # files in memory at a time
NO_CLASS = ""


class _File(NamedTuple):
    """path: relative to the folder; test: None where its content decides."""

    path: str
    class_name: str
    test: bool | None


# A folder, and whether its pictures are held out; None where their contents decide.
_Part = tuple[pathlib.Path, bool | None]


def find(folder: pathlib.Path) -> Source:
    """The pictures in a folder.

    FOLDER/<class>/..., or FOLDER/train/<class>/... and FOLDER/test/<class>/...; without
    class folders the pictures have no classes.  Pictures may lie deeper.  Hidden files are
    ignored; others that are no pictures are counted in the notes.  UsageError where this
    makes no data set.
    """
    if (folder / "config.json").exists() and (folder / "checkpoints").exists():
        raise _refusal(folder, "is the folder of a run; name a folder of pictures")
    others: Counter[str] = Counter()
    try:
        parts, notes = _parts(folder)
        files = list(_files(folder, parts, others))
    except OSError as error:
        reason = f"{printable(error.filename)}: {error.strerror}"
        raise _refusal(folder, reason) from None
    if others:
        notes.append(f"left out {_counted(others)}")
    if not files:
        raise _refusal(
            folder,
            "; ".join(["holds no pictures", *notes])
            + "; put .png, .jpg or other pictures there, in a folder for each class or "
            "without classes",
        )
    files, more = _with_or_without_classes(files)
    names = _class_names(folder, files)
    contents = _hashes(folder, files)
    listed, copies = _listed(files, names, contents)
    return Source(
        name=str(folder),
        key=digest(sorted(contents.items())),
        count=len(files),
        class_names=tuple(printable(name) for name in names),
        files={path.replace("\n", " "): sha256 for path, sha256 in contents.items()},
        notes=(*notes, *more, *copies),
        common_size=functools.partial(_common_size, folder, listed),
        channels=None,
        items=functools.partial(_items, folder, listed),
    )


def printable(path: object) -> str:
    """A path as text that can be printed in a line, whatever bytes are in it."""
    text = os.fsencode(str(path)).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _refusal(folder: pathlib.Path, reason: str) -> errors.UsageError:
    return errors.UsageError(f"--dataset={printable(folder)}: {reason}")


def _parts(folder: pathlib.Path) -> tuple[list[_Part], list[str]]:
    """Where pictures are looked for, and notes of what is left out.

    A folder "train" among others is a class: of railways, say.
    """
    visible = _visible(folder)
    subfolders = {path.name.lower(): path for path in visible if path.is_dir()}
    train = next((name for name in TRAIN if name in subfolders), None)
    tests = [name for name in TEST if name in subfolders]
    classes = sorted(subfolders.keys() - {train, *tests})
    if classes and tests:
        raise _refusal(
            folder,
            f"holds {tests[0]} beside other folders (as {classes[0]}); put the folders of "
            "the classes into train, beside it",
        )
    if train is None or classes:
        return [(folder, None)], []
    notes = [f"left out the folder {name}" for name in tests[1:]]
    if loose := [path.name for path in visible if not path.is_dir()]:
        notes.append(f"left out {len(loose)} files beside {train} (as {loose[0]})")
    if not tests:
        return [(subfolders[train], None)], notes
    return [(subfolders[train], False), (subfolders[tests[0]], True)], notes


def _files(
    folder: pathlib.Path, parts: list[_Part], others: Counter[str]
) -> Iterator[_File]:
    """The pictures; `others` counts what is none, by suffix."""
    for root, is_test in parts:
        for path in _pictures(root, others, set()):
            inside = path.relative_to(root).parts
            class_name = inside[0] if len(inside) > 1 else NO_CLASS
            yield _File(str(path.relative_to(folder)), class_name, is_test)


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "__MACOSX"))
        and path.name not in ("Thumbs.db", "desktop.ini")
    )


def _pictures(
    folder: pathlib.Path, others: Counter[str], above: set[pathlib.Path]
) -> Iterator[pathlib.Path]:
    """The pictures in a folder and below; links are followed, but not in circles."""
    real = folder.resolve()
    if real in above:
        return
    for path in _visible(folder):
        if path.is_dir():
            yield from _pictures(path, others, above | {real})
        elif _is_picture(path):
            yield path
        else:
            others[path.suffix.lower() or "without a suffix"] += 1


def _is_picture(path: pathlib.Path) -> bool:
    """By its suffix; where it has none, by its first bytes."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        return False
    if not path.suffix:
        return picture.upright_size(_read(path)) is not None
    return path.suffix.lower() in SUFFIXES


def _with_or_without_classes(files: list[_File]) -> tuple[list[_File], list[str]]:
    """The same files, without classes unless all have one; and notes."""
    loose = [file for file in files if file.class_name == NO_CLASS]
    if not loose or len(loose) == len(files):
        return files, []
    if all(file.test for file in loose):  # as in a competition, without their answers
        kept = [file for file in files if file.class_name != NO_CLASS]
        if not any(file.test for file in kept):
            kept = [file._replace(test=None) for file in kept]
        return kept, [f"left out {len(loose):,} test pictures that have no class"]
    note = (
        f"without classes, because {len(loose):,} pictures (as {printable(loose[0].path)}) "
        "lie in no folder of a class"
    )
    return [file._replace(class_name=NO_CLASS) for file in files], [note]


def _class_names(folder: pathlib.Path, files: list[_File]) -> list[str]:
    """The classes in their order: of numbers if all names are, else sorted."""
    found = {file.class_name for file in files}
    trained = {file.class_name for file in files if not file.test}
    if lacking := sorted(found - trained):
        raise _refusal(
            folder,
            f"its test pictures are of class {printable(lacking[0])!r}, of which there are "
            "none to train on",
        )
    if all(name.isdecimal() for name in found):
        return sorted(found, key=lambda name: (int(name), name))
    return sorted(found)


def _counted(others: Counter[str]) -> str:
    total = sum(others.values())
    kinds = ", ".join(f"{number} {suffix}" for suffix, number in others.most_common(5))
    return f"{total:,} files that are no pictures ({kinds})"


def _read(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.UsageError(
            f"--dataset: {printable(path)} cannot be read ({error.strerror}); make it "
            "readable, or remove it"
        ) from None


def _hashes(folder: pathlib.Path, files: list[_File]) -> dict[str, str]:
    """The sha256 of each file, by its path."""

    def sha256(file: _File) -> str:
        return hashlib.sha256(_read(folder / file.path)).hexdigest()

    found: dict = {}
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for rows in bar(list(arrays.blocks(len(files), BLOCK)), "looking at pictures"):
            paths = (file.path for file in files[rows])
            found |= zip(paths, threads.map(sha256, files[rows]), strict=True)
    return found


def _listed(
    files: list[_File], names: list[str], contents: dict[str, str]
) -> tuple[list[tuple[str, int, bool]], list[str]]:
    """(path, label, whether it is held out) of each file, in their order; and notes.

    By the files' own names first: those that are numbered keep their order across classes.
    A class of which all would be held out keeps them to train on.
    """
    labels = {name: label for label, name in enumerate(names)}
    test = {
        file.path: is_held_out(contents[file.path]) if file.test is None else file.test
        for file in files
    }
    trained = {file.class_name for file in files if not test[file.path]}
    for file in files:
        if file.class_name not in trained:
            test[file.path] = False
    seen = {contents[path] for path, is_test in test.items() if not is_test}
    copies = sum(is_test and contents[path] in seen for path, is_test in test.items())
    notes = [f"{copies:,} held-out pictures are among those trained on, too"]
    order = sorted(files, key=lambda file: (os.path.basename(file.path), file.path))
    listed = [(file.path, labels[file.class_name], test[file.path]) for file in order]
    return listed, notes if copies else []


def _common_size(folder: pathlib.Path, listed: list) -> tuple[int, int] | None:
    sizes = set()
    for path, _, _ in listed:
        size = picture.upright_size(_read(folder / path))
        if size is not None:
            sizes.add(size)
        if len(sizes) > 1:
            return None
    return sizes.pop() if sizes else None


def _items(folder: pathlib.Path, listed: list, size: tuple[int, int]) -> Iterator[Item]:
    """Each picture in its order; decoded in threads, a block at a time."""

    def decoded(entry) -> Item:
        path, label, test = entry
        try:
            image, error = picture.decode(_read(folder / path), size), ""
        except ValueError as problem:
            image, error = None, str(problem)
        return Item(printable(path), image, label, test, error)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for rows in arrays.blocks(len(listed), BLOCK):
            yield from threads.map(decoded, listed[rows])
