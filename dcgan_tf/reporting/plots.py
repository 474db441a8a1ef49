"""The charts of a run, by matplotlib, which a user installs for `run.plot()`."""

import io
from collections.abc import Mapping, Sequence

from dcgan_tf.metrics.figures import CHARTS, points
from dcgan_tf.support import errors


def curves(entries: Sequence[Mapping[str, float]], title: str, unit: str):
    """Draws those of CHARTS that a run's log entries have curves for, in two columns.

    The Figure belongs to no window: a notebook shows it as a cell's value.  UsageError
    where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise errors.UsageError(
            "run.plot(): draws with matplotlib, which is not installed; "
            "pip install matplotlib"
        ) from None

    class Curves(Figure):
        def _repr_png_(self) -> bytes:
            content = io.BytesIO()
            self.savefig(content, format="png")
            return content.getvalue()

    panels = {}
    for chart in CHARTS:
        lines = {label: points(entries, key, unit) for label, key in chart.curves.items()}
        if any(lines.values()):
            panels[chart.title] = lines
    rows = -(-len(panels) // 2)
    figure = Curves(figsize=(10, 3 * rows), layout="constrained")
    figure.suptitle(title)
    for place, (heading, lines) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(rows, 2, place, title=heading, xlabel=unit)
        for label, line in lines.items():
            if line:
                axes.plot(*zip(*line, strict=True), label=label, marker=".")
        axes.locator_params("x", integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure
