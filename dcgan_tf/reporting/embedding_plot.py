"""The figure of a generator's label embedding."""

import numpy as np

from dcgan_tf.support import errors

SHOWN = 2_000  # points in the scatter


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


def draw(plot, arrays: dict, title: str):
    """The embedding and what it keeps as heat maps; latents before and after."""
    figure = plot.figure(figsize=(12, 10), layout="constrained")
    figure.suptitle(f"Label embedding: {title}")
    rows = figure.add_gridspec(3, 2, height_ratios=(1, 1, 2.4))
    table = arrays["table"]
    most = np.abs(table).max()
    for place, values, name, style in (
        (0, table, "embedding", {"cmap": "RdBu", "vmin": -most, "vmax": most}),
        (1, arrays["kept"], "kept: |entry| / the coordinate's largest", {"vmin": 0}),
    ):
        axes = figure.add_subplot(rows[place, :])
        image = axes.imshow(values, aspect="auto", interpolation="nearest", **style)
        axes.set(title=name, xlabel="coordinate", ylabel="class")
        axes.set_yticks(range(len(table)))
        figure.colorbar(image, ax=axes)
    labels = arrays["labels"][:SHOWN]
    for column, (points, name) in enumerate(
        zip(arrays["points"], ("latents", "what the generator is fed"), strict=True)
    ):
        axes = figure.add_subplot(rows[2, column])
        scatter = axes.scatter(*points[:SHOWN].T, c=labels, cmap="tab10", s=6)
        axes.set(title=f"{name}: two principal components")
    entries = scatter.legend_elements(num=None)
    axes.legend(*entries, title="class", loc="upper left", bbox_to_anchor=(1, 1))
    return figure
