"""The drawing of the package in BUILD.md, kept true."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

import dcgan_tf

PACKAGE = pathlib.Path(dcgan_tf.__file__).parent

# A module imports only what stands before it.
ORDER = """
__init__ errors files engine recipes config bounds settings datasets saves runs plan
milestones pictures collapse metrics command signals progress data losses layers parts
compact networks gans state step checkpoint drawing held_out history trained classifier
evaluation report summary train probing main sample embedding evaluate export
""".split()

# These answer --help, --dry_run's first checks and every wrong use without TensorFlow.
FRONT = """
__init__ errors files engine recipes config bounds settings datasets saves runs plan
milestones pictures collapse metrics command main sample embedding evaluate export
""".split()


def module_imports(name):
    """(package, module of this package or None) of each import at a module's top level."""
    tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], None
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".")
            if node.module == "dcgan_tf":
                for alias in node.names:
                    yield "dcgan_tf", alias.name
            else:
                yield parts[0], parts[1] if parts[0] == "dcgan_tf" else None


def test_every_module_has_its_place():
    assert {path.stem for path in PACKAGE.glob("*.py")} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_imports_flow_one_way(name):
    own = {module for package, module in module_imports(name) if package == "dcgan_tf"}
    assert own - {None} <= set(ORDER[: ORDER.index(name)])


@pytest.mark.parametrize("name", FRONT)
def test_the_front_is_free_of_tensorflow(name):
    heavy = {"tensorflow", "keras", "tensorflow_datasets", "sklearn"}
    assert not heavy & {package for package, _ in module_imports(name)}
    own = {module for package, module in module_imports(name) if package == "dcgan_tf"}
    assert own - {None} <= set(FRONT)


@pytest.mark.parametrize("command", ["main", "sample", "embedding", "evaluate", "export"])
def test_help_imports_no_tensorflow(command):
    """In a process of its own: imports within functions and of others count, too."""
    code = (
        f"import sys; from dcgan_tf import command, {command} as c; "
        "command.run(c.main, c.define_flags(), c.__doc__, ['--help']); "
        "sys.exit(bool({'tensorflow', 'keras'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0


def test_no_code_branches_on_the_mode():
    for path in PACKAGE.glob("*.py"):
        branches = re.findall(
            r"mode\s*(?:==|!=|in\s*[(\[{])", path.read_text(encoding="utf-8")
        )
        assert not branches, path.name


def test_gradient_tapes_stand_in_the_step_and_in_the_one_loss_that_is_a_gradient():
    for path in PACKAGE.glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert ("tf.GradientTape" in code) == (path.stem in ("step", "losses")), path.name
