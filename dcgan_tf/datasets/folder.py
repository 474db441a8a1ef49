"""A folder of pictures: its classes, its files, and what of it is held out."""

import os
import pathlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from dcgan_tf.datasets import picture
from dcgan_tf.datasets.spec import NO_CLASSES, Item, Source, digest, is_held_out
from dcgan_tf.support import arrays, atomic_files, errors
from dcgan_tf.support.progress import bar

SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .tga "
    ".jp2 .avif .ico".split()
)
HIDDEN = (".", "__MACOSX", "Thumbs.db", "desktop.ini")
TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
(NO_CLASS,) = NO_CLASSES


class _File(NamedTuple):
    path: str  # in the folder
    class_name: str
    test: bool | None  # whether it is held out; None: its content decides


def find(folder: pathlib.Path) -> Source:
    """Returns the pictures in a folder; UsageError where they make no data set.

    FOLDER/<class>/..., or FOLDER/train/<class>/... and FOLDER/test/<class>/...; without
    class folders the pictures have no classes.  Pictures may lie deeper.  Hidden files are
    ignored; the notes count other files that are no pictures.
    """
    files, notes = _listed(folder)
    # By the files' own names first: numbered files keep their order across classes.
    files.sort(key=lambda file: (os.path.basename(file.path), file.path))
    paths = [file.path for file in files]
    with ThreadPoolExecutor() as threads:
        hashes = threads.map(lambda path: atomic_files.sha256(folder / path), paths)
        shown = bar(hashes, "looking at pictures", len(paths))
        contents = dict(zip(paths, shown, strict=True))
    chosen = {path for path in paths if is_held_out(contents[path])}
    # A class of which all would be held out keeps its pictures to train on.
    trained = {f.class_name for f in files if not f.test and f.path not in chosen}
    for number, (path, name, test) in enumerate(files):
        if test is None:
            files[number] = _File(path, name, path in chosen and name in trained)
    seen = {contents[file.path] for file in files if not file.test}
    if copies := sum(file.test and contents[file.path] in seen for file in files):
        notes.append(f"{copies:,} held-out pictures are among those trained on, too")
    names = sorted({file.class_name for file in files})
    if all(name.isdecimal() for name in names):
        names.sort(key=int)

    def common_size() -> tuple[int, int] | None:
        sizes = {picture.upright_size(folder / path) for path in paths} - {None}
        return sizes.pop() if len(sizes) == 1 else None

    def items(size: tuple[int, int]) -> Iterator[Item]:
        def decoded(file: _File) -> Item:
            image, error = None, ""
            try:
                image = picture.decode(folder / file.path, size)
            except Exception as problem:  # Pillow's readers raise a dozen kinds
                error = f"{file.path}: {errors.first_line(problem)}"
            return Item(image, names.index(file.class_name), file.test, error)

        with ThreadPoolExecutor() as threads:
            for rows in arrays.blocks(len(files), 512):
                yield from threads.map(decoded, files[rows])

    return Source(
        name=str(folder),
        key=digest(sorted(contents.items())),
        count=len(files),
        class_names=tuple(names),
        notes=tuple(notes),
        common_size=common_size,
        channels=None,
        items=items,
    )


def _listed(folder: pathlib.Path) -> tuple[list[_File], list[str]]:
    """Returns the pictures, without classes unless all have one; and notes."""
    parts, notes = _parts(folder)
    files, others = [], Counter[str]()
    for root, test in parts.items():
        for path in _below(root):
            inside = path.relative_to(root).parts
            class_name = _printable(inside[0]) if len(inside) > 1 else NO_CLASS
            if path.suffix.lower() in SUFFIXES:
                files.append(_File(str(path.relative_to(folder)), class_name, test))
            else:
                others[path.suffix.lower() or "without a suffix"] += 1
    if others:
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in others.most_common(5))
        notes.append(f"left out {others.total():,} files that are no pictures ({kinds})")
    if not files:
        raise errors.UsageError(
            f"--dataset={folder}: {'; '.join(['holds no pictures', *notes])}; put .png or "
            ".jpg files there, in a folder for each class"
        )
    loose = [file for file in files if file.class_name == NO_CLASS]
    if len(loose) in (0, len(files)):
        return files, notes
    if all(file.test for file in loose):  # as in a competition, without their answers
        notes.append(f"left out {len(loose):,} test pictures that have no class")
        files = [file for file in files if file.class_name != NO_CLASS]
        if not any(file.test for file in files):
            files = [file._replace(test=None) for file in files]
        return files, notes
    example = f"{len(loose):,} pictures (as {_printable(loose[0].path)})"
    notes.append(f"without classes, because {example} lie in no folder of a class")
    return [file._replace(class_name=NO_CLASS) for file in files], notes


def _parts(folder: pathlib.Path) -> tuple[dict[pathlib.Path, bool | None], list[str]]:
    """Returns where pictures are looked for, whether those are held out, and notes.

    A folder "train" among others is a class: of railways, say.
    """
    subfolders = {path.name.lower(): path for path in _visible(folder) if path.is_dir()}
    train = next((name for name in TRAIN if name in subfolders), None)
    tests = [name for name in TEST if name in subfolders]
    classes = sorted(subfolders.keys() - {train, *tests})
    if classes and tests:
        raise errors.UsageError(
            f"--dataset={folder}: holds {tests[0]} beside other folders (as {classes[0]}); "
            "put these into train"
        )
    if train is None or classes:
        return {folder: None}, []
    if not tests:
        return {subfolders[train]: None}, []
    notes = [f"left out the folder {name}" for name in tests[1:]]
    return {subfolders[train]: False, subfolders[tests[0]]: True}, notes


def _printable(name: str) -> str:
    """Returns a name as text that can be printed, whatever bytes are in it."""
    return os.fsencode(name).decode("utf-8", "replace")


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(HIDDEN))


def _below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields the visible files in a folder and in those below it, by links as well."""
    for path in _visible(folder):
        yield from _below(path) if path.is_dir() else [path]
