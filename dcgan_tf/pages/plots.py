"""Charts as SVG that stands within a page and takes its colours and its font."""

import dataclasses
import io
import re
from collections.abc import Sequence

from dcgan_tf.pages.figures import Points
from dcgan_tf.support import errors

COLOURS = 8  # of curves; style.css has as many
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)))
WIDTH, HEIGHT = 4.2, 2.4  # inches of 72 units
FEW = 20  # points that have a dot each
# Stand for the colours of style.css, which are other ones in the dark.
INK, LINE, CURVE = "#010101", "#020202", "#0303{:02x}"


@dataclasses.dataclass(frozen=True)
class Curve:
    """points: (epoch, value); colour: from 0; dash: of DASHES"""

    points: Points
    colour: int
    dash: int = 0


def draw(
    title: str,
    curves: list[Curve],
    references: Sequence[tuple[float, int]] = (),
    *,
    share: bool = False,
    logarithmic: bool = False,
) -> str:
    """An <svg> element.

    references: (value, colour) of dotted lines across; share: values from 0 to 1
    """
    matplotlib = _matplotlib()
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": title,
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": LINE,
        "grid.color": LINE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
    }
    with matplotlib.rc_context(style):
        figure = matplotlib.figure.Figure((WIDTH, HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="y", linewidth=0.6)
        axes.tick_params(length=0)
        for curve in curves:
            colour = CURVE.format(curve.colour % COLOURS + 1)
            dot = "o" if len(curve.points) <= FEW else None
            axes.plot(
                *zip(*curve.points, strict=True),
                color=colour,
                linestyle=DASHES[curve.dash % len(DASHES)],
                linewidth=1.8,
                marker=dot,
                markersize=3.5,
                clip_on=False,
            )
        for value, place in references:
            axes.axhline(
                value,
                color=CURVE.format(place % COLOURS + 1),
                linestyle=":",
                linewidth=1,
            )
        axes.set_xlabel("epoch", loc="right", labelpad=1, color=INK)
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6, integer=True))
        _scale(axes, matplotlib, share=share, logarithmic=logarithmic)
        content = io.StringIO()
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    return _themed(content.getvalue(), title)


def _scale(axes, matplotlib, *, share: bool, logarithmic: bool) -> None:
    if share:
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1, decimals=0))
    elif logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    else:
        axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))


def _themed(svg: str, title: str) -> str:
    """The element alone, named for those who do not see it, in the page's colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", svg)
    for colour, name in (
        (INK, "muted"),
        (LINE, "line"),
        *((CURVE.format(number), f"s{number}") for number in range(1, COLOURS + 1)),
    ):
        svg = svg.replace(colour, f"var(--{name})")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _matplotlib():
    try:
        import matplotlib.figure
        import matplotlib.ticker
    except ImportError:
        raise errors.UsageError(
            "report: draws with matplotlib, which is not installed; pip install matplotlib"
        ) from None
    return matplotlib
