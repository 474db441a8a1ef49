"""A folder of pictures: its classes, its files, and what of it is held out."""

import functools
import os
import pathlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.source import NO_CLASSES, Item, Source, digest, is_held_out
from dcgan_tf.support import arrays, atomic_files, errors
from dcgan_tf.support.progress import bar

SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .tga "
    ".jp2 .avif .ico".split()
)
TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
BLOCK = 512  # decoded pictures in memory at a time
(NO_CLASS,) = NO_CLASSES


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
    ignored; the notes count other files that are no pictures.  Raises UsageError where this
    makes no data set.
    """
    parts, notes = _parts(folder)
    files, others = _files(folder, parts)
    if others:
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in others.most_common(5))
        notes.append(f"left out {others.total():,} files that are no pictures ({kinds})")
    if not files:
        raise errors.UsageError(
            f"--dataset={folder}: {'; '.join(['holds no pictures', *notes])}; put .png, "
            ".jpg or other pictures there, in a folder for each class or without classes"
        )
    files, more = _with_or_without_classes(files)
    names = _class_names(files)
    paths = [file.path for file in files]
    with ThreadPoolExecutor() as threads:
        hashes = threads.map(lambda path: atomic_files.sha256(folder / path), paths)
        shown = bar(hashes, "looking at pictures", len(paths))
        contents = dict(zip(paths, shown, strict=True))
    listed, copies = _listed(files, names, contents)
    return Source(
        name=str(folder),
        key=digest(sorted(contents.items())),
        count=len(files),
        class_names=tuple(_printable(name) for name in names),
        notes=(*notes, *more, *copies),
        common_size=functools.partial(_common_size, folder, paths),
        channels=None,
        items=functools.partial(_items, folder, listed),
    )


def _printable(name: str) -> str:
    """A name as text that can be printed, whatever bytes are in it."""
    return os.fsencode(name).decode("utf-8", "replace")


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
        raise errors.UsageError(
            f"--dataset={folder}: holds {tests[0]} beside other folders (as {classes[0]}); "
            "put the folders of the classes into train, beside it"
        )
    if train is None or classes:
        return [(folder, None)], []
    notes = [f"left out the folder {name}" for name in tests[1:]]
    if loose := [path.name for path in visible if not path.is_dir()]:
        notes.append(f"left out {len(loose)} files beside {train} (as {loose[0]})")
    if not tests:
        return [(subfolders[train], None)], notes
    return [(subfolders[train], False), (subfolders[tests[0]], True)], notes


def _files(folder: pathlib.Path, parts: list[_Part]) -> tuple[list[_File], Counter[str]]:
    """The pictures, and how many other files there are of each suffix."""
    files, others = [], Counter[str]()
    for root, is_test in parts:
        for path in _below(root):
            inside = path.relative_to(root).parts
            class_name = inside[0] if len(inside) > 1 else NO_CLASS
            if path.suffix.lower() in SUFFIXES:
                files.append(_File(str(path.relative_to(folder)), class_name, is_test))
            else:
                others[path.suffix.lower() or "without a suffix"] += 1
    return files, others


def _below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The visible files in a folder and in those below it, by links as well."""
    for path in _visible(folder):
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "__MACOSX"))
        and path.name not in ("Thumbs.db", "desktop.ini")
    )


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
    example = _printable(loose[0].path)
    return [file._replace(class_name=NO_CLASS) for file in files], [
        f"without classes, because {len(loose):,} pictures (as {example}) lie in no folder "
        "of a class"
    ]


def _class_names(files: list[_File]) -> list[str]:
    """The classes in their order: of numbers if all names are, else sorted."""
    names = {file.class_name for file in files}
    if all(name.isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def _listed(
    files: list[_File], names: list[str], contents: dict[str, str]
) -> tuple[list[tuple[str, int, bool]], list[str]]:
    """(path, label, whether it is held out) of each file, in their order; and notes.

    By the files' own names first: those that are numbered keep their order across classes.
    A class of which all would be held out keeps them to train on.
    """
    test = {
        file.path: is_held_out(contents[file.path]) if file.test is None else file.test
        for file in files
    }
    trained = {file.class_name for file in files if not test[file.path]}
    for file in files:
        if file.test is None and file.class_name not in trained:
            test[file.path] = False
    seen = {contents[path] for path, is_test in test.items() if not is_test}
    copies = sum(is_test and contents[path] in seen for path, is_test in test.items())
    notes = [f"{copies:,} held-out pictures are among those trained on, too"]
    order = sorted(files, key=lambda file: (os.path.basename(file.path), file.path))
    labels = {name: label for label, name in enumerate(names)}
    listed = [(file.path, labels[file.class_name], test[file.path]) for file in order]
    return listed, notes if copies else []


def _common_size(folder: pathlib.Path, paths: list[str]) -> tuple[int, int] | None:
    sizes = set()
    for path in paths:
        sizes |= {picture.upright_size(folder / path)} - {None}
        if len(sizes) > 1:
            return None
    return next(iter(sizes), None)


def _items(folder: pathlib.Path, listed: list, size: tuple[int, int]) -> Iterator[Item]:
    """Each picture in its order; decoded in threads, a block at a time."""

    def decoded(file: tuple[str, int, bool]) -> Item:
        path, label, test = file
        try:
            return Item(picture.decode(folder / path, size), label, test)
        except Exception as error:  # Pillow's readers raise a dozen kinds
            reason = f"{_printable(path)}: {errors.first_line(error)}"
            return Item(None, label, test, reason)

    with ThreadPoolExecutor() as threads:
        for rows in arrays.blocks(len(listed), BLOCK):
            yield from threads.map(decoded, listed[rows])
