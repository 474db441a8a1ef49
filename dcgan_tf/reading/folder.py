"""A folder of pictures: its classes, its files, and what of it is held out."""

import functools
import hashlib
import os
import pathlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from dcgan_tf.reading import picture
from dcgan_tf.reading.source import Item, Source, digest, is_held_out
from dcgan_tf.support import arrays, errors
from dcgan_tf.support.progress import bar

SUFFIXES = frozenset(
    ".png .jpg .jpeg .jpe .jfif .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .tga "
    ".jp2 .avif .ico".split()
)
TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
BLOCK = 512  # files in memory at a time
MOST_CLASSES = 1000
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
    class folders the pictures have no classes.  Pictures may lie deeper.  Hidden files, and
    those whose suffix is not of a picture, are passed over.  UsageError where this makes no
    data set.
    """

    def refuse(reason: str) -> errors.UsageError:
        return errors.UsageError(f"--dataset={printable(folder)}: {reason}")

    if (folder / "config.json").exists() and (folder / "checkpoints").exists():
        raise refuse("is the folder of a run; name a folder of pictures")
    others: Counter[str] = Counter()
    try:
        parts, unused = _parts(folder, refuse)
        files = list(_files(folder, parts, others))
    except OSError as error:
        raise refuse(f"{printable(error.filename)}: {error.strerror}") from None
    if not files:
        passed = f", but {_counted(others)}" if others else ""
        raise refuse(
            f"holds no pictures{passed}; put .png, .jpg or other pictures there, in a "
            "folder for each class or without classes"
        )
    notes = [f"passed over {_counted(others)}"] if others else []
    notes += [f"passed over the folder {name}" for name in unused]
    loose = [file.path for file in files if file.class_name == NO_CLASS]
    if loose and len(loose) < len(files):
        files = [file._replace(class_name=NO_CLASS) for file in files]
        notes.append(
            f"without classes: {len(loose):,} pictures (as {printable(loose[0])}) lie in "
            "no folder"
        )
    names = _class_names(files, refuse)
    labels = {name: label for label, name in enumerate(names)}
    contents = _hashes(folder, files)
    # By their own names first: files that are numbered keep their order across classes.
    sorted_files = sorted(files, key=lambda file: (os.path.basename(file.path), file.path))
    listed = [
        (
            file.path,
            labels[file.class_name],
            is_held_out(contents[file.path]) if file.test is None else file.test,
        )
        for file in sorted_files
    ]
    return Source(
        name=str(folder),
        key=digest(sorted(contents.items())),
        count=len(files),
        class_names=tuple(printable(name) for name in names),
        files={path.replace("\n", " "): sha256 for path, sha256 in contents.items()},
        notes=tuple(notes),
        common_size=functools.partial(_common_size, folder, listed),
        channels=None,
        items=functools.partial(_items, folder, listed),
    )


def printable(path: object) -> str:
    """A path as text that can be printed in a line, whatever bytes are in it."""
    text = os.fsencode(str(path)).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _parts(folder: pathlib.Path, refuse) -> tuple[list[_Part], list[str]]:
    """Where pictures are looked for, and the splits that are not used.

    A folder "train" among others is a class: of railways, say.
    """
    subfolders = {p.name.lower(): p for p in _visible(folder) if p.is_dir()}
    train = next((name for name in TRAIN if name in subfolders), None)
    tests = [name for name in TEST if name in subfolders]
    classes = sorted(subfolders.keys() - {train, *tests})
    if train is None or (classes and not tests):
        return [(folder, None)], []
    if classes:
        raise refuse(
            f"holds {train} and {tests[0]} beside other folders (as {classes[0]}); move "
            "these away, or name the folder of the classes"
        )
    if not tests:
        return [(subfolders[train], None)], []
    return [(subfolders[train], False), (subfolders[tests[0]], True)], tests[1:]


def _files(
    folder: pathlib.Path, parts: list[_Part], others: Counter[str]
) -> Iterator[_File]:
    """The pictures; `others` counts what is passed over, by suffix."""
    for root, is_test in parts:
        for path in _pictures(root, others, set()):
            inside = path.relative_to(root).parts
            class_name = inside[0] if len(inside) > 1 else NO_CLASS
            yield _File(str(path.relative_to(folder)), class_name, is_test)


def _visible(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "__MACOSX")) and path.name != "Thumbs.db"
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
        elif path.suffix.lower() in SUFFIXES or not path.suffix:
            if path.exists() and not path.is_file():  # a pipe would be waited for
                continue
            yield path
        else:
            others[path.suffix.lower()] += 1


def _class_names(files: list[_File], refuse) -> list[str]:
    """The classes in their order: of numbers if all names are, else of the alphabet."""
    found = {file.class_name for file in files}
    trained = {file.class_name for file in files if not file.test}
    if lacking := sorted(found - trained):
        raise refuse(
            f"its test pictures are of class {printable(lacking[0])!r}, of which there are "
            "none to train on"
        )
    if len(found) > MOST_CLASSES:
        raise refuse(f"has {len(found):,} classes; at most {MOST_CLASSES:,} can be trained")
    if all(name.isdecimal() for name in found):
        return sorted(found, key=lambda name: (int(name), name))
    return sorted(found)


def _counted(others: Counter[str]) -> str:
    total = sum(others.values())
    kinds = ", ".join(f"{number} {suffix}" for suffix, number in others.most_common(5))
    return f"{total:,} files of other kinds ({kinds})"


def _read(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.UsageError(
            f"--dataset: {printable(path)} cannot be read ({error.strerror}); make it "
            "readable, or take it away"
        ) from None


def _hashes(folder: pathlib.Path, files: list[_File]) -> dict[str, str]:
    found = {}
    for file in bar(files, "looking at pictures"):
        content = _read(folder / file.path)
        found[file.path] = hashlib.sha256(content).hexdigest()
    return found


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
