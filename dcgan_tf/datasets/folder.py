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
    """path: relative to the folder; test: whether it is held out, or None: it decides."""

    path: str
    class_name: str
    test: bool | None


def find(folder: pathlib.Path) -> Source:
    """The pictures in a folder.

    FOLDER/<class>/..., or FOLDER/train/<class>/... and FOLDER/test/<class>/...; without
    class folders the pictures have no classes.  Pictures may lie deeper.  Hidden files are
    ignored; the notes count other files that are no pictures.  Raises UsageError where this
    makes no data set.
    """
    parts, notes = _parts(folder)
    files, others = [], Counter[str]()
    for root, is_test in parts:
        for path in _below(root):
            inside = path.relative_to(root).parts
            class_name = inside[0] if len(inside) > 1 else NO_CLASS
            if path.suffix.lower() in SUFFIXES:
                files.append(_File(str(path.relative_to(folder)), class_name, is_test))
            else:
                others[path.suffix.lower() or "without a suffix"] += 1
    if others:
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in others.most_common(5))
        notes.append(f"left out {others.total():,} files that are no pictures ({kinds})")
    if not files:
        raise errors.UsageError(
            f"--dataset={folder}: {'; '.join(['holds no pictures', *notes])}; put .png, "
            ".jpg or other pictures there, in a folder for each class or without classes"
        )
    files, more = _with_or_without_classes(files)
    paths = [file.path for file in files]
    with ThreadPoolExecutor() as threads:
        hashes = threads.map(lambda path: atomic_files.sha256(folder / path), paths)
        shown = bar(hashes, "looking at pictures", len(paths))
        contents = dict(zip(paths, shown, strict=True))
    files, copies = _divided(files, contents)
    names = sorted({file.class_name for file in files})
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    return Source(
        name=str(folder),
        key=digest(sorted(contents.items())),
        count=len(files),
        class_names=tuple(_printable(name) for name in names),
        notes=(*notes, *more, *copies),
        common_size=functools.partial(_common_size, folder, paths),
        channels=None,
        items=functools.partial(_items, folder, files, names),
    )


def _printable(name: str) -> str:
    """A name as text that can be printed, whatever bytes are in it."""
    return os.fsencode(name).decode("utf-8", "replace")


def _parts(
    folder: pathlib.Path,
) -> tuple[list[tuple[pathlib.Path, bool | None]], list[str]]:
    """Where pictures are looked for and whether those are held out; notes of the rest.

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


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    hidden = (".", "__MACOSX", "Thumbs.db", "desktop.ini")
    return sorted(path for path in folder.iterdir() if not path.name.startswith(hidden))


def _below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The visible files in a folder and in those below it, by links as well."""
    for path in _visible(folder):
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


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


def _divided(files: list[_File], contents: dict[str, str]) -> tuple[list[_File], list[str]]:
    """The files in their order, each to train on or held out; and notes.

    By the files' own names first: those that are numbered keep their order across classes.
    A class of which all would be held out keeps them to train on.
    """
    trained = {
        f.class_name for f in files if not f.test and not is_held_out(contents[f.path])
    }
    divided = [
        file._replace(test=file.class_name in trained and is_held_out(contents[file.path]))
        if file.test is None
        else file
        for file in sorted(files, key=lambda file: (os.path.basename(file.path), file.path))
    ]
    seen = {contents[file.path] for file in divided if not file.test}
    copies = sum(file.test and contents[file.path] in seen for file in divided)
    notes = [f"{copies:,} held-out pictures are among those trained on, too"]
    return divided, notes if copies else []


def _common_size(folder: pathlib.Path, paths: list[str]) -> tuple[int, int] | None:
    sizes = {picture.upright_size(folder / path) for path in paths} - {None}
    return sizes.pop() if len(sizes) == 1 else None


def _items(
    folder: pathlib.Path, files: list[_File], names: list[str], size: tuple[int, int]
) -> Iterator[Item]:
    """Each picture in its order; decoded in threads, a block at a time."""
    labels = {name: label for label, name in enumerate(names)}

    def decoded(file: _File) -> Item:
        image, error = None, ""
        try:
            image = picture.decode(folder / file.path, size)
        except Exception as problem:  # Pillow's readers raise a dozen kinds
            error = f"{_printable(file.path)}: {errors.first_line(problem)}"
        return Item(image, labels[file.class_name], file.test, error)

    with ThreadPoolExecutor() as threads:
        for rows in arrays.blocks(len(files), BLOCK):
            yield from threads.map(decoded, files[rows])
