"""Names of classes: how they are printed, and how a user's words find them."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from dcgan_tf.support import errors


def printable(name: object) -> str:
    """Returns a name, text or UTF-8, without controls of a terminal and odd bytes."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    odd = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories; joiners of letters stay
    return "".join("\ufffd" if unicodedata.category(x) in odd else x for x in text)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()  # which macOS composes otherwise


def checked(names: Iterable[object], dataset: str) -> tuple[str, ...]:
    """Returns the printable names of a data set's classes; UsageError for equal ones."""
    shown = tuple(map(printable, names))
    for name, count in Counter(map(_key, shown)).items():
        if count > 1:
            raise errors.UsageError(
                f"--dataset={dataset}: {count} classes are called {name!r}; rename them"
            )
    return shown


def finder(names: Sequence[str]) -> Callable[[str], int]:
    """Returns what finds a class by its name, or number where none is so named; else -1."""
    numbers = {_key(name): number for number, name in enumerate(names)}
    if not any(name.isdecimal() for name in numbers):
        numbers |= {str(number): number for number in range(len(names))}
    return lambda word: numbers.get(_key(word), -1)


def find(flag: str, text: str, names: Sequence[str]) -> list[int]:
    """Returns the numbers of the classes that `--flag=text` names, with commas between.

    A name may have commas of its own; digits have none between.  UsageError where a word
    is no class.
    """
    words = list(text) if flag == "digits" else text.split(",")
    number_of, chosen, start = finder(names), [], 0
    longest = 1 + max(name.count(",") for name in names)
    while start < len(words):
        tries = (",".join(words[start : start + n]) for n in range(longest, 0, -1))
        word = next((word for word in tries if number_of(word) >= 0), None)
        if word is None:
            word = words[start].strip()
            known = errors.listed(names) + errors.near_matches(word, names)
            raise errors.UsageError(f"--{flag}={text}: {word!r} is no class of {known}")
        chosen.append(number_of(word))
        start += 1 + word.count(",")
    return chosen
