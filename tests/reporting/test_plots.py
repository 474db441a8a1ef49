"""Figures by matplotlib, and the line where it is not installed."""

import sys

import pytest

from dcgan_tf.reporting import plots
from dcgan_tf.support import errors


def test_curves_have_a_panel_for_what_the_entries_have():
    """A figure that is not in every entry has points where it is."""
    entries = [
        {"epoch": n, "generator/loss": n * 2.0, "discriminator/loss": 1.0} for n in (1, 2)
    ]
    (losses,) = plots.curves(entries, "a run").axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in losses.lines}
    assert lines == {"discriminator": [[1, 1], [2, 1]], "generator": [[1, 2], [2, 4]]}
    entries[1] |= {"quality/recall": 0.5, "discriminator/class_accuracy_real": 0.25}
    figure = plots.curves(entries, "a run")
    _, accuracies, quality = figure.axes
    assert [line.get_label() for line in accuracies.lines] == ["class real"]
    assert quality.lines[0].get_xydata().tolist() == [[2, 0.5]]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_it_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(errors.UsageError, match=r"run.plot\(\): draws with matplotlib"):
        plots.curves([{"epoch": 1, "generator/loss": 1.0}], "a run")
