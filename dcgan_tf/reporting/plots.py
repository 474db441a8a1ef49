"""Figures by matplotlib: a generator's label embedding, and the curves of a run."""

import io
import re
from collections.abc import Sequence

import numpy as np

from dcgan_tf.config import resolve
from dcgan_tf.support import errors

SHOWN_POINTS = 2_000  # in the scatter
LONGEST_NAME = 20  # characters of a class
ROW_POINTS = 110  # height of a heat map, in the unit of font sizes


def pyplot(asking: str = "embedding"):
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


def embedding(plot, arrays: dict, title: str, names: list[str]):
    """The embedding and what it keeps as heat maps; latents before and after.

    names: of the classes.  Of more than 20, 20 are named and have points.
    """
    figure = plot.figure(figsize=(12, 10), layout="constrained")
    figure.suptitle(f"Label embedding: {title}")
    rows = figure.add_gridspec(3, 2, height_ratios=(1, 1, 2.4))
    table = arrays["table"]
    shown = np.array(resolve.shown_classes(len(table)))
    # A $ would begin a formula.
    named = [names[number][:LONGEST_NAME].replace("$", r"\$") for number in shown]
    most = np.abs(table).max()
    for place, values, name, style in (
        (0, table, "embedding", {"cmap": "RdBu", "vmin": -most, "vmax": most}),
        (1, arrays["kept"], "kept: |entry| / the coordinate's largest", {"vmin": 0}),
    ):
        axes = figure.add_subplot(rows[place, :])
        image = axes.imshow(values, aspect="auto", interpolation="nearest", **style)
        axes.set(title=name, xlabel="coordinate", ylabel="class")
        axes.set_yticks(shown, named, fontsize=min(10, ROW_POINTS / len(shown)))
        figure.colorbar(image, ax=axes)
    chosen = np.flatnonzero(np.isin(arrays["labels"], shown))[:SHOWN_POINTS]
    colours = np.searchsorted(shown, arrays["labels"][chosen])
    palette = "tab10" if len(shown) <= 10 else "tab20"
    for column, (points, name) in enumerate(
        zip(arrays["points"], ("latents", "what the generator is fed"), strict=True)
    ):
        axes = figure.add_subplot(rows[2, column])
        scatter = axes.scatter(*points[chosen].T, c=colours, cmap=palette, s=6)
        axes.set(title=f"{name}: two principal components")
    handles, _ = scatter.legend_elements(num=None)
    axes.legend(handles, named, title="class", loc="upper left", bbox_to_anchor=(1, 1))
    return figure
