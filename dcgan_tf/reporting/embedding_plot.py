"""The figure of a generator's label embedding."""

import numpy as np

from dcgan_tf.config import resolve
from dcgan_tf.support import errors

SHOWN_POINTS = 2_000  # in the scatter
LONGEST_NAME = 20  # characters of a class
ROW_POINTS = 110  # height of a heat map, in the unit of font sizes


def pyplot():
    try:
        import matplotlib
    except ImportError:
        raise errors.UsageError(
            "embedding: draws with matplotlib, which is not installed; "
            "pip install matplotlib"
        ) from None
    matplotlib.use("Agg")
    import matplotlib.pyplot

    return matplotlib.pyplot


def draw(plot, arrays: dict, title: str, names: list[str]):
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
