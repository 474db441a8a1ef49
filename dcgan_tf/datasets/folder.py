"""A folder of pictures: its classes, its files, and what of it is held out."""

import os
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from dcgan_tf.config import class_names
from dcgan_tf.datasets import picture
from dcgan_tf.datasets.spec import NO_CLASSES, Item, Source, Target, digest, is_held_out
from dcgan_tf.support import arrays, atomic_files, errors
from dcgan_tf.support.progress import bar

SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .tga "
    ".jp2 .avif .ico".split()
)
# What systems make beside a user's pictures; names that begin with a dot are hidden.
SYSTEMS = frozenset(
    "__macosx @eadir @recycle #recycle #snapshot $recycle.bin recycler lost+found "
    "__pycache__ thumbs.db ehthumbs.db desktop.ini".split()
) | {"system volume information"}
TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
(NO_CLASS,) = NO_CLASSES


class _File(NamedTuple):
    path: str  # in the folder
    class_name: str  # its folder's name, which may hold bytes that are no text
    test: bool | None  # whether it is held out; None: its content decides


def find(folder: pathlib.Path, labelled: bool = False, is_new: bool = True) -> Source:
    """Returns the pictures in a folder; UsageError where they make no data set.

    FOLDER/<class>/..., or FOLDER/train/<class>/... and FOLDER/test/<class>/...; without
    class folders the pictures have no classes.  Pictures may lie deeper.  Hidden files are
    ignored; the notes tell of all else that is left out.

    labelled: leave out pictures without a class, where others have one
    is_new: ask the user, by the error, which of nested folders are the classes
    """
    files, notes = listed(folder, labelled, is_new)
    # By the files' own names first: numbered files keep their order across classes.
    files.sort(key=lambda file: (os.path.basename(file.path), file.path))
    paths = [file.path for file in files]
    with ThreadPoolExecutor() as threads:
        hashes = threads.map(lambda path: _content(folder / path), paths)
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
    names.sort(key=int if all(map(str.isdecimal, names)) else None)

    def items(target: Target) -> Iterator[Item]:
        def decoded(file: _File) -> Item:
            image, error = None, ""
            try:
                image = picture.decode(folder / file.path, target)
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
        class_names=class_names.checked(names, str(folder)),
        notes=tuple(notes),
        sizes=lambda: picture.sizes(folder / path for path in paths),
        channels=None,
        items=items,
    )


def _content(file: pathlib.Path) -> str:
    """Returns the sha256 of a file, and of its name where `items` cannot read it either."""
    return atomic_files.sha256(file) if os.access(file, os.R_OK) else digest(file.name)


def listed(
    folder: pathlib.Path, labelled: bool, is_new: bool
) -> tuple[list[_File], list[str]]:
    """Returns the pictures, without classes unless all that stay have one; and notes."""
    files, others, systems = [], Counter[str](), set[str]()
    parts, notes = _parts(folder, systems)
    within: dict[str, set[str]] = {}  # class -> the folders in it that hold pictures
    for root, test in parts.items():
        for path in _below(root, systems):
            *inside, _ = path.relative_to(root).parts
            if path.suffix.lower() in SUFFIXES:
                class_name = inside[0] if inside else NO_CLASS
                files.append(_File(str(path.relative_to(folder)), class_name, test))
                if inside:
                    within.setdefault(class_name, set()).update(inside[1:2])
            else:
                others[path.suffix.lower() or "without a suffix"] += 1
    folders = {p.name for root in parts for p in visible(root, systems) if p.is_dir()}
    if empty := folders - within.keys():
        notes.append(f"left out {_listing(empty)}, where no picture is")
    if systems:
        notes.append(f"left out {_listing(systems)}, which a system made")
    if others:
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in others.most_common(5))
        notes.append(f"left out {others.total():,} files that are no pictures ({kinds})")
    if not files:
        raise errors.UsageError(
            f"--dataset={folder}: {'; '.join(['holds no pictures', *notes])}; put .png or "
            ".jpg files there, in a folder for each class"
        )
    first, *more = [*within.values()] or [set()]
    nested = len(first) > 1 and all(first == inside for inside in more)
    if nested and labelled and is_new:
        raise errors.UsageError(
            f"--dataset={folder}: {_listing(first)} lie in {_listing(within)}; if these "
            "are the classes, give the folder that they lie in, or call two such folders "
            "train and test; else put the pictures of a class straight into its folder, or "
            "take --mode=dcgan, which needs no classes"
        )
    loose = [file for file in files if file.class_name == NO_CLASS]
    if len(loose) in (0, len(files)):
        return files, notes
    example = f"{len(loose):,} pictures (as {class_names.printable(loose[0].path)})"
    # Test pictures without a class are those of a competition, without its answers.
    if not labelled and not all(file.test for file in loose):
        notes.append(f"without classes, because {example} lie in no folder of a class")
        return [file._replace(class_name=NO_CLASS) for file in files], notes
    notes.append(f"left out {example} that lie in no folder of a class")
    files = [file for file in files if file.class_name != NO_CLASS]
    if not any(file.test for file in files):
        files = [file._replace(test=None) for file in files]
    return files, notes


def _parts(
    folder: pathlib.Path, systems: set[str]
) -> tuple[dict[pathlib.Path, bool | None], list[str]]:
    """Returns where pictures are looked for, whether those are held out, and notes.

    A folder "train" among others is a class: of railways, say.
    """
    paths = [path for path in visible(folder, systems) if path.is_dir()]
    trains = [path for path in paths if path.name.lower() in TRAIN]
    trains *= len(trains) == 1  # of several each is a class
    tests = [path for name in TEST for path in paths if path.name.lower() == name]
    classes = [path.name for path in paths if path not in (*trains, *tests)]
    if classes and tests:
        raise errors.UsageError(
            f"--dataset={folder}: holds {tests[0].name} beside other folders (as "
            f"{classes[0]}); put these into train"
        )
    if classes or not trains:
        return {folder: None}, []
    if not tests:
        return {trains[0]: None}, []
    notes = [f"left out the folder {path.name}" for path in tests[1:]]
    return {trains[0]: False, tests[0]: True}, notes


def _listing(names: Iterable[str]) -> str:
    return errors.listed(sorted(map(class_names.printable, names)), most=9)


def visible(folder: pathlib.Path, systems: set[str]) -> list[pathlib.Path]:
    """Lists what is in a folder, but for hidden names and those that `systems` gets."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    systems.update(path.name for path in paths if path.name.lower() in SYSTEMS)
    return [path for path in paths if path.name not in systems]


def _below(folder: pathlib.Path, systems: set[str]) -> Iterator[pathlib.Path]:
    """Yields the visible files in a folder and in those below it, by links as well."""
    for path in visible(folder, systems):
        if not path.is_dir():
            yield path
        elif not folder.resolve().is_relative_to(path.resolve()):  # as a link upwards
            yield from _below(path, systems)
