"""What the layers contract in setup.cfg cannot say of the package's structure."""

import pathlib
import re
import subprocess
import sys

import dcgan_tf
from benchmarks import shape
from dcgan_tf.__main__ import COMMANDS

PACKAGE = pathlib.Path(dcgan_tf.__file__).parent
TEXTS = {
    str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
HELPS = """
import sys
from dcgan_tf import __main__ as cli
for arguments in (*([name, "--help"] for name in sys.argv[1:]), ["train", "--version"],
                  ["train", "--batch_size=0"], ["sample", "--no_such_flag"],
                  ["train", "--dataset=./nowhere"], ["train", "--dataset=no_such_set"]):
    try:
        cli.main(arguments)
    except SystemExit:
        pass
    assert not {"tensorflow", "keras"} & sys.modules.keys(), arguments
"""


def test_help_and_wrong_flags_import_no_tensorflow():
    """An import at the top of one module would cost every such answer 5 seconds."""
    ended = subprocess.run([sys.executable, "-c", HELPS, *COMMANDS], cwd=PACKAGE.parent)
    assert ended.returncode == 0


def test_what_a_stranger_may_use_alone_knows_no_config():
    """Networks, losses, layers and batches take what they need as arguments."""
    for name, text in TEXTS.items():
        if name.split("/")[0] in ("models", "losses", "data", "support"):
            assert "config.schema" not in text, name


def test_folders_files_and_functions_are_short():
    folders = [name.rpartition("/")[0] for name in TEXTS if "/" in name]
    for folder in set(folders):
        assert folders.count(folder) <= 9, folder  # with __init__.py
    counts = shape.package_counts(PACKAGE)
    assert counts["functions over 60 lines"] == []
    assert counts["files over 300 lines"] == []


def test_no_code_branches_on_the_mode():
    """A new mode would have to be entered there."""
    branch = r"(?<!image\.)(?<!picture\.)\bmode\s*(?:==|!=|in\s*[(\[{])"  # Pillow's
    for name, text in TEXTS.items():
        assert not re.findall(branch, text), name


def test_gradient_tapes_stand_in_the_step_and_in_the_one_loss_that_is_a_gradient():
    """A tape elsewhere would move a player twice, or outside of its optimizer."""
    tapes = {name for name, text in TEXTS.items() if "tf.GradientTape" in text}
    assert tapes <= {"training/steps.py", "gans/gan.py"}
