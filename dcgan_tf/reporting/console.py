"""What a run prints of a log entry."""

import sys
import textwrap
from collections.abc import Mapping

from dcgan_tf.metrics.figures import FIGURES, QUALITY

WIDTH = 80  # of what is printed
PLAIN = str.maketrans({"\u2013": "-", "±": "+-", "↑": " ", "↓": " ", "é": "e"})
Entry = Mapping[str, float]


def printable(text: str) -> str:
    """Returns the text; in plain letters where stdout lacks some."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return text.translate(PLAIN)
    return text


def wrapped(text: str, indent: str = "") -> str:
    """Breaks a text at its spaces into lines of at most WIDTH letters."""
    width = WIDTH - len(indent)
    lines = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    return textwrap.indent(lines, indent)


def both_losses(entry: Entry) -> str:
    return f"G {entry['generator/loss']:.3f}, D {entry['discriminator/loss']:.3f}"


def losses(entry: Entry, name: str) -> str:
    """Returns a line: name, both losses, the discriminator's accuracies, the speed."""
    accuracies = []
    for kind, word in (("adversarial", "accuracy"), ("class", "class")):
        prefix = f"discriminator/{kind}_accuracy"
        shares = [share for key, share in entry.items() if key.startswith(prefix)]
        if shares:
            accuracies.append(f"{word} {sum(shares) / len(shares):.0%}")
    known = f" ({', '.join(accuracies)})" if accuracies else ""  # a critic has none
    return f"{name}: {both_losses(entry)}{known}, {entry['images_per_second']:.0f} img/s"


def quality(entry: Entry) -> str:
    """Returns the figures of an evaluation."""
    figures = (
        f"{printable(figure.title).rstrip()} {figure.text(entry[QUALITY + figure.key])}"
        for figure in FIGURES
        if figure.printed and QUALITY + figure.key in entry
    )
    unbroken = ", ".join(figure.replace(" ", "\xa0") for figure in figures)
    return wrapped(unbroken, "  ").replace("\xa0", " ")
