"""The notebook in examples/ runs from top to bottom, and is kept without outputs."""

import os
import pathlib
import subprocess
import sys

import nbformat
import pytest

NOTEBOOK = pathlib.Path(__file__).parent.parent / "examples" / "train_and_look.ipynb"
# In a process of its own: the client starts threads and an event loop, and warns.
EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=1200).execute()
nbformat.write(notebook, sys.argv[1])
"""


def text(outputs):
    return "".join(output.text for output in outputs if output.output_type == "stream")


@pytest.mark.long
def test_the_notebook_runs_and_shows_what_it_says(tmp_path):
    """A cell whose call was renamed, or a picture that is no longer shown."""
    notebook = nbformat.read(NOTEBOOK, 4)
    for cell in notebook.cells:
        for more, fewer in (("epochs=5", "epochs=1"), ("epochs=10", "epochs=2")):
            cell.source = cell.source.replace(more, fewer)
    path = tmp_path / "notebook.ipynb"
    nbformat.write(notebook, path)
    environment = {"PYTHONPATH": str(NOTEBOOK.parent.parent), "XDG_CACHE_HOME": "cache"}
    command = [sys.executable, "-c", EXECUTE, path.name]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **environment}, check=True)
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    for name in ("grid(images", "interpolate", "morph", "class_weights", "plot"):
        outputs = next(cell.outputs for cell in cells if name in cell.source)
        (value,) = [one for one in outputs if one.output_type == "execute_result"]
        assert "image/png" in value.data, name
    runs = [text(cell.outputs) for cell in cells if "dcgan_tf.train" in cell.source]
    assert ["complete: 1 epoch" in runs[0], "complete: 2 epoch" in runs[1]] == [True, True]
    measured = next(text(cell.outputs) for cell in cells if "evaluate" in cell.source)
    assert "class_accuracy  generated 0." in measured
    assert not any("Traceback" in text(cell.outputs) for cell in cells)


def test_the_notebook_is_kept_without_outputs():
    """Outputs of one machine would change with each commit."""
    for cell in nbformat.read(NOTEBOOK, 4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
