"""The curves of a run, by matplotlib."""

import io
import re
from collections.abc import Sequence

from dcgan_tf.support import errors


def pyplot(asking: str):
    """matplotlib.pyplot, for what `asking` names; UsageError without matplotlib."""
    try:
        import matplotlib.pyplot
    except ImportError:
        raise errors.UsageError(
            f"{asking}: draws with matplotlib, which is not installed; "
            "pip install matplotlib"
        ) from None
    return matplotlib.pyplot


def curves(entries: Sequence[dict], title: str):
    """A matplotlib Figure of a run's log entries: losses, accuracies, quality, by epoch.

    A panel for each of them that the entries have.  It is of no window: a notebook shows
    it as a cell's value.  UsageError where matplotlib is not installed.
    """
    pyplot("run.plot()")
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    class Curves(Figure):
        def _repr_png_(self) -> bytes:
            content = io.BytesIO()
            self.savefig(content, format="png")
            return content.getvalue()

    names = sorted({name for entry in entries for name in entry})
    found = {panel: list(filter(matching, names)) for panel, matching in PANELS.items()}
    panels = {panel: names for panel, names in found.items() if names}
    figure = Curves(figsize=(8, 3 * len(panels)), layout="constrained")
    figure.suptitle(title)
    for place, (panel, names) in enumerate(panels.items()):
        axes = figure.add_subplot(len(panels), 1, place + 1)
        for name in names:
            points = [(entry["epoch"], entry[name]) for entry in entries if name in entry]
            axes.plot(*zip(*points, strict=True), label=_label(name), marker=".")
        axes.set(title=panel, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def _label(name: str) -> str:
    """ "test generator", "adversarial real", "class accuracy"."""
    for player in ("generator", "discriminator"):
        name = name.replace(f"{player}/loss", player)
    name = name.removeprefix("quality/").removeprefix("discriminator/")
    return name.replace("_accuracy_", " ").replace("_", " ").replace("/", " ")


PANELS = {  # which figures of an entry stand in it
    "losses": re.compile(r".*/loss").fullmatch,
    "the discriminator's accuracies": re.compile(r"discriminator/.*_accuracy_.*").fullmatch,
    "quality": re.compile(
        r"quality/(class_accuracy|recall|coverage|selection_score)"
    ).fullmatch,
}
