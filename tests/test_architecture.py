"""What the layers contract in pyproject.toml cannot say of the package's structure."""

import pathlib
import re
import subprocess
import sys

import pytest

import dcgan_tf

PACKAGE = pathlib.Path(dcgan_tf.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
COMMANDS = (
    *("main", "sample", "evaluate", "export", "compare", "playground"),
    "report",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_no_tensorflow(command):
    """In a process of its own: imports within functions and of others count, too."""
    code = (
        f"import sys; from dcgan_tf import {command} as c; from dcgan_tf.cli import flags; "
        "flags.run(c.main, c.define_flags(), c.__doc__, ['--help']); "
        "sys.exit(bool({'tensorflow', 'keras'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("folder", ["models", "losses", "metrics", "data", "support"])
def test_what_a_stranger_may_use_alone_knows_no_config(folder):
    """Networks, losses, layers and metrics take what they need as arguments."""
    for path in (PACKAGE / folder).glob("*.py"):
        assert "config.schema" not in path.read_text(encoding="utf-8"), path.name


def test_a_folder_has_at_most_eight_modules():
    for folder in {path.parent for path in MODULES} - {pathlib.Path()}:
        modules = [path for path in MODULES if path.parent == folder]
        assert len(modules) <= 9, folder  # with __init__.py


def test_no_code_branches_on_the_mode():
    for module in MODULES:
        branches = re.findall(
            r"mode\s*(?:==|!=|in\s*[(\[{])",
            (PACKAGE / module).read_text(encoding="utf-8"),
        )
        assert not branches, module


def test_gradient_tapes_stand_in_the_step_and_in_the_one_loss_that_is_a_gradient():
    having = {
        str(module)
        for module in MODULES
        if "tf.GradientTape" in (PACKAGE / module).read_text(encoding="utf-8")
    }
    assert having == {"training/updates.py", "losses/penalties.py"}
