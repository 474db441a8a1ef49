"""run.plot(): a chart for what the log has, and the line where matplotlib is missing."""

import sys

import pytest

from dcgan_tf.reporting import plots
from dcgan_tf.support import errors


def test_there_is_a_chart_for_what_the_entries_have():
    """A figure that only evaluated epochs have has points at these epochs."""
    entries = [
        {"epoch": n, "step": 3 * n, "generator/loss": n * 2.0, "discriminator/loss": 1.0}
        for n in (1, 2)
    ]
    (losses,) = plots.curves(entries, "a run", "epoch").axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in losses.lines}
    assert lines == {"discriminator": [[1, 1], [2, 1]], "generator": [[1, 2], [2, 4]]}
    entries[1] |= {"quality/recall": 0.5, "discriminator/class_accuracy_real": 0.25}
    figure = plots.curves(entries, "a run", "step")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Losses", "Class", "Precision and recall"]
    (recall,) = figure.axes[2].lines
    assert (recall.get_label(), recall.get_xydata().tolist()) == ("recall", [[6, 0.5]])
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_it_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(errors.UsageError, match=r"run.plot\(\): draws with matplotlib"):
        plots.curves([{"epoch": 1, "generator/loss": 1.0}], "a run", "epoch")
