"""The notebook in examples/ runs from top to bottom, and is kept without outputs."""

import os
import pathlib
import subprocess
import sys

import nbformat
import pytest

from dcgan_tf.data import splits
from dcgan_tf.datasets import sources
from dcgan_tf.metrics import classifier

NOTEBOOK = pathlib.Path(__file__).parent.parent / "examples" / "train_and_look.ipynb"
# In a process of its own: the client starts threads and an event loop, and warns.
EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=600).execute()
nbformat.write(notebook, sys.argv[1])
"""


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """The code cells, executed in an empty folder, with fewer epochs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(classifier, "EPOCHS", 1)
    monkeypatch.setattr(classifier, "LEAST_STEPS", 1)
    digits = sources.find("digits")
    train, test = (splits.load(digits, split) for split in ("train", "test"))
    classifier.load(digits.name, digits.spec, train, test)  # which is then in the cache
    notebook = nbformat.read(NOTEBOOK, 4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("epochs=5", "epochs=1")
        cell.source = cell.source.replace("epochs=10", "epochs=2")
    path = tmp_path / "notebook.ipynb"
    nbformat.write(notebook, path)
    package = str(NOTEBOOK.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, path.name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(path, 4).cells
    return {cell.source: cell.outputs for cell in cells if cell.cell_type == "code"}


def kinds(outputs):
    """The formats of a cell's value."""
    (value,) = [one for one in outputs if one.output_type == "execute_result"]
    return set(value.data)


def text(outputs):
    return "".join(one.text for one in outputs if one.output_type == "stream")


@pytest.mark.long
def test_the_notebook_runs_and_shows_what_it_says(executed):
    """A cell whose call was renamed, or a picture that is no longer shown."""
    names = {"grid(images", "interpolate", "morph", "class_weights", "plot"}
    shown = {
        name: outputs
        for source, outputs in executed.items()
        for name in names
        if name in source
    }
    assert shown.keys() == names
    for name, outputs in shown.items():
        assert "image/png" in kinds(outputs), name
    runs = [outputs for source, outputs in executed.items() if "dcgan_tf.train" in source]
    assert len(runs) == 2
    for epoch, outputs in enumerate(runs, 1):
        assert "image/png" in kinds(outputs)
        assert f"complete: {epoch} epoch" in text(outputs)
    assert "epoch 1: generator " in text(runs[0])
    measured = next(text(o) for source, o in executed.items() if "evaluate" in source)
    assert "class_accuracy  generated 0." in measured
    assert "Traceback" not in "".join(map(text, executed.values()))


def test_the_notebook_is_kept_without_outputs():
    for cell in nbformat.read(NOTEBOOK, 4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
